namespace Silc.Tests;

/// <summary>Losses and targets against PyTorch in double precision: losses.npz in Golden, which make_losses.py there writes.</summary>
[TestClass]
public sealed class LossGoldenTests
{
    const float StudentTemperature = 0.1f, TeacherTemperature = 0.07f;

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

    /// <summary>Of hidden patches and of all, with the weights that <see cref="MaskBatch"/> gives them; and the center that follows.</summary>
    [TestMethod, EveryDevice]
    public void Masked_patches(string device)
    {
        using var t = new LayerTest(device);
        var (ops, mask, shape) = (t.Device.Ops, golden["mask"].Values, golden["student"].Shape);
        var (images, patches) = (shape[0], shape[1]);
        foreach (var name in new[] { "masked", "all" })
        {
            using var _ = t.Pass.Frame();
            Tensor student = Rows(t, golden["student"]), targets = Rows(t, golden["teacher"]), center = Rows(t, golden["center"]);
            var (sharpness, rowLoss, sum) = (t.Pass.Saved(1, 1), t.Pass.Saved(student.Rows, 1), t.Pass.Saved(1, 1));
            ops.Fill(sharpness, 1 / TeacherTemperature);
            ops.TeacherSoftmax(targets, center, sharpness);
            var weights = Enumerable.Range(0, mask.Length).Select(row => name == "all" ? 1f / (images * patches)
                : mask[row] / (images * Math.Max(1, mask.AsSpan(row / patches * patches, patches).ToArray().Sum()))).ToArray();
            ops.PatchCrossEntropy(student, targets, Tensor(t, weights, weights.Length, 1), rowLoss, StudentTemperature, 1);
            ops.Fill(sum, 0);
            ops.AddSum(rowLoss, sum, 0);
            Close.To(golden[$"{name}/loss"].Values, t.Device.Download(sum.View.SubView(0, 1)), Close.LargeExponents, $"{name}: loss");
            Close.To(golden[$"{name}/grad"].Values, t.Device.Download(student.View.SubView(0, student.Count)), Close.LargeExponents,
                $"{name}: gradient");
        }
    }

    [TestMethod, EveryDevice]
    public void Center_of_patches(string device)
    {
        using var t = new LayerTest(device);
        var scores = Rows(t, golden["teacher"]);
        using var center = new RunningCenter(t.Device, scores.Cols);
        t.Device.Upload<float>(golden["center"].Values, center.Value.View);
        var mean = t.Pass.Saved(1, scores.Cols);
        t.Device.Ops.MeanRows(scores, mean);
        center.Observe(t.Device.Ops, mean);
        using var state = new StepState(t.Device);
        t.Device.Upload<float>([1], state.View.SubView(StepState.Finite, 1));
        state.SetDistillation(1, 0.9, 1, lastLayerBegun: true);
        center.Move(t.Device.Ops, state);
        Close.To(golden["new_center"].Values, t.Device.Download(center.Value.View), Close.Float32, "center");
    }

    [TestMethod, EveryDevice]
    public void Gram(string device)
    {
        using var t = new LayerTest(device);
        var (ops, images) = (t.Device.Ops, golden["features"].Shape[0]);
        using var _ = t.Pass.Frame();
        Tensor features = Rows(t, golden["features"]), anchor = Rows(t, golden["anchor"]);
        var (dFeatures, rowLoss, sum) = (t.Pass.Saved(features.Rows, features.Cols), t.Pass.Saved(features.Rows, 1), t.Pass.Saved(1, 1));
        ops.Fill(dFeatures, 0);
        ops.Fill(sum, 0);
        GramLoss.Run(t.Pass, features, anchor, images, dFeatures, rowLoss, 1);
        ops.AddSum(rowLoss, sum, 0);
        Close.To(golden["gram/loss"].Values, t.Device.Download(sum.View.SubView(0, 1)), Close.Chained, "loss");
        Close.To(golden["gram/grad"].Values, t.Device.Download(dFeatures.View.SubView(0, dFeatures.Count)), Close.Chained, "gradient");
    }

    static Tensor Rows(LayerTest t, NamedArray array) => Tensor(t, array.Values, array.Values.Length / array.Shape[^1], array.Shape[^1]);

    static Tensor Tensor(LayerTest t, float[] values, int rows, int cols)
    {
        var tensor = t.Pass.Saved(rows, cols);
        t.Device.Upload<float>(values, tensor.View.SubView(0, values.Length));
        return tensor;
    }
}
