using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>CUDA's operations: products and attention are its own, in the given precision; everything else is a float a thread.</summary>
sealed partial class CudaOps(Device device, Precision precision) : Ops<One>(device)
{
    static MatrixAt At(Tensor x) => new(Address(x.View), x.Stride);

    // A dry run has no memory behind its tensors, and what is left out has no view.
    static long Address(ArrayView<float> view) => view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0;

    static int Pieces(int size, int piece) => (size + piece - 1) / piece;
}
