using ILGPU;

namespace Silc;

/// <summary>Every operation, written once: kernels generic over how many floats a thread takes at a time. One file an operation.</summary>
partial class Ops<TPack>(Device device) : Ops(device) where TPack : struct, IPack<TPack>
{
    /// <summary>The memory of a tensor without gaps.</summary>
    protected static ArrayView<float> Dense(Tensor x) => x.IsDense
        ? x.View
        : throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor of stride {x.Stride} has gaps between its rows");

    /// <summary>Throws unless both have one shape.</summary>
    protected static void Same(Tensor x, Tensor y)
    {
        if (x.Rows != y.Rows || x.Cols != y.Cols) throw new ArgumentException($"shapes differ: {x.Rows} x {x.Cols} and {y.Rows} x {y.Cols}");
    }
}
