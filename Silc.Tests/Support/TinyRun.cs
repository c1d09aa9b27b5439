namespace Silc.Tests;

/// <summary>A model of a few thousand parameters and its trainer, on batches of noise.</summary>
sealed class TinyRun : IDisposable
{
    public static readonly SilcConfig Config = new(
        new(Width: 32, Depth: 1, Heads: 2, MlpDim: 48), new(Width: 24, Depth: 1, Heads: 2, MlpDim: 40), ImageSize: 16, PatchSize: 8, TextLength: 5,
        VocabSize: 50, Head: new(Hidden: 20, Bottleneck: 12, Prototypes: 40), Views: new(Global: 2, Local: 2, LocalSize: 8));

    /// <summary>Constant learning rate, no clipping.</summary>
    public static readonly TrainConfig Recipe = new(
        BatchSize: 4, TotalSteps: 100, LearningRate: 3e-3, ClipNorm: 0, Schedule: new(ScheduleKind.Constant), EmaMomentum: 0.9);

    public TinyRun(string device, TrainConfig? recipe = null, SilcConfig? config = null, int seed = 1, Tokenizer? tokenizer = null)
    {
        Model = SilcModel.Create(TestDevices.Open(device), config ?? Config, seed, tokenizer);
        try
        {
            Trainer = new(Model, recipe ?? Recipe);
        }
        catch
        {
            Model.Dispose();
            throw;
        }
    }

    /// <summary>Ends captions by 1, and pads with 0.</summary>
    public static readonly Tokenizer Words = new WordTokenizer(50);

    public SilcModel Model { get; }

    public Trainer Trainer { get; }

    public Teacher Teacher => Trainer.Teacher!;

    /// <summary>The batch of that number: always the same.</summary>
    public Batch Batch(int number)
    {
        var random = new Random(number);
        var batch = new Batch(Model.Config, Trainer.Config.BatchSize);
        Shapes(batch, random);
        foreach (var pixels in new[] { batch.Global, batch.Local, batch.Plain, batch.Anchor })
            for (int i = 0; i < pixels.Length; i++) pixels[i] = random.NextSingle() * 2 - 1;
        foreach (var tokens in new[] { batch.Tokens, batch.SecondTokens })
            for (int i = 0; i < tokens.Length; i++) tokens[i] = random.Next(Model.Config.VocabSize);
        Locate(batch, Model.Config, random);
        return batch;
    }

    /// <summary>Located captions, where a batch has them: of two images in three, and of all images the caption.</summary>
    public static void Locate(Batch batch, SilcConfig config, Random random)
    {
        int length = config.Views.Located;
        for (int row = 0; row < (length == 0 ? 0 : batch.Located.Length / length); row++)
        {
            var none = row >= batch.Size && random.Next(3) == 0;
            for (int t = 0; t < length; t++) batch.Located[row * length + t] = none ? LocatedTexts.None : random.Next(config.VocabSize);
        }
    }

    /// <summary>Images of other shapes each, where a batch takes them so.</summary>
    public static void Shapes(Batch batch, Random random)
    {
        for (int i = 0; i < (batch.Packed?.Count ?? 0); i++)
            batch.Packed!.Fill(i, Images.Noise(8 + random.Next(40), 8 + random.Next(40), random.Next()), ImageRule.Own);
    }

    public StepMetrics Step(Batch batch)
    {
        Trainer.Step(batch);
        return Trainer.ReadMetrics();
    }

    /// <summary>Steps with the batches of these numbers.</summary>
    public TinyRun Steps(params IEnumerable<int> numbers)
    {
        foreach (var number in numbers) Trainer.Step(Batch(number));
        return this;
    }

    public float[] Read(Tensor tensor) => Model.Device.Download(tensor.View.SubView(0, tensor.Count));

    /// <summary>Everything that a run carries from step to step: student, teacher, center and moments, as its checkpoint has them.</summary>
    public IReadOnlyDictionary<string, float[]> State()
    {
        using var folder = new TemporaryFolder();
        Trainer.Save(folder.File("state.safetensors"));
        // The checksum covers the configuration, which two runs of the same numbers may differ in.
        return Safetensors.Read(folder.File("state.safetensors")).Arrays.Where(entry => entry.Key != Seal.Name)
            .ToDictionary(entry => entry.Key, entry => entry.Value.Floats());
    }

    /// <summary>Fails unless both have the same arrays to the last bit.</summary>
    public static void SameBits(IReadOnlyDictionary<string, float[]> expected, IReadOnlyDictionary<string, float[]> actual)
    {
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (name, values) in expected) Close.Bits(values, actual[name], name);
    }

    public void Dispose()
    {
        Trainer.Dispose();
        Model.Dispose();
    }
}
