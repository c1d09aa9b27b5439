using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// CUDA's operations. Matrix products, attention, LayerNorm and whatever else reads or writes bf16 tensors have kernels of their own, in
/// the given precision; everything else is the generic kernels with <see cref="Pack4"/>, four floats a thread.
/// </summary>
sealed partial class CudaOps(Device device, Precision precision) : Ops<Pack4>(device)
{
    internal Precision Precision => precision;

    /// <summary>Tile sizes and launch bounds.</summary>
    internal CudaTuning Tuning { get; init; } = CudaTuning.Of(Environment.GetEnvironmentVariable);

    /// <summary>The GPU's compute capability; 0.0 where there is none.</summary>
    internal (int Major, int Minor) Capability { get; init; } =
        device.Accelerator is CudaAccelerator { Architecture: { } architecture } ? (architecture.Major, architecture.Minor) : default;

    // bf16 values in a vectorized access of 16 bytes; rows of bf16 are a multiple of it.
    const int ValuesPer16Bytes = 8;

    public override DType Activations(int cols, int head = 0) =>
        precision == Precision.Bf16 && cols % ValuesPer16Bytes == 0 && head % ValuesPer16Bytes == 0 && head <= MaxHeadSize
            ? DType.BFloat16 : DType.Float32;

    static MatrixPointer At(Tensor x) => new(Address(x.View), x.Stride, x.ElementBytes);

    // 0 in a dry run, whose tensors have no memory, and for optional tensors that are not given.
    static long Address<T>(ArrayView<T> view) where T : unmanaged => view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0;

    // True if every row starts at a multiple of 16 bytes.
    static bool IsAligned(Tensor x) => Address(x.View) % 16 == 0 && x.Stride * x.ElementBytes % 16 == 0;

    static bool IsBf16(Tensor x) => x.DType == DType.BFloat16;

    // True if every access can be vectorized to four elements, whatever the dtype.
    static bool IsVectorized(Tensor x) => x.Cols % 4 == 0 && IsAligned(x);

    static int DivUp(int size, int unit) => (size + unit - 1) / unit;
}
