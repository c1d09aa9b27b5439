namespace Silc.Tests;

/// <summary>
/// Sums in one launch, whose last block adds what the others left: right at ragged sizes, several times in a row, and of the same bits whichever
/// block comes last.
/// </summary>
[TestClass]
public sealed class CudaArrivalTests
{
    const int Times = 3;

    [TestMethod]
    [DataRow(1, 1, 8), DataRow(65, 1, 24), DataRow(150, 3, 136), DataRow(130, 2, 8), DataRow(8200, 1, 264)]
    public void Rows(int rows, int period, int cols) => Check(Precision.Bf16, t =>
    {
        DeviceMatrix x = t.Random(rows, cols, gap: 8, dtype: DType.BFloat16), table = t.Random(period, cols);
        for (int i = 0; i < Times; i++) t.Ops.SumRows(x, table);
        if (t.Emulator is { } emulator) Assert.AreEqual(Times, emulator.Launches.Values.Sum(), "launches");
        double Sum(int row, int col) => Enumerable.Range(0, rows / period).Sum(b => x.Before[b * period + row, col]);
        var expected = Matrix.Make(period, cols, (r, c) => table.Before[r, c] + Times * Sum(r, c));
        return [(expected, table)];
    });

    // A block takes eight rows: one block, a group of blocks and one more, three groups, and 512 blocks of more rows.
    [TestMethod]
    [DataRow(3, 8), DataRow(264, 40), DataRow(700, 136), DataRow(4104, 8)]
    public void Gradients_of_norms(int rows, int cols) => Check(Precision.Float32, t =>
    {
        DeviceMatrix x = t.Random(rows, cols), dy = t.Random(rows, cols), scale = t.Random(1, cols), mean = t.Output(rows, 1),
            rstd = t.Output(rows, 1), y = t.Output(rows, cols), dx = t.Output(rows, cols), dScale = t.Random(1, cols), dBias = t.Random(1, cols);
        t.Ops.LayerNormForward(x, scale, scale, y, mean, rstd, 1e-6f);
        for (int i = 0; i < Times; i++) t.Ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate: false);
        var grad = Naive.LayerNormGrad(dy, x, scale, 1e-6);
        return [(grad.X, dx), (dScale.Before + grad.Scale.Map(value => Times * value), dScale),
            (dBias.Before + grad.Bias.Map(value => Times * value), dBias)];
    });

    // Products in parts and whole, of bf16 in pairs, three layers in one call, and of float32 one by one.
    [TestMethod]
    [DataRow(Precision.Bf16, 1100, 24, 40), DataRow(Precision.Bf16, 33, 16, 8), DataRow(Precision.Bf16, 2100, 136, 72),
     DataRow(Precision.Tf32, 1100, 24, 40), DataRow(Precision.Float32, 1100, 20, 36), DataRow(Precision.Float32, 130, 5, 7)]
    public void Parameter_gradients_of_three_layers(Precision precision, int rows, int wide, int narrow) => Check(precision, t =>
    {
        var dtype = precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
        var layers = new[] { (rows, wide, narrow), (rows / 2 + 1, narrow, wide), (rows, narrow, narrow) }.Select(size => (
            X: t.Random(size.Item1, size.Item2, dtype: dtype), DY: t.Random(size.Item1, size.Item3, dtype: dtype),
            DKernel: t.Random(size.Item2, size.Item3), DBias: t.Random(1, size.Item3))).ToArray();
        for (int i = 0; i < Times; i++)
            t.Ops.LinearGrads([.. layers.Select(layer => new LinearGrad(layer.X, layer.DY, [layer.DKernel], [layer.DBias]))]);
        if (precision == Precision.Bf16 && t.Emulator is { } emulator) Assert.AreEqual(2 * Times, emulator.Launches[nameof(LinearGradSums<>)]);
        return [.. layers.SelectMany(layer => new[]
        {
            (layer.DKernel.Before + Naive.MatMul(layer.X, layer.DY, Transpose.A).Map(value => Times * value), layer.DKernel),
            (layer.DBias.Before + Matrix.Make(1, layer.DY.Before.Cols,
                (_, c) => Times * Enumerable.Range(0, layer.DY.Before.Rows).Sum(r => layer.DY.Before[r, c])), layer.DBias),
        })];
    });

    static void Check(Precision precision, Func<CudaTest, (Matrix Expected, DeviceMatrix Actual)[]> run)
    {
        float[][] Bits(string device, bool backwards)
        {
            using var t = new CudaTest(device, precision);
            if (t.Emulator is { } emulator) emulator.Backwards = backwards;
            var results = run(t);
            foreach (var (expected, actual) in results)
                Close.To(expected.Values, actual.Read("sums"), Close.Chained, $"{device}, backwards: {backwards}");
            return [.. results.Select(one => t.Device.Download(one.Actual.Tensor.View))];
        }
        // A GPU takes its own order, twice.
        foreach (var device in CudaTest.Devices(precision))
            foreach (var (forwards, backwards) in Bits(device, false).Zip(Bits(device, true)))
                Close.Bits(forwards, backwards, $"{device}: blocks in another order");
    }
}
