namespace Silc;

/// <summary>
/// Captions as a decoder reads and says them, on the device, in one of two places beside their batch (<see cref="BatchUpload"/>), slice by slice; and
/// located captions, where there are some, which take the captions' place in the steps in which they run. Threads: one at a time.
/// </summary>
sealed class CaptionUpload : IDisposable
{
    static readonly string[] kinds = [LocatedTexts.Referred, LocatedTexts.Grounded];

    readonly Device device;
    readonly CaptionLabels labels;
    readonly TrainConfig train;
    readonly ViewConfig views;
    readonly double each;
    readonly DecoderTexts plain;
    readonly DecoderTexts? located;

    /// <exception cref="ArgumentException">Where captions end is not known; the message says what to do.</exception>
    public CaptionUpload(SilcModel model, TrainConfig train, int ranks)
    {
        (device, this.train, views) = (model.Device, train, model.Config.Views);
        labels = new(model.Tokenizer, model.Config.VocabSize);
        int slices = train.Accumulate, size = train.BatchSize / ranks / slices;
        each = 1.0 / ((double)train.BatchSize * views.Captioned);
        plain = new(device, slices, parts: 1, size, model.Config.TextLength);
        try
        {
            if (train.LocatedWeight > 0 && views.Located > 0) located = new(device, slices, LocatedTexts.Parts(views), size, views.Located);
        }
        catch
        {
            plain.Dispose();
            throw;
        }
    }

    /// <summary>All tokens of a caption are said at once in the step at hand; those of a box never are.</summary>
    public bool AtOnce { get; set; }

    /// <summary>The texts of a slice in a place, by their part.</summary>
    public Func<int, CaptionSlice> Of(int place, int slice, bool isLocated) =>
        part => (isLocated ? located! : plain).Of(place, slice, part, atOnce: AtOnce && part == 0);

    /// <summary>Draws how the captions of a step are said, and copies them into a place that no queued step uses.</summary>
    public void Send(int place, long step, Batch batch, bool isLocated)
    {
        AtOnce = DataStreams.Decoder(train.Seed, step).NextDouble() < train.DecoderParallel;
        if (!isLocated) plain.Send(labels, place, 0, batch.Tokens, AtOnce, each);
        else SendLocated(place, batch);
        device.WaitForCopies();
    }

    void SendLocated(int place, Batch batch)
    {
        Part(0, LocatedTexts.Caption);
        for (int view = 0; view < views.Captioned; view++)
            foreach (var (kind, words) in kinds.Index()) Part(LocatedTexts.Part(view) + kind, words);

        void Part(int part, string words)
        {
            int count = batch.Size * views.Located;
            located!.Send(labels, place, part, batch.Located.AsSpan(part * count, count), AtOnce && part == 0, each,
                labels.InFront(words, views.Located));
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        plain.Dispose();
        located?.Dispose();
    }
}
