namespace Silc;

/// <summary>
/// Trains a head that writes on frozen features: AdamW, a cosine after a warm-up of a twentieth of the steps, cross-entropy of every word and end of
/// a caption or of an answer; a question is read and not learned. With a folder it leaves checkpoints and <c>head.safetensors</c>; a run that goes
/// on from a checkpoint ends with the bits of one that was left alone.
/// </summary>
/// <example>
/// <code>
/// using var examples = DecoderExamples.OfQuestions(model, new VqaSource("v2_OpenEnded_mscoco_train2014_questions.json"));
/// using var head = DecoderHead.Create(model, examples, leastUses: 5);
/// using var run = new DecoderRun(head, examples, new HeadTrainConfig(Steps: 5000, BatchSize: 64, LearningRate: 1e-3));
/// run.Run(report => Console.WriteLine($"{report.Step}: {report.Loss:F3}"), reportEvery: 50);
/// </code>
/// </example>
/// <remarks>Threads: one calls <see cref="Run"/>; meanwhile others may use the model.</remarks>
public sealed class DecoderRun : IDisposable
{
    const int WarmupPart = 20;

    readonly DecoderHead head;
    readonly DecoderExamples examples;
    readonly DecoderUpload upload;
    readonly HeadLoop loop;
    readonly HeadTrainConfig train;
    readonly int seed;

    /// <summary>Measures and allocates the memory of a step.</summary>
    /// <param name="head">Is trained in place, and not disposed.</param>
    /// <param name="examples">Those that it was made for; they are not disposed.</param>
    /// <param name="config">How it is trained; its loss is that of words.</param>
    /// <param name="folder">Of <see cref="RunFolder.ForHead"/>; null writes nothing. It is not disposed.</param>
    /// <exception cref="ArgumentException">A value does not fit, or the checkpoint to go on from is of another training.</exception>
    public DecoderRun(DecoderHead head, DecoderExamples examples, HeadTrainConfig config, RunFolder? folder = null)
    {
        (this.head, this.examples, train, seed) = (head, examples, config.Check(), config.Seed);
        train.RequireNoDetection();
        Require.That(examples.IsKept || train.IsAugmented,
            "the examples were read for a training that sees parts of images or mirrors them, and keep no features: read them for this one");
        var told = head.Description;
        Require.That(told.Kind == examples.Kind && told.Resolution == examples.Resolution && head.Model == examples.Model,
            "the head was made for other examples: make one by DecoderHead.Create with these");
        var start = HeadLoop.Start(head, config, examples.Data, folder);
        var device = head.Model.Device;
        using (head.Model.Exclusive())
            upload = new(device, Math.Min(config.BatchSize, examples.Count), told.Decoder!.Length, examples.Places, told.Width);
        try
        {
            loop = new(head, config, config.Optimizer with { Schedule = new(ScheduleKind.Cosine, config.Steps / WarmupPart) }, examples.Data, folder,
                start, examples.Count, (pass, loss) => head.Step(pass, upload.Measuring, loss), Queue, examples.KeyOf);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Steps done.</summary>
    public long Steps => head.Steps;

    /// <summary>Trains to the last step, or until <paramref name="stop"/> asks; can be called again to go on.</summary>
    /// <param name="report">Is told every <paramref name="reportEvery"/> steps, and at the end.</param>
    /// <param name="reportEvery">Steps between reports.</param>
    /// <param name="stop">Ends the run with the step at hand.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient was not finite; the message names step and images.</exception>
    /// <exception cref="IOException">A checkpoint could not be written.</exception>
    /// <exception cref="ArgumentException"><paramref name="reportEvery"/> is not positive.</exception>
    public RunEnd Run(Action<HeadReport>? report = null, int reportEvery = 10, CancellationToken stop = default) =>
        loop.Run(report, reportEvery, stop);

    // One of an image's captions, or of a question's answers, is drawn each time: of ten people who do not agree, each has a tenth.
    void Queue(Pass pass, long epoch, IReadOnlyList<int> samples, Tensor loss)
    {
        var (vocabulary, told) = (head.Vocabulary, head.Description);
        var chosen = samples.Select(index =>
        {
            var (question, texts) = examples.Texts(index);
            return (Question: question, Text: texts[DataStreams.Caption(seed, epoch, index).NextInt(texts.Count)]);
        }).ToList();
        var rows = chosen.Select(one =>
            (DecoderRows.Prompt(vocabulary, told.Kind, one.Question, told.Decoder!.Length), vocabulary.Encode(one.Text))).ToList();
        var (tokens, labels, _) = DecoderRows.Of(rows, told.Decoder!.Length);
        var features = !train.IsAugmented ? examples.Features(samples)
            : examples.Features(samples, [.. chosen.Select(one => TellsSides(one.Question.Concat(one.Text)))], train, head.Steps);
        head.Step(pass, upload.Send(features, tokens, labels, samples.Count), loss);
    }

    /// <summary>True for words that are of another image once that is mirrored.</summary>
    internal static bool TellsSides(IEnumerable<string> words) =>
        words.Any(word => word.StartsWith("left", StringComparison.Ordinal) || word.StartsWith("right", StringComparison.Ordinal));

    /// <summary>Frees what training needs; head and examples stay.</summary>
    public void Dispose()
    {
        using var exclusive = head.Model.Device.ExclusiveForRelease();
        // Null if the constructor failed.
        loop?.Dispose();
        upload?.Dispose();
    }
}
