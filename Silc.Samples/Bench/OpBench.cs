using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Silc.Samples.Bench;

/// <summary>Times single operations: products and attention of a given size, and the ceilings that a step is compared with.</summary>
sealed class OpBench(Device device) : IDisposable
{
    const double LeastSeconds = 0.3;

    readonly List<MemoryBuffer1D<float, Stride1D.Dense>> buffers = [];

    /// <summary>GFLOP/s of c = op(a)·op(b), C (m, n), depth k.</summary>
    public double MatMul(int m, int n, int k, Transpose transpose = Transpose.None)
    {
        var a = transpose == Transpose.A ? Random(k, m) : Random(m, k);
        var b = transpose == Transpose.B ? Random(n, k) : Random(k, n);
        var c = Random(m, n);
        return 2.0 * m * n * k / Seconds(() => device.Ops.MatMul(a, b, c, transpose)) / 1e9;
    }

    /// <summary>GFLOP/s of attention forward (two products) and backward (five).</summary>
    public (double Forward, double Backward) Attention(int batch, int tokens, int heads, int headDim)
    {
        var (rows, width) = (batch * tokens, heads * headDim);
        Tensor q = Random(rows, width), k = Random(rows, width), v = Random(rows, width), o = Random(rows, width),
            lse = Random(batch * heads, tokens);
        Tensor dO = Random(rows, width), dQ = Random(rows, width), dK = Random(rows, width), dV = Random(rows, width);
        var product = 2.0 * rows * tokens * width;
        var forward = Seconds(() => device.Ops.Attention(q, k, v, o, lse, batch, heads));
        var backward = Seconds(() => device.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads));
        return (2 * product / forward / 1e9, 5 * product / backward / 1e9);
    }

    /// <summary>GB/s of a large copy, reading and writing counted.</summary>
    public double Copy()
    {
        const int Rows = 4096, Cols = 4096;     // 64 MiB: more than caches hold
        Tensor x = Random(Rows, Cols), y = Random(Rows, Cols);
        return 2.0 * x.Count * sizeof(float) / Seconds(() => device.Ops.Copy(x, y)) / 1e9;
    }

    double Seconds(Action run)
    {
        run();
        device.Synchronize();
        List<double> times = [];
        for (var all = Stopwatch.StartNew(); all.Elapsed.TotalSeconds < LeastSeconds || times.Count < 3;)
        {
            var clock = Stopwatch.StartNew();
            run();
            device.Synchronize();
            times.Add(clock.Elapsed.TotalSeconds);
        }
        times.Sort();
        return times[times.Count / 2];
    }

    Tensor Random(int rows, int cols)
    {
        var buffer = device.Allocate((long)rows * cols, "operands");
        buffers.Add(buffer);
        var random = new Random(buffers.Count);
        var values = new float[rows * cols];
        foreach (ref var x in values.AsSpan()) x = 2 * random.NextSingle() - 1;
        device.Upload<float>(values, buffer.View.AsContiguous());
        return new(buffer.View.AsContiguous(), rows, cols);
    }

    public void Dispose()
    {
        foreach (var buffer in buffers) device.Free(buffer);
    }
}
