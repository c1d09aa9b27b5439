namespace Silc.Tests;

/// <summary>Images become the pixels that each origin's own program makes of them, and the rule travels with the model.</summary>
[TestClass, DoNotParallelize]
public sealed class ImageRuleTests : TempFolder
{
    // By numpy in double; TensorFlow's float32 may fall on the other side of a whole number.
    [TestMethod]
    public void Tf_is_bilinear_without_antialias_cut_to_bytes()
    {
        var image = ImageFile.Read(WorldFolder.File("images/noise.png"));
        var expected = Array("images/noise-tf-16.npy").Bytes;
        CollectionAssert.AreEqual(expected, Bytes(image, 16, ImageRule.BigVision));
        Assert.IsGreaterThan(5, GoldenViews.MeanError(expected, Unsigned(image, 16, ImageRule.Own)));
    }

    [TestMethod]
    public void Square875_is_the_middle_of_a_larger_square()
    {
        var image = ImageFile.Read(WorldFolder.File("images/noise.png"));
        var whole = Bytes(image, 16, ImageRule.BigVision);
        var middle = Bytes(image, 14, ImageRule.BigVision.WithResize("square875"));
        for (int y = 0; y < 14; y++)
            CollectionAssert.AreEqual(whole[(((y + 1) * 16 + 1) * 3)..(((y + 1) * 16 + 15) * 3)], middle[(y * 14 * 3)..((y + 1) * 14 * 3)]);
        var wrong =
            Assert.ThrowsExactly<ArgumentException>(() => ViewSampler.EvalPixels(image, 14, EvalCrop.Center, ImageRule.Own.WithResize("square875")));
        StringAssert.Contains(wrong.Message, "square875");
    }

    [TestMethod]
    [DataRow("Bicubic", "pil")]
    [DataRow("Bilinear", "pil-bilinear")]
    public void Pil_has_the_bits_of_PIL(string filter, string name)
    {
        var golden = GoldenViews.Load();
        var resized = golden.Resized.Single(one => one.By == "PIL" && one.Filter == filter && one.Box is [0, 0, 61, 47]);
        CollectionAssert.AreEqual(resized.Rgb, Bytes(golden.Image, resized.Width, ImageRule.OpenClip.WithResize(name)));
    }

    [TestMethod]
    public void A_centre_crop_of_PIL_is_that_of_torchvision_to_a_level_of_rounding()
    {
        var golden = GoldenViews.Load();
        foreach (var square in golden.Centered)
        {
            var signed = ViewSampler.EvalPixels(golden.Image, square.Size, EvalCrop.Center, ImageRule.OpenClip);
            Assert.IsLessThan(1, GoldenViews.MeanError(square.Rgb, [.. signed.Select(value => (value + 1) / 2)]));
        }
    }

    [TestMethod]
    [DataRow(96, 70, 11, 12)]       // 87 x 64, of which 23 columns are left over
    [DataRow(70, 96, 11, 12)]
    [DataRow(100, 66, 16, 16)]      // 96 x 64
    public void The_middle_of_transformers_begins_at_half_of_the_rest_rounded_down_and_that_of_torchvision_at_the_even_neighbour(
        int width, int height, int transformers, int torchvision)
    {
        const int size = 64;
        var image = new RgbImage(width, height, [.. Enumerable.Range(0, 4 * width * height).Select(i => (byte)(i % 4 == 3 ? 255 : i * 37 % 251))]);
        int across = width > height ? size * width / height : size, down = width > height ? size : size * height / width;
        var whole = new float[across * down * 3];
        EvalImage.Whole(image, across, down, ImageRule.HuggingFace, whole);
        foreach (var (rule, start) in new[] { (ImageRule.HuggingFace, transformers), (ImageRule.OpenClip, torchvision) })
        {
            var (left, top) = width > height ? (start, 0) : (0, start);
            var middle = new float[size * size * 3];
            EvalImage.Square(image, size, EvalCrop.Center, rule, middle);
            for (int y = 0; y < size; y++)
                CollectionAssert.AreEqual(whole[(((y + top) * across + left) * 3)..(((y + top) * across + left + size) * 3)],
                    middle[(y * size * 3)..((y + 1) * size * 3)]);
        }
    }

    [TestMethod]
    public void Bilinear_is_the_antialiased_triangle()
    {
        var golden = GoldenViews.Load();
        var resized = golden.Resized.Single(one => one.By == "PIL" && one.Filter == "Bilinear" && one.Box is [0, 0, 61, 47]);
        Assert.IsLessThan(1, GoldenViews.MeanError(resized.Rgb, Unsigned(golden.Image, resized.Width, ImageRule.Own.WithResize("bilinear"))));
    }

    [TestMethod]
    [DataRow("drop", 200, 100, 50)]
    [DataRow("grey", 127.5, 127.5, 127.5)]
    [DataRow("white", 255, 255, 255)]
    [DataRow("black", 0, 0, 0)]
    [DataRow("#0A80ff", 10, 128, 255)]
    public void What_shows_through_transparent_pixels(string background, double red, double green, double blue)
    {
        foreach (var resize in ImageRule.FilterNames)
        {
            var rule = ImageRule.Own.WithResize(resize).WithBackground(background);
            var seen = Unsigned(Plain(0), 4, rule);
            // Bytes round half a level.
            double tolerance = rule.Filter is EvalFilter.Bicubic or EvalFilter.Bilinear ? 1e-3 : 0.5;
            foreach (var (c, value) in new[] { red, green, blue }.Index()) Assert.AreEqual(value, seen[c] * 255, tolerance, $"{resize} {background}");
            Assert.AreEqual(200, Unsigned(Plain(255), 4, rule)[0] * 255, 1e-3);
        }
    }

    [TestMethod]
    public void Half_transparent_pixels_mix_with_the_background_whatever_the_filter()
    {
        foreach (var resize in ImageRule.FilterNames)
            Assert.AreEqual(128 / 255.0 * 200 + 127, Unsigned(Plain(128), 4, ImageRule.Own.WithResize(resize).WithBackground("white"))[0] * 255,
                0.6, resize);
    }

    [TestMethod]
    public void Positions_of_big_vision_are_resized_bilinearly_from_corner_to_corner()
    {
        using var file = ModelFile.Open(WorldFolder.File("bv-towers.npz"));
        var expected = Array("images/positions-4-to-6.npy").Floats();
        Close.To(expected, file.Weights.WithImageSize(24).All(ModelWeights.Positions, expected.Length), 1e-6, "by origin");
        var bicubic = file.Weights.WithImageSize(24, PositionResize.Bicubic).All(ModelWeights.Positions, expected.Length);
        Assert.IsGreaterThan(0.1, expected.Zip(bicubic, (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    [DataRow("npz", "tf", "drop")]
    [DataRow("hf", "pil-bilinear", "white")]
    [DataRow("silc", "bicubic", "grey")]
    [DataRow("silc", "tf+square875", "#102030")]
    public void The_rule_travels_with_the_model(string to, string resize, string background)
    {
        using var file = ModelFile.Open(WorldFolder.File("bv-towers.npz"));
        Assert.AreEqual(ImageRule.BigVision, file.Config.Images);
        var rule = file.Config.Images.WithResize(resize).WithBackground(background);
        var weights = file.Weights with { Config = file.Config with { Images = rule } };
        var path = ModelWriter.Write(weights, ModelFormats.Parse(to), to == "npz" ? At("a.npz") : At(to))[0];
        using var back = ModelFile.Open(path);
        Assert.AreEqual(rule, back.Config.Images);
    }

    [TestMethod]
    public void Weights_of_transformers_come_with_the_resample_of_their_processor()
    {
        foreach (var (resample, filter) in new[] { ("2", EvalFilter.PilBilinear), ("3", EvalFilter.Pil), (null, EvalFilter.Pil) })
        {
            var folder = Path.GetDirectoryName(Exported(At($"hf{resample}")))!;
            var processor = Path.Combine(folder, HuggingFaceModel.PreprocessorName);
            if (resample is null) File.Delete(processor);
            else File.WriteAllText(processor, $$"""{"resample": {{resample}}}""");
            using var file = ModelFile.Open(folder);
            Assert.AreEqual(ImageRule.HuggingFace with { Filter = filter }, file.Config.Images);
        }
    }

    [TestMethod]
    [DataRow("lanczos")]
    [DataRow("square")]
    [DataRow("square8750")]
    [DataRow("tf+")]
    [DataRow("")]
    public void Another_resize_is_refused_with_those_there_are(string name)
    {
        var wrong = Assert.ThrowsExactly<ArgumentException>(() => ImageRule.Own.WithResize(name));
        StringAssert.Contains(wrong.Message, "pil-bilinear");
    }

    [TestMethod]
    public void An_index_says_how_images_were_resized_and_a_query_follows_it()
    {
        var model = WorldFolder.File("bv-towers.npz");
        File.Copy(WorldFolder.File("images/noise.png"), At("noise.png"));
        string[] common = ["--model", model, "--tokenizer", "bytes", "--device", "cpu"];
        var (code, _, error) =
            CommandLineRun.Of(["embed", .. common, "--data", Root, "--resize", "bilinear", "--background", "white", "--out", At("v.npy")]);
        Assert.AreEqual(0, code, error);
        using (var index = IndexFile.Open(At("v.npy"))) Assert.AreEqual(("bilinear", "white"), (index.Images!.Resize, index.Images.Background));
        (code, var found, error) = CommandLineRun.Of(["search", .. common, "--like", At("noise.png"), "--index", At("v.npy"), "--json"]);
        Assert.AreEqual(0, code, error);
        StringAssert.Matches(found, new("\"score\":\\s*(1|0\\.99999)"));
        (code, _, error) = CommandLineRun.Of(["search", .. common, "--like", At("noise.png"), "--index", At("v.npy"), "--resize", "tf"]);
        Assert.AreEqual(1, code);
        StringAssert.Contains(error, "--resize tf: the images of --index");
        (code, _, error) = CommandLineRun.Of(["embed", .. common, "--data", Root, "--resize", "lanczos", "--out", At("w.npy")]);
        Assert.AreEqual(2, code, error);
        StringAssert.Contains(error, "there is no resize 'lanczos'");
    }

    // Written without a rule of Silc's, as transformers writes.
    static string Exported(string folder)
    {
        using var file = ModelFile.Open(WorldFolder.File("bv-towers.npz"));
        var path = ModelWriter.Write(file.Weights, ModelFormat.HuggingFace, folder)[0];
        Safetensors.Write(path, Safetensors.Read(path).Arrays.Values.Select(array => array.ToNamedArray()));
        return path;
    }

    static RgbImage Plain(byte alpha) => new(8, 8, [.. Enumerable.Range(0, 64).SelectMany(_ => (byte[])[200, 100, 50, alpha])]);

    static float[] Unsigned(RgbImage image, int size, ImageRule rule) =>
        [.. ViewSampler.EvalPixels(image, size, rule: rule).Select(value => (value + 1) / 2)];

    static byte[] Bytes(RgbImage image, int size, ImageRule rule) => [.. Unsigned(image, size, rule).Select(value => (byte)MathF.Round(value * 255))];

    static StoredArray Array(string name)
    {
        using var file = File.OpenRead(WorldFolder.File(name));
        return Npy.Read(file, file.Length, "values", name);
    }
}
