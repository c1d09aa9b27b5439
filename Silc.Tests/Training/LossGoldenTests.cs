namespace Silc.Tests;

/// <summary>Losses and targets against PyTorch in double precision: losses.npz in Golden, which make_losses.py there writes.</summary>
[TestClass]
public sealed class LossGoldenTests
{
    const float TeacherTemperature = 0.07f;

    static readonly IReadOnlyDictionary<string, NamedArray> golden = Npz.Read(Path.Combine(AppContext.BaseDirectory, "Golden", "losses.npz"))
        .Select(entry => entry.Value.ToNamedArray()).ToDictionary(array => array.Name);

    /// <summary>Of all patches, and of those with a weight among others without.</summary>
    [TestMethod, EveryDevice]
    public void Sinkhorn(string device)
    {
        using var t = new LayerTest(device);
        var (scores, mask) = (Rows(t, golden["teacher"]), golden["mask"].Values);
        foreach (var name in new[] { "all", "masked" })
        {
            using var _ = t.Pass.Frame();
            var (targets, sharpness) = (t.Pass.Saved(scores.Rows, scores.Cols), t.Pass.Saved(1, 1));
            t.Device.Ops.Copy(scores, targets);
            t.Device.Ops.Fill(sharpness, 1 / TeacherTemperature);
            new SinkhornAssignment(new Solo()).Run(t.Pass, targets, sharpness, name == "all" ? default : Tensor(t, mask, mask.Length, 1));
            var got = t.Device.Download(targets.View.SubView(0, targets.Count));
            int[] counted = [.. Enumerable.Range(0, mask.Length).Where(row => name == "all" || mask[row] > 0)];
            Close.To(golden[$"sinkhorn/{name}"].Values, [.. counted.SelectMany(row => got[(row * targets.Cols)..((row + 1) * targets.Cols)])],
                Close.LargeExponents, name);
        }
    }

    static Tensor Rows(LayerTest t, NamedArray array) => Tensor(t, array.Values, array.Values.Length / array.Shape[^1], array.Shape[^1]);

    static Tensor Tensor(LayerTest t, float[] values, int rows, int cols)
    {
        var tensor = t.Pass.Saved(rows, cols);
        t.Device.Upload<float>(values, tensor.View.SubView(0, values.Length));
        return tensor;
    }
}
