namespace Silc.Tests;

/// <summary>
/// Operations on bf16 tensors against double-precision loops: as PTX in the emulator, and on a GPU where there is one. Inputs are values
/// that bf16 can represent, so that only stores round.
/// </summary>
[TestClass]
public sealed class CudaBf16Tests
{
    const DType Bf16 = DType.BFloat16, Float32 = DType.Float32;

    // Below, at and above the tiles of 128 x 128 x 32; rows of bf16 are multiples of eight.
    static readonly (int M, int N, int K)[] Sizes = [(8, 8, 8), (40, 136, 32), (136, 40, 104)];

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void MatMul_of_stored_operands(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (m, n, k) in Sizes)
            {
                int gap = m == 40 ? 16 : 0;
                DeviceMatrix a = Left(t, transpose, m, k, gap, Bf16), b = Right(t, transpose, k, n, gap, Bf16);
                DeviceMatrix bias = t.Random(1, n), addend = t.Random(m, n);
                DeviceMatrix c = t.Output(m, n, gap, Bf16), sum = t.Output(m, n, gap);
                t.Ops.MatMul(a, b, c, transpose, bias);
                t.Ops.MatMul(a, b, sum, transpose, bias, addend);
                var what = $"{m} x {k} by {k} x {n}, {transpose} transposed";
                var product = Naive.PlusRow(Naive.MatMul(a, b, transpose), bias);
                Close.To(product.Values, c.Read(what), Close.BFloat16, what);
                Close.To((addend.Before + product).Values, sum.Read(what), t.Exact, $"{what}, into float32");
            }
        if (t.Emulator is { } emulator)
            foreach (var kernel in emulator.Launches.Keys) StringAssert.StartsWith(kernel, nameof(Bf16Gemm<,,,>));
    }

    // Rows that are no multiple of eight cannot be bf16, and an operand that meets them is widened to float32.
    [TestMethod, EveryCuda(Precision.Bf16)]
    public void MatMul_of_mixed_operands(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (dtype, other) in new[] { (Bf16, Float32), (Float32, Bf16) })
                foreach (int outer in other == Bf16 ? new[] { 24 } : [24, 21])
                {
                    var (m, n, k) = (16, outer, 40);
                    DeviceMatrix a = Left(t, transpose, m, k, 0, dtype), b = Right(t, transpose, k, n, 0, other), c = t.Output(m, n);
                    t.Ops.MatMul(a, b, c, transpose);
                    Close.To(Naive.MatMul(a, b, transpose).Values, c.Read("c"), t.Exact, $"{dtype} by {other}, {transpose} transposed, {n} columns");
                }
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Split_K_of_bf16_operands(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        DeviceMatrix a = t.Random(1032, 16, dtype: Bf16), b = t.Random(1032, 24, dtype: Bf16), sum = t.Random(16, 24), again = t.Own(sum);
        t.Ops.MatMul(a, b, sum, Transpose.A, addend: sum);
        t.Ops.MatMul(a, b, again, Transpose.A, addend: again);
        var actual = sum.Read("sum");
        Close.To((sum.Before + Naive.MatMul(a, b, Transpose.A)).Values, actual, t.Exact, "split");
        Close.Bits(actual, again.Read("again"), "again");
        if (t.Emulator is { } emulator) Assert.IsTrue(emulator.Launches.ContainsKey(nameof(SplitKReduce<>)), "no split-K");
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void MatMulGelu_and_its_gradient(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        CheckGelu(t, 36, 72, 40);
    }

    /// <summary>h = x · kernel + bias, gelu(h), and their gradients, all stored as bf16.</summary>
    internal static void CheckGelu(CudaTest t, int rows, int columns, int k)
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
        {
            DeviceMatrix x = t.Random(rows, k, dtype: Bf16), kernel = t.Random(k, columns), bias = t.Random(1, columns);
            DeviceMatrix h = t.Output(rows, columns, dtype: Bf16), y = t.Output(rows, columns, dtype: Bf16);
            t.Ops.MatMulGelu(x, kernel, bias, h, y, kind);
            var expected = Naive.PlusRow(Naive.MatMul(x, kernel), bias);
            Close.To(expected.Values, h.Read("h"), Close.BFloat16, $"{kind}: h");
            Close.To(Naive.Gelu(expected, kind).Values, y.Read("y"), Close.BFloat16, $"{kind}: gelu(h)");

            // The gradient of the residual stream is float32, whatever is stored around it.
            DeviceMatrix dy = t.Random(rows, k), transposed = t.Random(columns, k), before = t.Random(rows, columns, range: 4, dtype: Bf16);
            DeviceMatrix dh = t.Output(rows, columns, dtype: Bf16), again = t.Output(rows, columns, dtype: Bf16);
            t.Ops.MatMulGeluBackward(dy, transposed, before, dh, again, kind);
            const double Step = 1e-4;
            Matrix product = Naive.MatMul(dy, transposed, Transpose.B), above = Naive.Gelu(before.Before.Map(v => v + Step), kind),
                below = Naive.Gelu(before.Before.Map(v => v - Step), kind);
            Close.To(Naive.Gelu(before, kind).Values, again.Read("y again"), Close.BFloat16, $"{kind}: gelu(h) again");
            var slope = Matrix.Make(rows, columns, (r, c) => (above[r, c] - below[r, c]) / (2 * Step));
            Close.To(Matrix.Make(rows, columns, (r, c) => product[r, c] * slope[r, c]).Values, dh.Read("dh"), Close.BFloat16, $"{kind}: dh");
        }
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void LinearGrads(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var dtype in new[] { Bf16, Float32 })
        {
            DeviceMatrix x = t.Random(150, 24, dtype: Bf16), dy = t.Random(150, 40, gap: 8, dtype: dtype);
            DeviceMatrix dKernel = t.Random(24, 40), dBias = t.Random(1, 40);
            t.Ops.LinearGrads(x, dy, dKernel, dBias);
            Close.To((dKernel.Before + Naive.MatMul(x, dy, Transpose.A)).Values, dKernel.Read("dKernel"), t.Exact, $"{dtype}: dKernel");
            Close.To(Matrix.Make(1, 40, (_, c) => dBias.Before[0, c] + Enumerable.Range(0, 150).Sum(r => dy.Before[r, c])).Values,
                dBias.Read("dBias"), Close.Chained, $"{dtype}: dBias");
        }
    }

    // Operands are stored to and loaded from shared memory without bank conflicts.
    [TestMethod]
    public void Shared_memory_has_no_bank_conflicts()
    {
        foreach (var transpose in Enum.GetValues<Transpose>())
        {
            using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16);
            DeviceMatrix a = t.Random(128, 128, dtype: Bf16), b = t.Random(128, 128, dtype: Bf16), c = t.Output(128, 128, dtype: Bf16);
            t.Ops.MatMul(a, b, c, transpose);
            var (instructions, wavefronts, ideal) = t.Emulator!.Counts;
            Assert.AreEqual(0, wavefronts - ideal,
                $"{transpose} transposed: {wavefronts} wavefronts, {ideal} without conflicts, in {instructions} instructions");
        }
    }

    // Heads of 32 channels are left out: two lines are copied at a time, whose banks overlap.
    [TestMethod]
    public void Shared_memory_of_attention_has_no_bank_conflicts()
    {
        foreach (int size in new[] { 64, 128 })
        {
            const int Tokens = 64;
            using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16);
            DeviceMatrix Random() => t.Random(Tokens, size, dtype: Bf16);
            DeviceMatrix Output() => t.Output(Tokens, size, dtype: Bf16);
            DeviceMatrix q = Random(), k = Random(), v = Random(), dO = Random(), o = Output(), lse = t.Output(1, Tokens);
            t.Ops.Attention(q, k, v, o, lse, 1, 1);
            if (size < 128) t.Ops.AttentionBackward(dO, q, k, v, o, lse, Output(), Output(), Output(), 1, 1);
            var (instructions, wavefronts, ideal) = t.Emulator!.Counts;
            Assert.AreEqual(0, wavefronts - ideal,
                $"heads of {size}: {wavefronts} wavefronts, {ideal} without conflicts, in {instructions} instructions");
            StringAssert.StartsWith(t.Emulator.Launches.Keys.First(), nameof(Bf16Attention<,,>));
        }
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_8(string device, Precision precision) => Attention(device, precision, (2, 2, 7, 7, 8, 16));

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_64(string device, Precision precision) => Attention(device, precision, (1, 2, 70, 33, 64, 0));

    // Two row tiles a warp, and more keys than two stages hold; the last tile of each is partly empty.
    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_many_queries(string device, Precision precision)
    {
        Attention(device, precision, (1, 1, 130, 197, 64, 0));
        Attention(device, precision, (1, 1, 98, 129, 32, 32));
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_few_tokens(string device, Precision precision)
    {
        Attention(device, precision, (2, 1, 36, 36, 64, 128));
        Attention(device, precision, (2, 1, 64, 64, 40, 0));
        Attention(device, precision, (2, 2, 1, 65, 64, 0));
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_72(string device, Precision precision) => Attention(device, precision, (1, 1, 33, 40, 72, 8));

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Attention_of_128(string device, Precision precision) => Attention(device, precision, (1, 1, 1, 40, 128, 0));

    static void Attention(string device, Precision precision, (int Batch, int Heads, int Queries, int Keys, int Size, int Gap) shape)
    {
        var (batch, heads, queries, keys, size, gap) = shape;
        int width = heads * size;
        using var t = new CudaTest(device, precision);
        DeviceMatrix Stored(int rows, double range, int gap) => t.Random(rows, width, range, gap, Bf16);
        DeviceMatrix q = Stored(batch * queries, 2, 2 * gap), k = Stored(batch * keys, 2, gap), v = Stored(batch * keys, 1, 3 * gap);
        DeviceMatrix o = t.Output(batch * queries, width, gap, Bf16), lse = t.Output(batch * heads, queries);
        t.Ops.Attention(q, k, v, o, lse, batch, heads);
        var (expected, logs) = Naive.Attention(q, k, v, batch, heads);
        Close.To(expected.Values, o.Read("o"), Close.BFloat16, $"{shape}: o");
        Close.To(logs.Values, lse.Read("lse"), Close.Chained, $"{shape}: log-sum-exp");

        DeviceMatrix dO = Stored(batch * queries, 1, gap), kept = t.Own(expected, gap, Bf16), keptLogs = t.Own(logs);
        DeviceMatrix Output(int rows) => t.Output(rows, width, gap, Bf16);
        DeviceMatrix dQ = Output(batch * queries), dK = Output(batch * keys), dV = Output(batch * keys);
        t.Ops.AttentionBackward(dO, q, k, v, kept, keptLogs, dQ, dK, dV, batch, heads);
        var grad = Naive.AttentionGrad(dO, q, k, v, batch, heads);
        // P and dS are rounded for the second product, and the result when stored.
        const double Twice = 2 * Close.BFloat16;
        Close.To(grad.V.Values, dV.Read("dV"), Twice, $"{shape}: dV");
        Close.To(grad.Q.Values, dQ.Read("dQ"), Twice, $"{shape}: dQ");
        Close.To(grad.K.Values, dK.Read("dK"), Twice, $"{shape}: dK");
    }

    [TestMethod, EveryCuda(Precision.Float32, Precision.Bf16)]
    public void LayerNorm_and_its_gradient(string device, Precision precision)
    {
        var dtype = precision == Precision.Bf16 ? Bf16 : Float32;
        var tolerance = precision == Precision.Bf16 ? Close.BFloat16 : Close.Chained;
        using var t = new CudaTest(device, precision);
        foreach (var (rows, cols) in new[] { (1, 8), (35, 136), (9, 1032) })
        {
            DeviceMatrix x = t.Random(rows, cols, 3), scale = t.Random(1, cols), bias = t.Random(1, cols);
            DeviceMatrix y = t.Output(rows, cols, dtype: dtype), mean = t.Output(rows, 1), rstd = t.Output(rows, 1);
            t.Ops.LayerNormForward(x, scale, bias, y, mean, rstd, 1e-6f);
            Close.To(Naive.LayerNorm(x, scale, bias, 1e-6).Values, y.Read("y"), tolerance, $"{rows} x {cols}: y");

            DeviceMatrix dy = t.Random(rows, cols, dtype: dtype), dx = t.Output(rows, cols), added = t.Random(rows, cols);
            DeviceMatrix dScale = t.Random(1, cols), dBias = t.Random(1, cols), none = t.Random(1, cols), neither = t.Random(1, cols);
            t.Ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate: false);
            DeviceMatrix rounded = t.Output(rows, cols, dtype: dtype);
            t.Ops.LayerNormBackward(dy, x, scale, mean, rstd, added, none, neither, accumulate: true, rounded);
            var (gradX, gradScale, gradBias) = Naive.LayerNormGrad(dy, x, scale, 1e-6);
            Close.To(gradX.Values, dx.Read("dx"), Close.Chained, $"{rows} x {cols}: dx");
            Close.To((added.Before + gradX).Values, added.Read("added"), Close.Chained, $"{rows} x {cols}: dx, added");
            Close.Bits([.. added.Read("added")
                .Select(value => dtype == Bf16 ? BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16(value) << 16) : value)],
                rounded.Read("rounded"), $"{rows} x {cols}: dx, rounded");
            Close.To((dScale.Before + gradScale).Values, dScale.Read("dScale"), Close.Chained, $"{rows} x {cols}: dScale");
            Close.To((dBias.Before + gradBias).Values, dBias.Read("dBias"), Close.Chained, $"{rows} x {cols}: dBias");
        }
    }

    [TestMethod, EveryCuda(Precision.Float32)]
    public void NormalizeColumns_and_its_gradient(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var (rows, cols) in new[] { (1, 4), (70, 140), (130, 24) })
        {
            DeviceMatrix v = t.Random(rows, cols), y = t.Output(rows, cols), norms = t.Output(1, cols);
            t.Ops.NormalizeColumns(v, y, norms);
            var expected = Naive.NormalizeColumns(v);
            Close.To(expected.Values, y.Read("y"), Close.Chained, $"{rows} x {cols}: y");
            double Norm(int c) => Math.Sqrt(Enumerable.Range(0, rows).Sum(r => v.Before[r, c] * v.Before[r, c]));
            Close.To(Matrix.Make(1, cols, (_, c) => Norm(c)).Values, norms.Read("norms"), Close.Chained, $"{rows} x {cols}: norms");

            DeviceMatrix dy = t.Random(rows, cols), normal = t.Own(expected), kept = t.Own(Matrix.Make(1, cols, (_, c) => Norm(c))),
                dv = t.Random(rows, cols);
            t.Ops.NormalizeColumnsBackward(dy, normal, kept, dv);
            var dots = Enumerable.Range(0, cols).Select(c => Enumerable.Range(0, rows).Sum(r => dy.Before[r, c] * expected[r, c])).ToArray();
            Close.To(Matrix.Make(rows, cols, (r, c) => dv.Before[r, c] + (dy.Before[r, c] - expected[r, c] * dots[c]) / Norm(c)).Values,
                dv.Read("dv"), Close.Chained, $"{rows} x {cols}: dv");
        }
        if (t.Emulator is { } emulator)
            Assert.AreEqual(6, emulator.Launches[nameof(CudaNormalizeColumns)] + emulator.Launches[nameof(CudaNormalizeColumnsGrad)]);
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Copies_and_selected_rows(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var (from, to) in new[] { (Float32, Bf16), (Bf16, Float32), (Bf16, Bf16) })
        {
            DeviceMatrix x = t.Random(21, 40, gap: 8, dtype: from), y = t.Output(21, 40, 16, to), selected = t.Output(7, 40, dtype: to);
            t.Ops.Copy(x, y);
            Close.To(x.Before.Values, y.Read("y"), 0, $"{from} to {to}");
            t.Ops.SelectRows(x, 2, selected);
            Close.To(Matrix.Make(7, 40, (r, c) => x.Before[3 * r + 2, c]).Values, selected.Read("rows"), 0, $"rows of {from} to {to}");
        }
        // One row, broadcast: the probe of attention pooling.
        DeviceMatrix probe = t.Random(1, 24), queries = t.Output(5, 24, dtype: Bf16);
        t.Ops.Copy(new(probe.Tensor.View, 5, 24, 0), queries);
        Close.To(Matrix.Make(5, 24, (_, c) => probe.Before[0, c]).Values, queries.Read("queries"), 0, "a repeated row");
    }

    [TestMethod, EveryCuda(Precision.Float32, Precision.Bf16)]
    public void SumRows(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        var dtype = precision == Precision.Bf16 ? Bf16 : Float32;
        foreach (var (rows, period, cols) in new[] { (1, 1, 8), (150, 1, 40), (150, 3, 136), (8200, 1, 24) })
        {
            DeviceMatrix x = t.Random(rows, cols, gap: 8, dtype: dtype), table = t.Random(period, cols);
            t.Ops.SumRows(x, table);
            double Sum(int row, int col) => Enumerable.Range(0, rows / period).Sum(b => x.Before[b * period + row, col]);
            Close.To(Matrix.Make(period, cols, (r, c) => table.Before[r, c] + Sum(r, c)).Values,
                table.Read("table"), Close.Chained, $"{rows} x {cols} into {period}");
        }
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Patches(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        const int Side = 19, Patch = 8, Grid = Side / Patch;       // three pixels are left over
        DeviceMatrix pixels = t.Random(2, Side * Side * 3), y = t.Output(2 * Grid * Grid, Patch * Patch * 3, dtype: Bf16);
        t.Ops.Patches(pixels, y, Side, Patch);
        Close.To(Matrix.Make(2 * Grid * Grid, Patch * Patch * 3, (row, c) =>
        {
            int cell = row % (Grid * Grid), down = cell / Grid * Patch + c / (3 * Patch), across = cell % Grid * Patch + c % (3 * Patch) / 3;
            return pixels.Before[row / (Grid * Grid), (down * Side + across) * 3 + c % 3];
        }).Values, y.Read("patches"), 0, "patches");
    }

    // Operations without a bf16 kernel throw.
    [TestMethod]
    public void Other_operations_refuse_it()
    {
        using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16);
        DeviceMatrix x = t.Random(4, 8, dtype: Bf16), y = t.Random(4, 8);
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.Add(x, y));
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.Gelu(x, y, GeluKind.Tanh));
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.MatMul(y, y, t.Output(4, 4), Transpose.B, addend: t.Random(4, 8, dtype: Bf16)));
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.CosineSimilarity(x, y, t.Output(4, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.LayerNormForward(x, y, y, y, t.Output(4, 1), t.Output(4, 1), 1e-6f));
        Assert.ThrowsExactly<ArgumentException>(() => t.Ops.MatMul(x.Tensor.Columns(4, 4), y.Tensor.Columns(0, 4), t.Output(4, 4), Transpose.B));
    }

    static DeviceMatrix Left(CudaTest t, Transpose transpose, int m, int k, int gap, DType dtype) =>
        transpose == Transpose.A ? t.Random(k, m, gap: gap, dtype: dtype) : t.Random(m, k, gap: gap, dtype: dtype);

    static DeviceMatrix Right(CudaTest t, Transpose transpose, int k, int n, int gap, DType dtype) =>
        transpose == Transpose.B ? t.Random(n, k, gap: gap, dtype: dtype) : t.Random(k, n, gap: gap, dtype: dtype);
}
