using ILGPU;
using ILGPU.Runtime;

namespace Silc.Samples.Bench;

/// <summary>
/// Times products, attention and norms of a preset's training step with every choice of CUDA's tiles, stages and launch bounds that there is for
/// them, one choice at a time. Other devices have no choices: their table has one line a shape.
/// </summary>
/// <param name="device">Where.</param>
/// <param name="to">The table.</param>
/// <param name="least">Seconds that each timing takes at least.</param>
sealed class SweepBench(Device device, TextWriter to, double least = 0.02) : IDisposable
{
    readonly record struct Timing(string Shape, string Choice, double Microseconds);

    readonly List<MemoryBuffer1D<float, Stride1D.Dense>> buffers = [];
    readonly List<Timing> timings = [];
    readonly Ops usual = device.Ops;

    public void Run(SilcConfig config, int batch)
    {
        to.WriteLine($"{"shape",-40} {"us",9} {"TFLOP/s",8} {"GB/s",8}  choice");
        using (var products = new ProductBench(device))
            products.Visit(config, batch, (name, m, n, k, run) => Time($"{name} {m} x {n} x {k}",
                OfProducts(name.Contains(" dW", StringComparison.Ordinal)), run, flops: 2.0 * m * n * k));
        var (views, image, text) = (config.Views, config.Image, config.Text);
        int Tokens(int size) => size / config.PatchSize * (size / config.PatchSize);
        Attention("global", batch * views.Global, Tokens(config.ImageSize), image.Heads, image.Width);
        Attention("local", batch * views.Local, Tokens(views.LocalSize), image.Heads, image.Width);
        Attention("text", batch, config.TextLength, text.Heads, text.Width);
        Norm("global", batch * views.Global * Tokens(config.ImageSize), image.Width);
        Norm("text", batch * config.TextLength, text.Width);
        Summary();
    }

    void Attention(string name, int batch, int tokens, int heads, int width)
    {
        var (rows, stored) = (batch * tokens, device.Ops.Activations(width, width / heads));
        Tensor q = Random(rows, width, stored), k = Random(rows, width, stored), v = Random(rows, width, stored), o = Random(rows, width, stored),
            dO = Random(rows, width, stored), dQ = Random(rows, width, stored), dK = Random(rows, width, stored), dV = Random(rows, width, stored),
            lse = Random(batch * heads, tokens, DType.Float32);
        var product = 2.0 * rows * tokens * width;
        var shape = $"{batch} x {heads} heads of {tokens} x {width / heads}";
        Time($"{name} attention {shape}", OfAttention(), () => device.Ops.Attention(q, k, v, o, lse, batch, heads), flops: 2 * product);
        Time($"{name} d attention {shape}", Of(CudaChoice.AttentionGradBlocks, OnBf16),
            () => device.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads), flops: 5 * product);
        Dispose();
    }

    void Norm(string name, int rows, int width)
    {
        var stored = device.Ops.Activations(width);
        var (bytes, copied) = stored == DType.BFloat16 ? (sizeof(ushort), sizeof(ushort)) : (sizeof(float), 0);
        Tensor x = Random(rows, width, DType.Float32), y = Random(rows, width, stored), dy = Random(rows, width, stored),
            dx = Random(rows, width, DType.Float32), rounded = stored == DType.BFloat16 ? Random(rows, width, stored) : default,
            scale = Random(1, width, DType.Float32), bias = Random(1, width, DType.Float32), mean = Random(1, rows, DType.Float32),
            rstd = Random(1, rows, DType.Float32),
            dScale = Random(1, width, DType.Float32), dBias = Random(1, width, DType.Float32);
        double values = (double)rows * width;
        Time($"{name} norm {rows} x {width}", [usual as CudaOps], () => device.Ops.LayerNormForward(x, scale, bias, y, mean, rstd, 1e-6f),
            bytes: values * (sizeof(float) + bytes));
        Time($"{name} d norm {rows} x {width}", Of(CudaChoice.NormBlocks, true),
            () => device.Ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, true, rounded),
            bytes: values * (3 * sizeof(float) + bytes + copied));
        Dispose();
    }

    Precision Precision => usual is CudaOps ops ? ops.Precision : device.Precision;

    bool OnBf16 => Precision == Precision.Bf16;

    // Where the GPU has wgmma, every choice of mma.sync's kernel goes with SILC_WGMMA=0.
    IEnumerable<CudaOps?> OfProducts(bool splits)
    {
        if (usual is not CudaOps ops) return [null];
        List<CudaOps> all = [];
        bool wgmma = ops is { TensorMaps: not null, Tuning: var tuning } && tuning[CudaChoice.Wgmma] == 1 && OnBf16;
        CudaChoice[] common = splits ? [CudaChoice.TileGroup, CudaChoice.Splits] : [CudaChoice.TileGroup];
        if (wgmma) Add(ops.Tuning, [CudaChoice.WgmmaStages, .. common]);
        Add(wgmma ? ops.Tuning.With(CudaChoice.Wgmma, 0) : ops.Tuning, [.. Precision switch
        {
            Precision.Bf16 => [CudaChoice.Bf16Stages],
            Precision.Tf32 => [CudaChoice.Tf32Blocks],
            _ => (CudaChoice[])[CudaChoice.Float32Blocks],
        }, .. common]);
        return all;

        void Add(CudaTuning from, CudaChoice[] choices)
        {
            all.Add(With(ops, from));
            foreach (var choice in choices) all.AddRange(Others(ops, from, choice));
        }
    }

    // Blocks are chosen for 16 queries a warp.
    IEnumerable<CudaOps?> OfAttention()
    {
        if (usual is not CudaOps ops || !OnBf16) return [usual as CudaOps];
        var narrow = ops.Tuning.With(CudaChoice.AttentionRows, 16);
        return [ops, With(ops, ops.Tuning.With(CudaChoice.AttentionRows, 32)),
            .. CudaTuning.Values(CudaChoice.AttentionBlocks).Where(blocks => blocks > 0)
                .Select(blocks => With(ops, narrow.With(CudaChoice.AttentionBlocks, blocks)))];
    }

    IEnumerable<CudaOps?> Of(CudaChoice choice, bool has) =>
        usual is CudaOps ops && has ? [ops, .. Others(ops, ops.Tuning, choice)] : [usual as CudaOps];

    IEnumerable<CudaOps> Others(CudaOps ops, CudaTuning from, CudaChoice choice) =>
        CudaTuning.Values(choice).Where(value => value != from[choice]).Select(value => With(ops, from.With(choice, value)));

    CudaOps With(CudaOps ops, CudaTuning tuning) => new(device, Precision) { TensorMaps = ops.TensorMaps, Tuning = tuning };

    void Time(string shape, IEnumerable<CudaOps?> choices, Action run, double flops = 0, double bytes = 0)
    {
        foreach (var ops in choices)
        {
            device.Ops = ops ?? usual;
            try
            {
                var seconds = BenchClock.Seconds(device, run, least);
                timings.Add(new(shape, NameOf(ops), 1e6 * seconds));
                to.WriteLine($"{shape,-40} {1e6 * seconds,9:F1} {Rate(flops, 1e12),8} {Rate(bytes, 1e9),8}  {NameOf(ops)}");

                string Rate(double work, double unit) => work > 0 ? $"{work / seconds / unit:F1}" : "";
            }
            finally
            {
                device.Ops = usual;
            }
        }
        // At once, for a sweep may be stopped.
        var shapes = timings.Where(timing => timing.Shape == shape).ToArray();
        var best = shapes.MinBy(timing => timing.Microseconds);
        to.WriteLine($"best of {shape}: {best.Choice}, {best.Microseconds:F1} us, {best.Microseconds / shapes[0].Microseconds:F3} of the default's");
    }

    static string NameOf(CudaOps? ops) => ops?.Tuning.ToString() is { Length: > 0 } text ? text : "default";

    void Summary()
    {
        to.WriteLine();
        to.WriteLine("shapes  sum of their times, of the default's   choice");
        foreach (var choice in timings.GroupBy(timing => timing.Choice))
        {
            var usually = choice.Sum(timing => timings.First(other => other.Shape == timing.Shape).Microseconds);
            to.WriteLine($"{choice.Count(),6} {choice.Sum(timing => timing.Microseconds) / usually,40:F3}   {choice.Key}");
        }
    }

    Tensor Random(int rows, int cols, DType stored)
    {
        long floats = (long)rows * cols / (stored == DType.BFloat16 ? 2 : 1);
        var buffer = device.Allocate(floats, "operands");
        buffers.Add(buffer);
        // The same bits as float32 and as bf16: each half is a number of [0.5, 1).
        var values = new float[floats];
        var random = new Random(buffers.Count);
        foreach (ref var x in values.AsSpan())
            x = BitConverter.UInt32BitsToSingle((uint)random.Next(0x80) | 0x3f00u | ((uint)random.Next(0x80) | 0x3f00u) << 16);
        device.Upload<float>(values, buffer.View.AsContiguous());
        return new(buffer.View.AsContiguous(), rows, cols, stored);
    }

    public void Dispose()
    {
        foreach (var buffer in buffers) device.Free(buffer);
        buffers.Clear();
    }
}
