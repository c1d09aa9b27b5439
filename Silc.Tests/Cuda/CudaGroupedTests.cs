namespace Silc.Tests;

/// <summary>Fused QKV: query, key and value as one product of their packed bf16 copies.</summary>
[TestClass]
public sealed class CudaGroupedTests
{
    // Biases of 24 values are not contiguous, of 16 and 144 they are. 144 is more than a tile.
    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Three_layers_as_one(string device, Precision precision)
    {
        foreach (var (width, rows) in new[] { (16, 5), (24, 40), (144, 70) })
            foreach (var layers in new[] { 3, 2 })
            {
                using var t = new CudaTest(device, precision, anyMemory: true);
                using var parameters = Declare(t, width, layers, out var kernels, out var biases);
                DeviceMatrix x = t.Random(rows, width, dtype: DType.BFloat16), y = t.Output(rows, layers * width, dtype: DType.BFloat16);
                t.Ops.GroupedMatMul(x, [.. kernels.Select(p => p.Value)], [.. biases.Select(p => p.Value)], y);
                Matrix[] parts = [.. kernels.Select((p, i) => Naive.PlusRow(Naive.MatMul(x, Rounded(t, p)), Read(t, biases[i])))];
                Close.To(Concatenated(parts).Values, y.Read("y"), Close.BFloat16, $"{layers} layers of {width}");

                foreach (var dtype in new[] { DType.BFloat16, DType.Float32 })
                {
                    DeviceMatrix dy = t.Random(rows, layers * width, dtype: DType.BFloat16), dx = t.Output(rows, width, dtype: dtype);
                    t.Ops.GroupedInputGrad(dy, [.. kernels.Select(p => p.Value)], dx);
                    var sum = new Matrix(rows, width);
                    for (int i = 0; i < layers; i++) sum += Naive.MatMul(Columns(dy, i * width, width), Rounded(t, kernels[i]), Transpose.B);
                    var tolerance = dtype == DType.Float32 ? t.Exact : Close.BFloat16;
                    Close.To(sum.Values, dx.Read("dx"), tolerance, $"input gradient of {layers} layers of {width}");
                }
            }
    }

    // 600 rows are enough for split-K.
    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Their_gradients(string device, Precision precision)
    {
        foreach (var (width, rows) in new[] { (16, 600), (24, 600), (16, 33) })
            foreach (var layers in new[] { 3, 2 })
            {
                using var t = new CudaTest(device, precision, anyMemory: true);
                using var parameters = Declare(t, width, layers, out var kernels, out var biases);
                DeviceMatrix x = t.Random(rows, width, dtype: DType.BFloat16), dy = t.Random(rows, layers * width, dtype: DType.BFloat16);
                t.Ops.GroupedLinearGrads(x, dy, [.. kernels.Select(p => p.Grad)], [.. biases.Select(p => p.Grad)]);
                t.Ops.GroupedLinearGrads(x, dy, [.. kernels.Select(p => p.Grad)], [.. biases.Select(p => p.Grad)]);
                for (int i = 0; i < layers; i++)
                {
                    var part = Columns(dy, i * width, width);
                    Close.To(Naive.MatMul(x, part, Transpose.A).Map(value => 2 * value).Values,
                        t.Device.Download(kernels[i].Grad.View), t.Exact, $"kernel {i} of {layers}, {width} wide");
                    Close.To(Matrix.Make(1, width, (_, c) => 2 * Enumerable.Range(0, rows).Sum(r => part[r, c])).Values,
                        t.Device.Download(biases[i].Grad.View), t.Exact, $"bias {i} of {layers}, {width} wide");
                }
                int touched = t.Device.Download(parameters.Grads.View).Count(value => value != 0);
                Assert.AreEqual(kernels.Concat(biases).Sum(p => p.Count), touched, "gradients elsewhere");
            }
    }

    // Weights and biases as attention declares them, of which the last so many are used, with another weight before and after.
    static Parameters Declare(CudaTest t, int width, int layers, out Parameter[] kernels, out Parameter[] biases)
    {
        var parameters = new Parameters(t.Device);
        Init init = random => (float)random.Uniform(-1, 1);
        _ = new Linear(parameters, "a/before", width, width, Inits.Zeros);
        Linear[] three = [.. new[] { "query", "key", "value" }.Select(name => new Linear(parameters, $"a/{name}", width, width, init, init))];
        Linear.Pack(three[0], three[1], three[2]);
        _ = new Linear(parameters, "a/behind", width, width, Inits.Zeros);
        parameters.Allocate(seed: 1, gradients: true);
        kernels = [.. new[] { "query", "key", "value" }.TakeLast(layers).Select(name => parameters[$"a/{name}/kernel"])];
        biases = [.. new[] { "query", "key", "value" }.TakeLast(layers).Select(name => parameters[$"a/{name}/bias"])];
        return parameters;
    }

    static Matrix Read(CudaTest t, Parameter p) => new Matrix(p.Rows, p.Cols).With([.. t.Device.Download(p.Value.View).Select(x => (double)x)]);

    static Matrix Rounded(CudaTest t, Parameter p) =>
        Read(t, p).Map(x => BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16((float)x) << 16));

    static Matrix Columns(Matrix x, int start, int count) => Matrix.Make(x.Rows, count, (r, c) => x[r, start + c]);

    static Matrix Concatenated(Matrix[] parts) =>
        Matrix.Make(parts[0].Rows, parts.Length * parts[0].Cols, (r, c) => parts[c / parts[0].Cols][r, c % parts[0].Cols]);
}
