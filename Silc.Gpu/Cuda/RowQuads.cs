namespace Silc;

/// <summary>Vectors of four of each of four rows, whose loads are in flight together.</summary>
readonly struct RowQuads(Float4 r0, Float4 r1, Float4 r2, Float4 r3)
{
    public readonly Float4 R0 = r0, R1 = r1, R2 = r2, R3 = r3;

    public static RowQuads operator +(RowQuads a, RowQuads b) => new(a.R0 + b.R0, a.R1 + b.R1, a.R2 + b.R2, a.R3 + b.R3);
    public static RowQuads operator -(RowQuads a, RowQuads b) => new(a.R0 - b.R0, a.R1 - b.R1, a.R2 - b.R2, a.R3 - b.R3);
    public static RowQuads operator *(RowQuads a, RowQuads b) => new(a.R0 * b.R0, a.R1 * b.R1, a.R2 * b.R2, a.R3 * b.R3);

    /// <summary>Each column times its factor.</summary>
    public static RowQuads operator *(RowQuads a, Float4 columns) => new(a.R0 * columns, a.R1 * columns, a.R2 * columns, a.R3 * columns);

    /// <summary>Each row less its value.</summary>
    public RowQuads SubtractRows(Float4 rows) =>
        new(R0 - WarpReduce.Broadcast(rows.X), R1 - WarpReduce.Broadcast(rows.Y), R2 - WarpReduce.Broadcast(rows.Z),
            R3 - WarpReduce.Broadcast(rows.W));

    /// <summary>Each row times its factor.</summary>
    public RowQuads ScaleRows(Float4 rows) => new(R0 * rows.X, R1 * rows.Y, R2 * rows.Z, R3 * rows.W);

    /// <summary>The sum of the four rows.</summary>
    public Float4 SumOfRows => R0 + R1 + (R2 + R3);

    /// <summary>Each row's sum over the columns of a warp, in every lane.</summary>
    public Float4 WarpSums => new(WarpReduce.Sum(R0), WarpReduce.Sum(R1), WarpReduce.Sum(R2), WarpReduce.Sum(R3));
}

/// <summary>
/// Where four rows lie, <paramref name="rowStep"/> rows and <paramref name="stepBytes"/> bytes from one to the next. Accesses are
/// predicated: outside of the matrix zeros are loaded, and nothing is stored.
/// </summary>
readonly struct RowQuadsPointer(long stepBytes, int rowStep, int column, int columns)
{
    public RowQuadsPointer(MatrixPointer x, int rowStep, int column, int columns)
        : this(Ptx.Hold((long)rowStep * x.Bytes * x.Stride), rowStep, column, columns)
    {
    }

    /// <summary>The address of the next four rows.</summary>
    public long Next(long address) => address + 4 * stepBytes;

    public RowQuads Load<TQuads>(long address, int row, int rows) where TQuads : struct, IQuadAccess => new(
        TQuads.Load(address, row, rows, column, columns), TQuads.Load(address + stepBytes, row + rowStep, rows, column, columns),
        TQuads.Load(address + 2 * stepBytes, row + 2 * rowStep, rows, column, columns),
        TQuads.Load(address + 3 * stepBytes, row + 3 * rowStep, rows, column, columns));

    public void Store<TQuads>(long address, RowQuads values, int row, int rows) where TQuads : struct, IQuadAccess
    {
        TQuads.Store(address, values.R0, row, rows, column, columns);
        TQuads.Store(address + stepBytes, values.R1, row + rowStep, rows, column, columns);
        TQuads.Store(address + 2 * stepBytes, values.R2, row + 2 * rowStep, rows, column, columns);
        TQuads.Store(address + 3 * stepBytes, values.R3, row + 3 * rowStep, rows, column, columns);
    }
}
