namespace Silc;

/// <summary>
/// A matrix by its address: element (row, column) is at <c>Address + 4 (row · Stride + column)</c>. Address 0 is no matrix.
/// </summary>
readonly struct MatrixAt(long address, int stride)
{
    public readonly long Address = address;
    public readonly int Stride = stride;

    public long At(int row, int column) => Address + 4 * ((long)row * Stride + column);

    /// <summary>
    /// Of a single row, which stands for every row: as if it began so much earlier that it is found at <paramref name="row"/>.
    /// </summary>
    public MatrixAt Row(int row) => new(Address - 4 * (long)row * Stride, Stride);

    public MatrixAt From(long floats) => new(Address + 4 * floats, Stride);
}
