using ILGPU;

namespace Silc;

/// <summary>
/// A matrix in device memory, passed by value: element (r, c) is <c>View[r · Stride + c]</c>. It owns nothing; <see cref="Parameters"/>,
/// <see cref="Arena"/> and <see cref="Device"/> do. Tensors of more dimensions are flattened to (rows, channels), e.g. (B·T, C).
/// </summary>
/// <param name="View">The memory, from element (0, 0) on.</param>
/// <param name="Rows">Rows N.</param>
/// <param name="Cols">Columns C.</param>
/// <param name="Stride">Floats from one row to the next.</param>
public readonly record struct Tensor(ArrayView<float> View, int Rows, int Cols, int Stride)
{
    /// <summary>A matrix without gaps between its rows.</summary>
    public Tensor(ArrayView<float> view, int rows, int cols) : this(view, rows, cols, cols) { }

    /// <summary>Number of elements.</summary>
    public int Count => Rows * Cols;

    /// <summary>True when there are no gaps between the rows.</summary>
    public bool IsDense => Stride == Cols || Rows == 1;

    /// <summary>Columns <paramref name="start"/> up to <paramref name="start"/> + <paramref name="count"/>, of every row.</summary>
    public Tensor Columns(int start, int count) => new(Sub(start), Rows, count, Stride);

    /// <summary>Rows <paramref name="start"/> up to <paramref name="start"/> + <paramref name="count"/>.</summary>
    public Tensor Slice(int start, int count) => new(Sub((long)start * Stride), count, Cols, Stride);

    /// <summary>The same dense memory with another number of columns.</summary>
    public Tensor Reshape(int rows, int cols) => IsDense && rows * cols == Count
        ? new(View, rows, cols)
        : throw new ArgumentException($"a {Rows} x {Cols} tensor of stride {Stride} cannot be read as {rows} x {cols}");

    // A dry run has no memory behind its tensors.
    ArrayView<float> Sub(long start) => View.IsValid ? View.SubView(start, View.Length - start) : View;
}
