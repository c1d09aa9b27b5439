namespace Silc.Tests;

/// <summary>The layers of the decoder against PyTorch in double precision.</summary>
[TestClass]
public sealed class TextDecoderTests
{
    internal static readonly DecoderConfig Sizes = new(Width: 8, Depth: 2, Heads: 2, Length: 6);

    internal const int Vocabulary = 11, Source = 7;

    internal static float[] Logits(Device device, TextDecoder decoder, int[] tokens, int length, Tensor z)
    {
        using var arena = Arena.Allocate(device, 1 << 18);
        var pass = new Pass(device.Ops, arena, Training: false);
        using DeviceIntegers ids = new(device, tokens), order = new(device, TokenBatch.Sort(tokens));
        using var _ = pass.Frame();
        var (y, back) = decoder.Forward(pass, new(ids.View, order.View, tokens.Length / length), length, z);
        return device.Download(y.View.SubView(0, y.Count));
    }

    [TestMethod, EveryDevice]
    public void Logits_loss_and_gradients_are_PyTorch_s(string device)
    {
        var golden = HeadTest.Golden("decoder");
        var opened = TestDevices.Open(device);
        using var parameters = new Parameters(opened);
        var decoder = new TextDecoder(parameters, Sizes, Vocabulary, Source);
        parameters.Allocate(0, gradients: true);
        HeadTest.Load(parameters, golden);
        using var arena = Arena.Allocate(opened, 1 << 18);
        var pass = new Pass(opened.Ops, arena);
        int[] tokens = [.. golden["tokens"].Select(id => (int)id)], targets = [.. golden["targets"].Select(id => (int)id)];
        using DeviceIntegers ids = new(opened, tokens), order = new(opened, TokenBatch.Sort(tokens)),
            labels = new(opened, [.. targets.Select(id => id == 0 ? -1 : id)]);
        using var z = new DeviceMatrix(opened, new Matrix(10, Source).With([.. golden["z"].Select(v => (double)v)]), Source);
        using (pass.Frame())
        {
            var (logits, back) = decoder.Forward(pass, new(ids.View, order.View, 2), 6, z);
            Close.To(golden["logits"], opened.Download(logits.View.SubView(0, logits.Count)), Close.Reordered, "logits");
            var rows = pass.Saved(12, 1);
            opened.Ops.SoftmaxCrossEntropy(logits, labels.View, rows, 1f / targets.Count(id => id != 0));
            Close.To(golden["loss"], [opened.Download(rows.View.SubView(0, 12)).Sum()], Close.Reordered, "loss");
            back.Invoke(logits);
        }
        HeadTest.CheckGradients(parameters, golden, Close.Reordered);
    }

    /// <summary>With the gradient of the images' tokens, logits in parts of a few rows, token by token and all at once.</summary>
    [TestMethod, EveryDevice]
    public void The_loss_of_texts_that_weigh_alike_is_PyTorch_s(string device)
    {
        var golden = HeadTest.Golden("decoder");
        var opened = TestDevices.Open(device);
        int[] targets = [.. golden["targets"].Select(id => (int)id)], counts = [4, 6];
        using DeviceIntegers labels = new(opened, [.. targets.Select(id => id == 0 ? -1 : id)]);
        using var z = new DeviceMatrix(opened, new Matrix(10, Source).With([.. golden["z"].Select(v => (double)v)]), Source);
        using var weights = new DeviceMatrix(opened, Matrix.Make(12, 1, (row, _) => 0.5 / counts[row / 6]), 1);
        foreach (var name in new[] { "causal", "parallel" })
            foreach (var atOnce in new[] { 1 << 22, 5 * Vocabulary })
            {
                using var parameters = new Parameters(opened);
                var decoder = new TextDecoder(parameters, Sizes, Vocabulary, Source) { LogitsAtOnce = atOnce };
                parameters.Allocate(0, gradients: true);
                HeadTest.Load(parameters, golden);
                using var arena = Arena.Allocate(opened, 1 << 18);
                var pass = new Pass(opened.Ops, arena);
                int[] tokens = [.. golden["tokens"].Select(id => name == "causal" ? (int)id : 10)];
                using DeviceIntegers ids = new(opened, tokens), order = new(opened, TokenBatch.Sort(tokens));
                using (pass.Frame())
                {
                    var (rows, dZ) = (pass.Saved(12, 1), pass.Saved(10, Source));
                    opened.Ops.Fill(dZ, 0);
                    decoder.Loss(pass, new(ids.View, order.View, 2), 6, z, labels.View, weights, rows, 1, name == "causal", dZ);
                    Close.To(golden[$"said:{name}:loss"], [opened.Download(rows.View.SubView(0, 12)).Sum()], Close.Reordered, $"{name}: loss");
                    Close.To(golden[$"said:{name}:grad:z"], opened.Download(dZ.View.SubView(0, dZ.Count)), Close.Reordered, $"{name}: dZ");
                }
                foreach (var p in parameters.All.Where(p => !p.Name.EndsWith("/key/bias", StringComparison.Ordinal)))
                    Close.To(golden[$"said:{name}:grad:{p.Name}"], opened.Download(p.Grad.View), Close.Chained, $"{name}: {p.Name}");
            }
    }

    [TestMethod, EveryDevice]
    public void A_later_token_changes_no_earlier_logit_and_other_images_change_all(string device)
    {
        var golden = HeadTest.Golden("decoder");
        var opened = TestDevices.Open(device);
        using var parameters = new Parameters(opened);
        var decoder = new TextDecoder(parameters, Sizes, Vocabulary, Source);
        parameters.Allocate(0, gradients: false);
        HeadTest.Load(parameters, golden);
        float[] z = golden["z"];
        using var first = new DeviceMatrix(opened, new Matrix(5, Source).With([.. z.Take(5 * Source).Select(v => (double)v)]), Source);
        using var second = new DeviceMatrix(opened, new Matrix(5, Source).With([.. z.Skip(5 * Source).Select(v => (double)v)]), Source);
        var before = Logits(opened, decoder, [1, 5, 3, 7, 2, 0], 6, first);
        for (int changed = 1; changed < 6; changed++)
        {
            int[] tokens = [1, 5, 3, 7, 2, 0];
            tokens[changed] = 9;
            var after = Logits(opened, decoder, tokens, 6, first);
            CollectionAssert.AreEqual(before[..(changed * Vocabulary)], after[..(changed * Vocabulary)]);
            Assert.AreNotEqual(before[changed * Vocabulary], after[changed * Vocabulary]);
        }
        var other = Logits(opened, decoder, [1, 5, 3, 7, 2, 0], 6, second);
        for (int t = 0; t < 6; t++) Assert.AreNotEqual(before[t * Vocabulary], other[t * Vocabulary]);
        // A shorter row has the same logits as the beginning of a longer one, to rounding.
        Close.To(before[..(3 * Vocabulary)], Logits(opened, decoder, [1, 5, 3], 3, first), Close.Float32, "three tokens");
    }

    /// <summary>The kernel of the logits is 0: every token is as probable as any other.</summary>
    [TestMethod]
    public void At_the_start_all_logits_are_0()
    {
        var opened = TestDevices.Open(TestDevices.OneThread);
        using var parameters = new Parameters(opened);
        var decoder = new TextDecoder(parameters, new(), 53, 33);
        parameters.Allocate(3, gradients: false);
        using var z = new DeviceMatrix(opened, Matrix.Make(5, 33, (r, c) => Math.Sin(r + 7 * c)), 33);
        Assert.IsTrue(Logits(opened, decoder, [1, 5, 52, 7], 4, z).All(logit => logit == 0));
        Assert.AreEqual(53 * 128 + 32 * 128 + 2 * (4 * 2 * 128 * 128 - 2 * 128 * (128 - 33) + 8 * 128 + 6 * 128 + 2 * 128 * 512 + 512 + 128)
            + 2 * 128 + 128 * 53 + 53, parameters.Count);
    }

    [TestMethod]
    [DataRow(12, 2, 5, "5 attention heads"), DataRow(0, 2, 1, "channels"), DataRow(8, 0, 2, "blocks")]
    public void Sizes_that_do_not_fit_are_named(int width, int depth, int heads, string named) =>
        Assert.Contains(named, Assert.ThrowsExactly<ArgumentException>(() => new DecoderConfig(width, depth, heads).Check()).Message);
}
