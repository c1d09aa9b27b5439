using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Captions as a decoder reads and says them, on the device, in one of two places beside their batch (<see cref="BatchUpload"/>), slice by slice.
/// Threads: one at a time.
/// </summary>
sealed class CaptionUpload : IDisposable
{
    const int Places = 2, Lists = 3;

    readonly Device device;
    readonly CaptionLabels labels;
    readonly TrainConfig train;
    readonly int slices, size, length;
    readonly double each;
    readonly MemoryBuffer1D<int, Stride1D.Dense> integers;
    readonly MemoryBuffer1D<float, Stride1D.Dense> weights;

    /// <exception cref="ArgumentException">Where captions end is not known; the message says what to do.</exception>
    public CaptionUpload(SilcModel model, TrainConfig train, int ranks)
    {
        (device, this.train, slices, length) = (model.Device, train, train.Accumulate, model.Config.TextLength);
        labels = new(model.Tokenizer, model.Config.VocabSize);
        size = train.BatchSize / ranks / slices;
        each = 1.0 / ((double)train.BatchSize * model.Config.Views.Captioned);
        integers = device.Allocate<int>((long)Places * slices * Lists * size * length, "captions to say");
        try
        {
            weights = device.Allocate((long)Places * slices * size * length, "weights of tokens");
        }
        catch
        {
            device.Free(integers);
            throw;
        }
    }

    /// <summary>All tokens of a caption are said at once in the step at hand.</summary>
    public bool AtOnce { get; set; }

    /// <summary>A slice of the captions in a place.</summary>
    public CaptionSlice this[int place, int slice]
    {
        get
        {
            int count = size * length, at = place * slices + slice;
            ArrayView<int> List(int list) => integers.View.AsContiguous().SubView(((long)at * Lists + list) * count, count);
            return new(new(List(0), List(1), size), List(2), new(weights.View.AsContiguous().SubView((long)at * count, count), count, 1), AtOnce);
        }
    }

    /// <summary>Draws how the captions of a step are said, and copies them into a place that no queued step uses.</summary>
    public void Send(int place, long step, int[] tokens)
    {
        AtOnce = DataStreams.Decoder(train.Seed, step).NextDouble() < train.DecoderParallel;
        for (int slice = 0; slice < slices; slice++)
        {
            var to = this[place, slice];
            var (inputs, said, each) = labels.Of(tokens.AsSpan(slice * size * length, size * length), length, AtOnce, this.each);
            device.UploadOnCopyStream<int>(inputs, to.Tokens.Ids);
            device.UploadOnCopyStream<int>(TokenBatch.Sort(inputs), to.Tokens.Order);
            device.UploadOnCopyStream<int>(said, to.Labels);
            device.UploadOnCopyStream<float>(each, to.Weights.View);
        }
        device.WaitForCopies();
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        device.Free(integers);
        device.Free(weights);
    }
}
