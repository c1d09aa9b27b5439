using ILGPU;
using ILGPU.Runtime;

namespace Silc.Samples.Bench;

/// <summary>
/// Times the products of a preset's training step one by one, with operands stored as the step stores them: many launches between two waits, so
/// that the time is the device's.
/// </summary>
sealed class ProductBench(Device device) : IDisposable
{
    const double LeastSeconds = 0.05;

    readonly List<MemoryBuffer1D<float, Stride1D.Dense>> buffers = [];

    /// <summary>A line of the table for each product.</summary>
    public void Run(SilcConfig config, int batch)
    {
        Console.WriteLine("product              M      N      K       us  TFLOP/s");
        Visit(config, batch, (name, m, n, k, run) =>
        {
            var seconds = BenchClock.Seconds(device, run, LeastSeconds);
            Console.WriteLine($"{name,-14} {m,7} {n,6} {k,6} {1e6 * seconds,8:F1} {2.0 * m * n * k / seconds / 1e12,8:F1}");
        });
    }

    /// <summary>Calls a function with each product: its name, M, N, K, and what runs it. Operands are freed behind each tower's.</summary>
    public void Visit(SilcConfig config, int batch, Action<string, int, int, int, Action> visit)
    {
        var (views, image, text) = (config.Views, config.Image, config.Text);
        int Tokens(int size) => size / config.PatchSize * (size / config.PatchSize);
        (string Name, int Rows, int Width, int Hidden)[] towers =
        [
            ("global", batch * views.Global * Tokens(config.ImageSize), image.Width, image.MlpDim),
            ("local", batch * views.Local * Tokens(views.LocalSize), image.Width, image.MlpDim),
            ("text", batch * config.TextLength, text.Width, text.MlpDim),
        ];
        foreach (var (name, rows, width, hidden) in towers)
        {
            var half = device.Ops.Activations(width);
            Tensor x = Random(rows, width, half), wide = Random(rows, hidden, half), again = Random(rows, hidden, half),
                y = Random(rows, width, half);
            Tensor stream = Random(rows, width), square = Random(width, width), up = Random(width, hidden), down = Random(hidden, width),
                bias = Random(1, hidden);
            Tensor weights = Random(width, width, half), upWeights = Random(width, hidden, half), downWeights = Random(hidden, width, half);
            visit($"{name} q", rows, width, width, () => device.Ops.MatMul(x, weights, y, Transpose.None, Slice(bias, width)));
            visit($"{name} out", rows, width, width, () => device.Ops.MatMul(x, weights, stream, Transpose.None, Slice(bias, width), stream));
            visit($"{name} up", rows, hidden, width, () => device.Ops.MatMulGelu(x, upWeights, bias, wide, again, GeluKind.Tanh));
            visit($"{name} down", rows, width, hidden,
                () => device.Ops.MatMul(wide, downWeights, stream, Transpose.None, Slice(bias, width), stream));
            visit($"{name} dx", rows, width, width, () => device.Ops.MatMul(x, weights, stream, Transpose.B, default, stream));
            visit($"{name} d up", rows, width, hidden, () => device.Ops.MatMul(wide, upWeights, y, Transpose.B));
            visit($"{name} d down", rows, hidden, width, () => device.Ops.MatMulGeluBackward(x, downWeights, wide, wide, again, GeluKind.Tanh));
            visit($"{name} dW", width, width, rows, () => device.Ops.MatMul(x, y, square, Transpose.A, default, square));
            visit($"{name} dW up", width, hidden, rows, () => device.Ops.MatMul(x, wide, up, Transpose.A, default, up));
            visit($"{name} dW down", hidden, width, rows, () => device.Ops.MatMul(wide, y, down, Transpose.A, default, down));
            Dispose();
        }
    }

    static Tensor Slice(Tensor row, int cols) => new(row.View.SubView(0, cols), 1, cols);

    Tensor Random(int rows, int cols, DType stored = DType.Float32)
    {
        long floats = (long)rows * cols / (stored == DType.BFloat16 ? 2 : 1);
        var buffer = device.Allocate(floats, "operands");
        buffers.Add(buffer);
        var random = new Random(buffers.Count);
        var values = new float[floats];
        if (stored == DType.Float32) foreach (ref var x in values.AsSpan()) x = 2 * random.NextSingle() - 1;
        else foreach (ref var x in values.AsSpan()) x = BitConverter.UInt32BitsToSingle(Half(random) | Half(random) << 16);
        device.Upload<float>(values, buffer.View.AsContiguous());
        return new(buffer.View.AsContiguous(), rows, cols, stored);
    }

    static uint Half(Random random) => BitConverter.SingleToUInt32Bits(2 * random.NextSingle() - 1) >> 16;

    public void Dispose()
    {
        foreach (var buffer in buffers) device.Free(buffer);
        buffers.Clear();
    }
}
