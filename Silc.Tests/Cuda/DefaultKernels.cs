namespace Silc.Tests;

/// <summary>
/// The kernels of products, attention, norms and sums that a GPU is given without any choice, in each precision and form: operands that vectors
/// fit or do not, layouts, epilogues, sizes of heads. Nothing runs.
/// </summary>
static class DefaultKernels
{
    public static IReadOnlyCollection<Type> Of((int Major, int Minor) capability)
    {
        var recorder = new Recorder();
        foreach (var precision in new[] { Precision.Float32, Precision.Tf32, Precision.Bf16 })
            if (capability.Major >= 8 || precision == Precision.Float32) Launch(precision, capability, recorder);
        return recorder.Kernels;
    }

    static void Launch(Precision precision, (int, int) capability, Recorder recorder)
    {
        using var device = Device.Cpu(132);
        device.Launcher = recorder;
        var ops = new CudaOps(device, precision)
        {
            Tuning = CudaTuning.Default,
            Capability = capability,
            TensorMaps = capability == (9, 0) ? new EmulatedTensorMaps() : null,
        };
        device.Ops = ops;
        var types = precision == Precision.Bf16 ? new[] { DType.Float32, DType.BFloat16 } : [DType.Float32];
        foreach (var type in types)
            foreach (var width in type == DType.Float32 ? new[] { 256, 255 } : [256])
                foreach (var rows in new[] { 256, 8192 })
                {
                    Tensor Of(int rows, int cols, DType type) => new(default, rows, cols, type);
                    Tensor x = Of(rows, width, type), w = Of(width, width, type), bias = Of(1, width, DType.Float32);
                    foreach (var result in types)
                    {
                        if (result == DType.BFloat16 && width % 8 != 0) continue;
                        var y = Of(rows, width, result);
                        ops.MatMul(x, w, y, bias: bias);
                        ops.MatMul(x, w, y, Transpose.B);
                        ops.MatMul(x, x, Of(width, width, result), Transpose.A);
                        foreach (var kind in Enum.GetValues<GeluKind>())
                        {
                            ops.MatMulGelu(x, w, bias, y, y, kind);
                            ops.MatMulGeluBackward(x, w, y, y, y, kind);
                        }
                    }
                    Tensor sum = Of(rows, width, DType.Float32), square = Of(width, width, DType.Float32), column = Of(rows, 1, DType.Float32);
                    ops.MatMul(x, w, sum, addend: sum);
                    ops.MatMul(x, w, sum, Transpose.B, addend: sum);
                    ops.LinearGrads(x, x, square, bias);
                    ops.SumRows(x, bias);
                    if (width % 4 != 0) continue;
                    ops.LayerNormForward(sum, bias, bias, Of(rows, width, type), column, column, 1e-6f);
                    ops.LayerNormBackward(x, sum, bias, column, column, sum, bias, bias, true, type == DType.BFloat16 ? x : default);
                    foreach (var size in new[] { 32, 64, 80, 128 })
                        foreach (var tokens in new[] { 32, 64, 96, 256 })
                        {
                            Tensor head = Of(tokens, size, type), lse = Of(1, tokens, DType.Float32);
                            ops.Attention(head, head, head, head, lse, 1, 1);
                            ops.AttentionBackward(head, head, head, head, head, lse, head, head, head, 1, 1);
                        }
                }
    }

    sealed class Recorder : ILauncher
    {
        public HashSet<Type> Kernels { get; } = [];

        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            Kernels.Add(typeof(TKernel));
    }
}
