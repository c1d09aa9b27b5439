using ILGPU;

namespace Silc;

/// <summary>
/// Every operation, written once, as kernels that are generic over the pack: the vector of floats that a thread works on at a time.
/// </summary>
partial class Ops<TPack>(Device device) : Ops(device) where TPack : struct, IPack<TPack>
{
    /// <summary>The memory of a tensor without gaps.</summary>
    protected static ArrayView<float> Dense(Tensor x) => x.IsDense
        ? Floats(x)
        : throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor of stride {x.Stride} has gaps between its rows");

    /// <summary>The memory of a tensor of float32.</summary>
    protected static ArrayView<float> Floats(Tensor x) => x.DType == DType.Float32
        ? x.View
        : throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor is stored as {x.DType}; this operation takes float32");

    /// <summary>Throws unless all are stored as float32.</summary>
    protected static void MustBeFloats(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var x in tensors) Floats(x);
    }

    /// <summary>Throws unless both have one shape.</summary>
    protected static void Same(Tensor x, Tensor y)
    {
        if (x.Rows != y.Rows || x.Cols != y.Cols) throw new ArgumentException($"shapes differ: {x.Rows} x {x.Cols} and {y.Rows} x {y.Cols}");
    }
}
