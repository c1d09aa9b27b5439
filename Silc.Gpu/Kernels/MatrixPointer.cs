namespace Silc;

/// <summary>
/// A matrix by its address: element (row, column) is at <c>Address + Bytes (row · Stride + column)</c>. Address 0 is no matrix.
/// </summary>
readonly struct MatrixPointer(long address, int stride, int bytes = sizeof(float))
{
    public readonly long Address = address;
    public readonly int Stride = stride, Bytes = bytes;

    public long At(int row, int column) => Address + Bytes * ((long)row * Stride + column);

    /// <summary>
    /// Of a single row, which stands for every row: as if it began so much earlier that it is found at <paramref name="row"/>.
    /// </summary>
    public MatrixPointer Row(int row) => new(Address - Bytes * (long)row * Stride, Stride, Bytes);

    public MatrixPointer From(long elements) => new(Address + Bytes * elements, Stride, Bytes);
}
