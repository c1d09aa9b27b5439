namespace Silc;

/// <summary>A matrix by address: element (row, column) is at <c>Address + Bytes (row · Stride + column)</c>. Address 0 is no matrix.</summary>
readonly struct MatrixPointer(long address, int stride, int bytes = sizeof(float))
{
    public readonly long Address = address;
    public readonly int Stride = stride, Bytes = bytes;

    public long At(int row, int column) => Address + Bytes * ((long)row * Stride + column);

    /// <summary>Broadcasts a single row: the address is moved back, so that row <paramref name="row"/> is that row.</summary>
    public MatrixPointer BroadcastRow(int row) => new(Address - Bytes * (long)row * Stride, Stride, Bytes);

    public MatrixPointer Offset(long elements) => new(Address + Bytes * elements, Stride, Bytes);
}
