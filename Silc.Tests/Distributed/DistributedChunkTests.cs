namespace Silc.Tests;

/// <summary>The image-text loss whose logits go over the captions in chunks: that of all logits at once.</summary>
[TestClass]
public sealed class DistributedChunkTests
{
    const int Batch = 24, Views = 2, Width = 12;

    [TestMethod]
    [DataRow(1, false, 5)]
    [DataRow(1, true, 24)]
    [DataRow(2, false, 7)]
    [DataRow(2, true, 23)]
    [DataRow(4, false, 1)]
    [DataRow(4, true, 6)]
    public void Chunks_of_columns_are_the_whole(int ranks, bool sigmoid, int columns)
    {
        var whole = Losses(ranks, sigmoid, null);
        var chunked = Losses(ranks, sigmoid, columns * (Batch / ranks));
        foreach (var (expected, actual) in whole.Zip(chunked))
            foreach (var (what, values) in expected)
                Close.To([.. values.Select(value => (double)value)], actual[what], 1e-6, $"{what}, {columns} columns on {ranks} ranks");
    }

    // What each rank has of its gradients and of the loss.
    static Dictionary<string, float[]>[] Losses(int ranks, bool sigmoid, long? most) => Ranks.Run(ranks, collective =>
    {
        using var device = Device.Cpu(1);
        var config = sigmoid ? TinyRun.Config with { Contrastive = ContrastiveKind.Sigmoid } : TinyRun.Config;
        using var model = SilcModel.Create(device, config, seed: 1);
        collective.Bind(device);
        model.Parameters.AllocateGradients();
        model.Parameters.ZeroGrads();
        using var arena = Arena.Allocate(device, 1 << 16);
        using var losses = new LossBuffer(device);
        losses.Clear(device.Ops);
        int own = Batch / ranks;
        using var images = new DeviceMatrix(device, Rows(Views * own, row => row / own * Batch + collective.Rank * own + row % own), Width);
        using var texts = new DeviceMatrix(device, Rows(own, row => (Views + 1) * Batch + collective.Rank * own + row), Width);
        var loss = most is { } logits ? new ContrastiveLoss(model, 0.7, collective) { MostLogits = logits }
            : new ContrastiveLoss(model, 0.7, collective);
        var pass = new Pass(device.Ops, arena);
        using var frame = pass.Frame();
        var (dImages, dTexts) = loss.Run(pass, images, texts, losses);
        var found = new Dictionary<string, float[]>
        {
            ["image gradient"] = device.Download(dImages.View.SubView(0, dImages.Count)),
            ["caption gradient"] = device.Download(dTexts.View.SubView(0, dTexts.Count)),
            ["loss"] = [device.Download(losses.Values.View)[LossTerm.Contrastive.Index]],
            ["temperature's gradient"] = device.Download(model.LogitScale.Grad.View.SubView(0, 1)),
        };
        if (model.LogitBias is { } bias) found["bias's gradient"] = device.Download(bias.Grad.View.SubView(0, 1));
        return found;
    });

    // Rows of length 1, the same by their number whichever rank has them.
    static Matrix Rows(int count, Func<int, int> number)
    {
        var rows = new Matrix(count, Width);
        for (int row = 0; row < count; row++)
        {
            var random = new Random(number(row));
            double[] values = [.. Enumerable.Range(0, Width).Select(_ => random.NextDouble() * 2 - 1)];
            var length = Math.Sqrt(values.Sum(value => value * value));
            for (int column = 0; column < Width; column++) rows[row, column] = values[column] / length;
        }
        return rows;
    }
}
