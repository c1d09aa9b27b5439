using System.Collections.Concurrent;

namespace Silc.Tests;

/// <summary>Images that are read ahead of the device come back in their order, and no more of them are in memory than two blocks.</summary>
[TestClass]
public sealed class EmbedImagesTests : TempFolder
{
    const int Count = 2 * 256 + 7, Size = 16;

    [TestMethod]
    public void Every_way_to_give_images_gives_the_rows_of_their_pixels()
    {
        using var model = Model();
        var source = new Noise(Count);
        var pixels = new float[Count * Size * Size * 3];
        for (int i = 0; i < Count; i++)
            ViewSampler.EvalPixels(source.Read(i).Image, Size, pixels.AsSpan(i * Size * Size * 3, Size * Size * 3), EvalCrop.Center);
        float[] expected = [.. model.EmbedPixels(pixels).Values.Span];
        var seen = new ConcurrentBag<int>();
        Close.Bits(expected, [.. model.EmbedImages(source, EvalCrop.Center, (i, pair) =>
        {
            Assert.AreEqual($"{i}", pair.Key);
            seen.Add(i);
        }).Values.Span], "a source");
        CollectionAssert.AreEqual(Enumerable.Range(0, Count).ToArray(), seen.Order().ToArray());
        Close.Bits(expected, [.. model.EmbedImages(Enumerable.Range(0, Count).Select(i => source.Read(i).Image), EvalCrop.Center).Values.Span],
            "a sequence");
        Assert.AreEqual(0, model.EmbedImages(new Noise(0)).Count);

        string[] files = [.. Enumerable.Range(0, 5).Select(i => At($"{i}.png"))];
        for (int i = 0; i < files.Length; i++) ImageFile.Write(files[i], source.Read(i).Image);
        Close.Bits([.. model.EmbedImages(new SubsetSource(source, Enumerable.Range(0, 5))).Values.Span], [.. model.EmbedImages(files).Values.Span],
            "files");
        File.WriteAllText(files[3], "no image");
        Assert.Contains(files[3], Assert.ThrowsExactly<InvalidDataException>(() => model.EmbedImages(files)).Message);
    }

    [TestMethod]
    public void One_block_is_read_ahead_and_no_more()
    {
        const int block = 8;
        var source = new Noise(5 * block);
        int taken = 0;
        float[]? last = null, beforeLast = null;
        foreach (var pixels in ImageBlocks.Of(source, Size, EvalCrop.Squash, block))
        {
            taken++;
            // The next block comes while this one is used; given time, the one behind it does not.
            Assert.IsTrue(SpinWait.SpinUntil(() => source.Reads == Math.Min(taken + 1, 5) * block, TimeSpan.FromSeconds(60)), $"{source.Reads} read");
            Thread.Sleep(20);
            Assert.AreEqual(Math.Min(taken + 1, 5) * block, source.Reads);
            if (taken > 2) Assert.AreSame(beforeLast, pixels);
            (beforeLast, last) = (last, pixels);
        }
        Assert.AreEqual(5, taken);
    }

    [TestMethod]
    public void A_reader_that_fails_and_a_user_that_fails_both_end_it()
    {
        using var model = Model();
        Assert.Contains("500 is damaged",
            Assert.ThrowsExactly<InvalidDataException>(() => model.EmbedImages(new Noise(Count, damaged: 500))).Message);
        Assert.ThrowsExactly<InvalidOperationException>(() =>
        {
            foreach (var _ in ImageBlocks.Of(new Noise(64), Size, EvalCrop.Squash, 8)) throw new InvalidOperationException("of the user");
        });
    }

    /// <summary>A model sees every image by the rule of its origin, one alone as many, whatever form it comes in.</summary>
    [TestMethod]
    public void One_image_is_seen_by_the_models_own_rule()
    {
        var config = TinyRun.Config with { ImageSize = Size, Images = ImageRule.BigVision };
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, seed: 1);
        var image = Images.Noise(61, 43, 5);
        ImageFile.Write(At("one.png"), image);
        float[] expected = [.. model.EmbedPixels(ViewSampler.EvalPixels(image, Size, rule: ImageRule.BigVision)).Values.Span];
        CollectionAssert.AreNotEqual(expected, model.EmbedPixels(ViewSampler.EvalPixels(image, Size)).Values.ToArray(), "the rules differ here");
        Close.Bits(expected, [.. model.EmbedImages([image]).Values.Span], "a sequence");
        Close.Bits(expected, [.. model.EmbedImage(image).Values.Span], "an image");
        Close.Bits(expected, [.. model.EmbedImage(At("one.png")).Values.Span], "a file");
        Close.Bits(expected, [.. model.EmbedImage(File.ReadAllBytes(At("one.png"))).Values.Span], "bytes");
    }

    static SilcModel Model() => SilcModel.Create(TestDevices.Open(TestDevices.OneThread), TinyRun.Config with { ImageSize = Size }, seed: 1);

    sealed class Noise(int count, int damaged = -1) : IImageTextSource
    {
        int reads;

        public string Name => "noise";

        public int Count => count;

        public int Reads => Volatile.Read(ref reads);

        public ImageTextPair Read(int index)
        {
            Interlocked.Increment(ref reads);
            return index == damaged ? throw new InvalidDataException($"{index} is damaged")
                : new($"{index}", Images.Noise(5 + index % 7, 9, index), [""]);
        }
    }
}
