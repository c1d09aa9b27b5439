namespace Silc.Tests;

/// <summary>Small models, sets and golden values for tests of heads.</summary>
static class HeadTest
{
    /// <summary>A model of two blocks on a grid of 4 x 4, with a tokenizer.</summary>
    public static SilcModel Model(string device, int seed = 3)
    {
        var config = TinyRun.Config with { Image = new(Width: 32, Depth: 3, Heads: 2, MlpDim: 48), ImageSize = 32, VocabSize = 258 };
        return SilcModel.Create(TestDevices.Open(device), config, seed, new ByteTokenizer());
    }

    /// <summary>Pictures of noise whose halves are of two of three classes; in some a part does not count.</summary>
    public sealed class Halves(int count, int size = 24) : ISegmentationSource
    {
        public string Name => "halves";

        public int Count => count;

        public ClassList Classes { get; } = ClassList.Of(["red", "green", "blue"]);

        public bool HasBackground => false;

        public SegmentedImage Read(int index)
        {
            var image = Images.Noise(size, size, index);
            int[] labels = [.. Enumerable.Range(0, size * size).Select(i => index % 3 == 1 && i / size < size / 4 ? -1
                : (index + (i % size < size / 2 ? 0 : 1)) % 3)];
            for (int i = 0; i < labels.Length; i++)
                for (int c = 0; c < 3; c++) image.Rgba[4 * i + c] = (byte)(image.Rgba[4 * i + c] / 4 + (labels[i] == c ? 180 : 0));
            return new($"half {index}", image, new(size, size, labels));
        }
    }

    /// <summary>Parameters with values of ordinary size: initial zeros would hide mistakes.</summary>
    public static void Spread(SegmentationHead head, int seed = 1)
    {
        var random = new Random(seed);
        foreach (var p in head.Parameters.All)
            head.Model.Device.Upload<float>([.. Enumerable.Range(0, p.Count).Select(_ => random.NextSingle() - 0.5f)], p.Value.View);
    }

    /// <summary>Golden arrays by name.</summary>
    public static Dictionary<string, float[]> Golden(string name) =>
        Npz.Read(Path.Combine(AppContext.BaseDirectory, "Golden", "heads", $"{name}.npz"))
            .ToDictionary(entry => entry.Key, entry => entry.Value.Floats());

    /// <summary>Sets the parameters to the golden ones; each must be there, in its size.</summary>
    public static void Load(Parameters parameters, IReadOnlyDictionary<string, float[]> golden)
    {
        string[] names = [.. golden.Keys.Where(key => key.StartsWith("param:", StringComparison.Ordinal)).Select(key => key["param:".Length..])];
        CollectionAssert.AreEquivalent(names, parameters.All.Select(p => p.Name).ToArray());
        foreach (var p in parameters.All)
        {
            Assert.HasCount(p.Count, golden[$"param:{p.Name}"], p.Name);
            parameters.Device.Upload<float>(golden[$"param:{p.Name}"], p.Value.View);
        }
    }

    /// <summary>Compares all gradients with the golden ones, and one that PyTorch left out with 0.</summary>
    public static void CheckGradients(Parameters parameters, IReadOnlyDictionary<string, float[]> golden, double tolerance)
    {
        // Relative to all: a bias that a softmax does not feel has a gradient of rounding alone.
        var size = Math.Sqrt(golden.Where(entry => entry.Key.StartsWith("grad:", StringComparison.Ordinal))
            .Sum(entry => entry.Value.Sum(v => (double)v * v)));
        foreach (var p in parameters.All)
        {
            var expected = golden.GetValueOrDefault($"grad:{p.Name}") ?? new float[p.Count];
            var actual = parameters.Device.Download(p.Grad.View.SubView(0, p.Count));
            if (expected.Max(Math.Abs) < 1e-7 * size) Assert.IsLessThan(1e-5 * size, actual.Max(Math.Abs), p.Name);
            else Close.To(expected, actual, tolerance, $"gradient of {p.Name}");
        }
    }
}
