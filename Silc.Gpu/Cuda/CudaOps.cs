using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// CUDA's operations: products and attention are its own, in the given precision; everything else is four floats a thread.
/// </summary>
sealed partial class CudaOps(Device device, Precision precision) : Ops<Four>(device)
{
    static MatrixAt At(Tensor x) => new(Address(x.View), x.Stride);

    // A dry run has no memory behind its tensors, and what is left out has no view.
    static long Address(ArrayView<float> view) => view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0;

    // True if every row can be read and written 16 bytes at a time.
    static bool IsAligned(Tensor x) => Address(x.View) % 16 == 0 && x.Stride % 4 == 0;

    static int Pieces(int size, int piece) => (size + piece - 1) / piece;
}
