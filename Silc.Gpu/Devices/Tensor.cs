using ILGPU;

namespace Silc;

/// <summary>
/// A matrix in device memory, passed by value: element (r, c) is <c>View[r · Stride + c]</c>, or a 16-bit half of the float at half that
/// index (<see cref="DType.BFloat16"/>). It owns nothing; <see cref="Parameters"/>, <see cref="Arena"/> and <see cref="Device"/> do.
/// Tensors of more dimensions are flattened to (rows, channels), e.g. (B·T, C). Threads: immutable; any number may share it.
/// </summary>
/// <param name="View">The memory, from element (0, 0) on.</param>
/// <param name="Rows">Rows N.</param>
/// <param name="Cols">Columns C.</param>
/// <param name="Stride">Elements from one row to the next.</param>
/// <param name="DType">Element type.</param>
readonly record struct Tensor(ArrayView<float> View, int Rows, int Cols, int Stride, DType DType = DType.Float32)
{
    /// <summary>A matrix without gaps between its rows.</summary>
    public Tensor(ArrayView<float> view, int rows, int cols, DType dtype = DType.Float32) : this(view, rows, cols, cols, dtype) { }

    /// <summary>Number of elements, which kernels index in 32 bits.</summary>
    /// <exception cref="InvalidOperationException">There are more than 2³¹ - 1; the message has the sizes.</exception>
    public int Count => Times(Rows, Cols);

    /// <summary>Rows of <paramref name="count"/> images or captions of so many tokens each.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Count"/>.</exception>
    internal static int RowsOf(int count, int each) => Times(count, each);

    static int Times(int rows, int cols) => (long)rows * cols is var count && count <= int.MaxValue ? (int)count : throw TooLarge(rows, cols);

    static InvalidOperationException TooLarge(int rows, int cols) =>
        new($"{rows:N0} x {cols:N0} numbers are more than the 2,147,483,647 that one tensor "
        + "can have: use a smaller batch, or --accumulate (TrainConfig.Accumulate) to send it through in slices");

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes => DType == DType.BFloat16 ? sizeof(ushort) : sizeof(float);

    /// <summary>True when there are no gaps between the rows.</summary>
    public bool IsDense => Stride == Cols || Rows == 1;

    /// <summary>Columns <paramref name="start"/> up to <paramref name="start"/> + <paramref name="count"/>, of every row.</summary>
    public Tensor Columns(int start, int count) => new(Sub(start), Rows, count, Stride, DType);

    /// <summary>Rows <paramref name="start"/> up to <paramref name="start"/> + <paramref name="count"/>.</summary>
    public Tensor Slice(int start, int count) => new(Sub((long)start * Stride), count, Cols, Stride, DType);

    /// <summary>The same dense memory with another number of columns.</summary>
    public Tensor Reshape(int rows, int cols) => IsDense && (long)rows * cols == Count
        ? new(View, rows, cols, DType)
        : throw new ArgumentException($"a {Rows} x {Cols} tensor of stride {Stride} cannot be read as {rows} x {cols}");

    // A dry run has no memory behind its tensors.
    ArrayView<float> Sub(long start)
    {
        long bytes = start * ElementBytes, floats = bytes / sizeof(float);
        if (bytes % sizeof(float) != 0) throw new ArgumentException($"element {start} of a bfloat16 tensor begins inside of a word");
        return View.IsValid ? View.SubView(floats, View.Length - floats) : View;
    }
}
