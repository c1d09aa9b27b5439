using SkiaSharp;

namespace Silc.Tests;

[TestClass]
public sealed class ClassifyTests : TempFolder
{
    static readonly string[] Labels = ["a cat", "a dog", "a house", "a tree"];

    [TestMethod]
    [DataRow(ContrastiveKind.Softmax), DataRow(ContrastiveKind.Sigmoid)]
    public void Labels_come_best_first_with_the_cosines_and_probabilities_of_the_model(ContrastiveKind kind)
    {
        using var model = Model(kind);
        RgbImage[] images = [Images.Noise(20, 30, 1), Images.Noise(40, 16, 2)];
        var found = model.Classify(images, Labels, Prompts.NameOnly);
        var cosines = model.EmbedImages(images).Similarities(model.EmbedTexts(Labels));
        for (int i = 0; i < images.Length; i++)
        {
            double[] logits = [.. cosines[i].ToArray().Select(cosine => model.Temperature * cosine)];
            double Probability(int label) => kind == ContrastiveKind.Sigmoid ? 1 / (1 + Math.Exp(-(logits[label] + model.Config.BiasInit)))
                : Math.Exp(logits[label]) / logits.Sum(Math.Exp);
            int[] order = [.. Enumerable.Range(0, Labels.Length).OrderByDescending(label => cosines[i, label])];
            CollectionAssert.AreEqual(order.Select(label => Labels[label]).ToArray(), found[i].Select(one => one.Label).ToArray());
            foreach (var (label, score, probability) in found[i])
            {
                int k = Array.IndexOf(Labels, label);
                Assert.AreEqual(cosines[i, k], score, 1e-6);
                Assert.AreEqual(Probability(k), probability, 1e-6);
            }
            CollectionAssert.AreEqual(found[i].ToArray(), model.Classify(images[i], Labels, Prompts.NameOnly).ToArray());
        }
        Assert.Contains("classes", Assert.ThrowsExactly<ArgumentException>(() => model.Classify(images[0], [])).Message);
    }

    [TestMethod]
    public void Templates_are_filled_with_the_labels()
    {
        using var model = Model();
        var image = Images.Noise(20, 30, 1);
        var named = model.Classify(image, ["cat", "dog"]);
        var whole = model.Classify(image, ["a photo of a cat", "a photo of a dog"], Prompts.NameOnly);
        CollectionAssert.AreEqual(whole.Select(one => one.Score).ToArray(), named.Select(one => one.Score).ToArray());
    }

    [TestMethod]
    public void A_file_its_bytes_a_stream_of_them_and_a_bitmap_give_the_same_row()
    {
        using var model = Model();
        var image = Images.Noise(20, 30, 1);
        ImageFile.Write(At("a.png"), image);
        var (bytes, expected) = (File.ReadAllBytes(At("a.png")), model.EmbedImages([image]).Values.ToArray());
        using var bitmap = SKBitmap.Decode(bytes);
        using var bgra = bitmap.Copy(SKColorType.Bgra8888);
        using var stream = new Trickle(bytes);
        Assert.AreEqual(model.Config.EmbedDim, expected.Length);
        foreach (var (name, row) in new (string, Vectors)[]
        {
            ("image", model.EmbedImage(image)), ("path", model.EmbedImage(At("a.png"))), ("bytes", model.EmbedImage(bytes)),
            ("stream", model.EmbedImage(stream)), ("bitmap", model.EmbedImage(bitmap)), ("bgra", model.EmbedImage(bgra)),
        }) Close.Bits(expected, row.Values.ToArray(), name);
        Assert.Contains("the image: 3 bytes", Assert.ThrowsExactly<InvalidDataException>(() => model.EmbedImage(new byte[] { 1, 2, 3 })).Message);
        Assert.Contains("no.png", Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Read(new MemoryStream([1, 2, 3]), "no.png")).Message);
        Assert.ThrowsExactly<ArgumentException>(() => RgbImage.From(new SKBitmap()));
    }

    [TestMethod]
    public void A_bitmap_with_premultiplied_alpha_gets_its_colours_back()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(1, 1, SKColorType.Bgra8888, SKAlphaType.Premul));
        bitmap.SetPixel(0, 0, new SKColor(200, 100, 0, 128));
        var image = RgbImage.From(bitmap);
        foreach (var (expected, value) in new[] { 200, 100, 0, 128 }.Zip(image.Rgba)) Assert.AreEqual(expected, value, 1.0);
    }

    [TestMethod]
    public void Batches_of_other_sizes_give_the_same_rows()
    {
        using var model = Model();
        RgbImage[] images = [.. Enumerable.Range(0, 70).Select(i => Images.Noise(9, 9, i))];
        var expected = model.EmbedImages(images).Values.ToArray();
        var patches = model.EmbedPatches(images).Values.ToArray();
        foreach (int size in new[] { 1, 7, 300 })
        {
            model.BatchSize = size;
            Close.To(expected, model.EmbedImages(images).Values.ToArray(), Close.Chained, $"batches of {size}");
            Close.To(patches, model.EmbedPatches(images).Values.ToArray(), Close.Chained, $"patches in batches of {size}");
            var pieces = model.EmbedPieces(new Given(images)).Select(piece => piece.Count).ToList();
            Assert.AreEqual(Math.Min(size, 70), pieces.Max());
            Assert.AreEqual((70 + size - 1) / size, pieces.Count);
        }
        Assert.Contains("batch size", Assert.ThrowsExactly<ArgumentException>(() => model.BatchSize = 0).Message);
    }

    static SilcModel Model(ContrastiveKind kind = ContrastiveKind.Softmax)
    {
        var config = TinyRun.Config with { VocabSize = 258, TextLength = 24, Contrastive = kind };
        return SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 1, new ByteTokenizer());
    }

    sealed class Given(RgbImage[] images) : IImageTextSource
    {
        public string Name => "given";

        public int Count => images.Length;

        public ImageTextPair Read(int index) => new($"{index}", images[index], []);
    }

    // As a connection gives them: a few at a time, without a length.
    sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
