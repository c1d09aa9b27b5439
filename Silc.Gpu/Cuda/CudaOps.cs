using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// CUDA's operations: products, attention, LayerNorm and what else meets stored bfloat16 are its own, in the given precision; everything
/// else is four floats a thread.
/// </summary>
sealed partial class CudaOps(Device device, Precision precision) : Ops<Pack4>(device)
{
    // Values in 16 bytes, the unit that rows of bfloat16 are made of.
    const int UnitValues = 8;

    public override DType Activations(int cols, int head = 0) =>
        precision == Precision.Bf16 && cols % UnitValues == 0 && head % UnitValues == 0 && head <= LargestHead ? DType.BFloat16 : DType.Float32;

    static MatrixPointer At(Tensor x) => new(Address(x.View), x.Stride, x.ElementBytes);

    // A dry run has no memory behind its tensors, and what is left out has no view.
    static long Address(ArrayView<float> view) => view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0;

    // True if every row can be read and written 16 bytes at a time.
    static bool IsAligned(Tensor x) => Address(x.View) % 16 == 0 && x.Stride * x.ElementBytes % 16 == 0;

    static bool IsBf16(Tensor x) => x.DType == DType.BFloat16;

    // True if four neighbours are always read and written at once, whatever the storage.
    static bool IsOfFours(Tensor x) => x.Cols % 4 == 0 && IsAligned(x);

    static int DivUp(int size, int piece) => (size + piece - 1) / piece;
}
