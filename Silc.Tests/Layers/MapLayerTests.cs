namespace Silc.Tests;

/// <summary>Layers on maps of places, against central differences and their definitions.</summary>
[TestClass]
public sealed class MapLayerTests
{
    [TestMethod, EveryDevice]
    public void Convolution(string device)
    {
        foreach (var (size, bias) in new[] { (3, true), (7, false) })
        {
            using var t = new LayerTest(device);
            var layer = new Convolution(t.Parameters, "conv", size, 2, 5, bias);
            t.Allocate();
            CollectionAssert.AreEqual(new[] { size, size, 2, 5 }, t.Parameters["conv/kernel"].Shape.ToArray());
            t.Check(t.Input(2 * 3 * 4, 2), (pass, x) => layer.Forward(pass, x, 3, 4));
        }
    }

    [TestMethod, EveryDevice]
    public void UpConvolution(string device)
    {
        using var t = new LayerTest(device);
        using var maps = new RowMaps(t.Device);
        var layer = new UpConvolution(t.Parameters, maps, "up", 2, 3, 5);
        t.Allocate();
        var x = t.Input(2 * 3 * 4, 3);
        t.Check(x, (pass, x) => layer.Forward(pass, x, 3, 4));
        // Each place becomes 2 x 2: the definition.
        using var frame = t.Pass.Frame();
        float[] y = t.Device.Download(layer.Forward(t.Pass, x, 3, 4).Y.View), values = t.Device.Download(x.View),
            kernel = t.Device.Download(t.Parameters["up/kernel"].Value.View), bias = t.Device.Download(t.Parameters["up/bias"].Value.View);
        for (int row = 0; row < 2 * 6 * 8; row++)
            for (int c = 0; c < 5; c++)
            {
                int image = row / 48, i = row / 8 % 6, j = row % 8, place = (image * 3 + i / 2) * 4 + j / 2, tap = i % 2 * 2 + j % 2;
                double expected = bias[c];
                for (int k = 0; k < 3; k++) expected += values[place * 3 + k] * kernel[(tap * 3 + k) * 5 + c];
                Assert.AreEqual(expected, y[row * 5 + c], 1e-5, $"row {row}, channel {c}");
            }
    }

    [TestMethod, EveryDevice]
    public void GroupNorm_with_ReLU(string device)
    {
        using var t = new LayerTest(device);
        var layer = new GroupNorm(t.Parameters, "norm", 6, 2);
        t.Allocate();
        // A bias far above keeps the differences off the corner of ReLU.
        t.Device.Upload<float>([5, 5, 5, -5, -5, 5], t.Parameters["norm/bias"].Value.View);
        t.Check(t.Input(2 * 5, 6), (pass, x) => layer.ForwardRelu(pass, x, 2));
    }

    [TestMethod, EveryDevice]
    public void WindowedBlock(string device)
    {
        foreach (var shift in new[] { false, true })
        {
            using var t = new LayerTest(device);
            using var maps = new RowMaps(t.Device);
            var layer = new WindowedBlock(t.Parameters, maps, "block", 4, 3, heads: 2, window: 2, shift);
            t.Allocate();
            Tensor guide = t.Input(2 * 4 * 6, 3), dGuide = t.Input(2 * 4 * 6, 3);
            t.Check(t.Input(2 * 2 * 4 * 6, 4), (pass, x) => layer.Forward(pass, x, guide, dGuide, images: 2, 4, 6), samples: 6);
        }
    }

    /// <summary>What a moved window's parts are, by the mask of the published code: two places attend to each other where it is 0.</summary>
    [TestMethod]
    [DataRow(4, 6, 2), DataRow(9, 6, 3), DataRow(8, 8, 4)]
    public void Moved_windows_are_cut_where_the_published_mask_cuts_them(int height, int width, int side)
    {
        int moved = side / 2;
        using var maps = new RowMaps(TestDevices.Open(TestDevices.OneThread));
        var windows = Windows.Of(maps, height * width, height, width, side, shift: true);
        int[] order = TestDevices.Open(TestDevices.OneThread).Download(windows.Map!.Value.Sources);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, height * width).ToArray(), order);
        var together = new HashSet<(int, int)>();
        foreach (var part in windows.Parts)
            for (int window = 0; window < part.Batch; window++)
            {
                int[] cells = order[(part.First + window * part.Tokens)..(part.First + (window + 1) * part.Tokens)];
                foreach (var one in cells)
                    foreach (var other in cells) together.Add((one, other));
            }
        int Region(int at, int length) => (at >= length - side ? 1 : 0) + (at >= length - moved ? 1 : 0);
        for (int one = 0; one < height * width; one++)
            for (int other = 0; other < height * width; other++)
            {
                // Rolled by half a window; a place's window and side of the border.
                (int, int, int, int) Of(int cell)
                {
                    int i = (cell / width - moved + height) % height, j = (cell % width - moved + width) % width;
                    return (i / side, j / side, Region(i, height), Region(j, width));
                }
                Assert.AreEqual(Of(one) == Of(other), together.Contains((one, other)), $"places {one} and {other}");
            }
    }

    [TestMethod, EveryDevice]
    public void ClassBlock(string device)
    {
        foreach (var (pad, pool) in new[] { (0, 1), (5, 2) })
        {
            using var t = new LayerTest(device);
            using var maps = new RowMaps(t.Device);
            var layer = new ClassBlock(t.Parameters, maps, "block", 4, 3, heads: 2, pad);
            t.Allocate();
            // Far from 0, differences do not cross the corner of the MLP's ReLU.
            t.Device.Upload<float>([.. Enumerable.Range(0, 16).Select(i => i % 3 == 0 ? -9f : 9)], t.Parameters["block/mlp_0/bias"].Value.View);
            Tensor guide = t.Input(2 * 3, 3), dGuide = t.Input(2 * 3, 3);
            t.Check(t.Input(2 * 3 * 4 * 2, 4), (pass, x) => layer.Forward(pass, x, guide, dGuide, new(2, 3, 4, 2), pool), samples: 6);
        }
    }
}
