namespace Silc;

/// <summary>Four neighbours of each of four rows, whose reads are on their way together.</summary>
readonly struct RowQuads(Float4 r0, Float4 r1, Float4 r2, Float4 r3)
{
    public readonly Float4 R0 = r0, R1 = r1, R2 = r2, R3 = r3;

    public static RowQuads operator +(RowQuads a, RowQuads b) => new(a.R0 + b.R0, a.R1 + b.R1, a.R2 + b.R2, a.R3 + b.R3);
    public static RowQuads operator -(RowQuads a, RowQuads b) => new(a.R0 - b.R0, a.R1 - b.R1, a.R2 - b.R2, a.R3 - b.R3);
    public static RowQuads operator *(RowQuads a, RowQuads b) => new(a.R0 * b.R0, a.R1 * b.R1, a.R2 * b.R2, a.R3 * b.R3);

    /// <summary>Times a factor for each of the four columns.</summary>
    public static RowQuads operator *(RowQuads a, Float4 columns) => new(a.R0 * columns, a.R1 * columns, a.R2 * columns, a.R3 * columns);

    /// <summary>Less a number for each row.</summary>
    public RowQuads Less(Float4 rows) =>
        new(R0 - WarpReduce.All(rows.X), R1 - WarpReduce.All(rows.Y), R2 - WarpReduce.All(rows.Z), R3 - WarpReduce.All(rows.W));

    /// <summary>Times a factor for each row.</summary>
    public RowQuads Times(Float4 rows) => new(R0 * rows.X, R1 * rows.Y, R2 * rows.Z, R3 * rows.W);

    /// <summary>The rows' sum.</summary>
    public Float4 Sum => R0 + R1 + (R2 + R3);

    /// <summary>Each row's sum over the columns of a warp, in every lane.</summary>
    public Float4 WarpSums => new(WarpReduce.Of(R0), WarpReduce.Of(R1), WarpReduce.Of(R2), WarpReduce.Of(R3));
}

/// <summary>
/// Where four rows lie, <paramref name="apart"/> rows and <paramref name="next"/> bytes from one to the next, and how many rows and columns there
/// are: outside of them zeros are read, and nothing is stored.
/// </summary>
readonly struct RowQuadsPointer(long next, int apart, int column, int columns)
{
    public RowQuadsPointer(MatrixPointer x, int apart, int column, int columns) : this(Ptx.Hold((long)apart * x.Bytes * x.Stride), apart, column, columns)
    {
    }

    /// <summary>The address of the four rows behind those at an address.</summary>
    public long Behind(long address) => address + 4 * next;

    public RowQuads Read<TValues>(long address, int row, int rows) where TValues : struct, IQuadAccess => new(
        TValues.Load(address, row, rows, column, columns), TValues.Load(address + next, row + apart, rows, column, columns),
        TValues.Load(address + 2 * next, row + 2 * apart, rows, column, columns), TValues.Load(address + 3 * next, row + 3 * apart, rows, column, columns));

    public void Store<TValues>(long address, RowQuads values, int row, int rows) where TValues : struct, IQuadAccess
    {
        TValues.Store(address, values.R0, row, rows, column, columns);
        TValues.Store(address + next, values.R1, row + apart, rows, column, columns);
        TValues.Store(address + 2 * next, values.R2, row + 2 * apart, rows, column, columns);
        TValues.Store(address + 3 * next, values.R3, row + 3 * apart, rows, column, columns);
    }
}
