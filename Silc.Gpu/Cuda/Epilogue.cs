namespace Silc;

/// <summary>What becomes of the sums of a product.</summary>
interface IEpilogue
{
    /// <summary>
    /// Takes four neighbours of a row, the first of them in a column that 4 divides; those outside of C are dropped.
    /// </summary>
    void Store(int row, int column, long offset, Float4 sums);

    /// <summary>As Store, for rows row, row + 4, row + 8 and row + 12: what it reads for them it reads at once.</summary>
    void Store(int row, int column, long offset, EpilogueQuads sums);
}

/// <summary>Four neighbours of each of four rows.</summary>
readonly struct EpilogueQuads(Float4 r0, Float4 r1, Float4 r2, Float4 r3)
{
    /// <summary>From one of them to the next.</summary>
    public const int Step = 4;

    public readonly Float4 R0 = r0, R1 = r1, R2 = r2, R3 = r3;

    public static EpilogueQuads operator +(EpilogueQuads a, EpilogueQuads b) => new(a.R0 + b.R0, a.R1 + b.R1, a.R2 + b.R2, a.R3 + b.R3);
    public static EpilogueQuads operator +(EpilogueQuads a, Float4 b) => new(a.R0 + b, a.R1 + b, a.R2 + b, a.R3 + b);
    public static EpilogueQuads operator *(EpilogueQuads a, EpilogueQuads b) => new(a.R0 * b.R0, a.R1 * b.R1, a.R2 * b.R2, a.R3 * b.R3);
}

/// <summary>
/// The size of a product's result, and whether all that has its shape can be read and written 16 bytes at a time.
/// </summary>
readonly struct EpilogueShape(int m, int n, int fours)
{
    public bool Has(int row, int column) => row < m && column < n;

    /// <summary>What there is of four neighbours, zeros outside.</summary>
    public Float4 Load<TValues>(MatrixPointer x, int row, int column) where TValues : struct, IQuadAccess
    {
        var at = x.At(row, column);
        return TValues.IsBf16 || fours != 0 ? TValues.Load(at, row, m, column, n) : ScalarLoad.Four(at, row, m, column, n);
    }

    public EpilogueQuads LoadRows<TValues>(MatrixPointer x, int row, int column) where TValues : struct, IQuadAccess => new(
        Load<TValues>(x, row, column), Load<TValues>(x, row + EpilogueQuads.Step, column),
        Load<TValues>(x, row + 2 * EpilogueQuads.Step, column), Load<TValues>(x, row + 3 * EpilogueQuads.Step, column));

    public void Store<TValues>(MatrixPointer x, int row, int column, Float4 value) where TValues : struct, IQuadAccess
    {
        if (!Has(row, column)) return;
        var at = x.At(row, column);
        if (TValues.IsBf16 || fours != 0) TValues.Store(at, value);
        else
        {
            Ptx.Store(at, value.X);
            Ptx.Store(at + 4, value.Y, column + 1, n);
            Ptx.Store(at + 8, value.Z, column + 2, n);
            Ptx.Store(at + 12, value.W, column + 3, n);
        }
    }

    public void StoreRows<TValues>(MatrixPointer x, int row, int column, EpilogueQuads values) where TValues : struct, IQuadAccess
    {
        Store<TValues>(x, row, column, values.R0);
        Store<TValues>(x, row + EpilogueQuads.Step, column, values.R1);
        Store<TValues>(x, row + 2 * EpilogueQuads.Step, column, values.R2);
        Store<TValues>(x, row + 3 * EpilogueQuads.Step, column, values.R3);
    }
}

/// <summary>
/// C = sums + bias row + addend, each optional, both float32. C may begin <c>offset</c> elements further on.
/// </summary>
readonly struct BiasEpilogue<TValues>(MatrixPointer c, MatrixPointer bias, MatrixPointer addend, EpilogueShape cells) : IEpilogue where TValues : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (bias.Address != 0) sums += cells.Load<Float32Quads>(bias.Row(row), row, column);
        if (addend.Address != 0) sums += cells.Load<Float32Quads>(addend, row, column);
        cells.Store<TValues>(c.From(offset), row, column, sums);
    }

    public void Store(int row, int column, long offset, EpilogueQuads sums)
    {
        if (addend.Address != 0) sums += cells.LoadRows<Float32Quads>(addend, row, column);
        if (bias.Address != 0) sums += cells.Load<Float32Quads>(bias.Row(row), row, column);
        cells.StoreRows<TValues>(c.From(offset), row, column, sums);
    }
}

/// <summary>h = sums + bias row; y = gelu(h).</summary>
readonly struct BiasGeluEpilogue<TValues>(MatrixPointer h, MatrixPointer y, MatrixPointer bias, EpilogueShape cells, int kind) : IEpilogue
    where TValues : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        sums += cells.Load<Float32Quads>(bias.Row(row), row, column);
        cells.Store<TValues>(h, row, column, sums);
        cells.Store<TValues>(y, row, column, sums * CudaGelu.Gate(sums, kind));
    }

    public void Store(int row, int column, long offset, EpilogueQuads sums)
    {
        sums += cells.Load<Float32Quads>(bias.Row(row), row, column);
        cells.StoreRows<TValues>(h, row, column, sums);
        cells.StoreRows<TValues>(y, row, column, sums
            * new EpilogueQuads(CudaGelu.Gate(sums.R0, kind), CudaGelu.Gate(sums.R1, kind), CudaGelu.Gate(sums.R2, kind), CudaGelu.Gate(sums.R3, kind)));
    }
}

/// <summary>dh = sums · gelu'(h); y = gelu(h) again.</summary>
readonly struct BiasGeluGradEpilogue<TValues>(MatrixPointer h, MatrixPointer dh, MatrixPointer y, EpilogueShape cells, int kind) : IEpilogue
    where TValues : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 sums) => Store(row, column, sums, cells.Load<TValues>(h, row, column));

    public void Store(int row, int column, long offset, EpilogueQuads sums)
    {
        var x = cells.LoadRows<TValues>(h, row, column);
        Store(row, column, sums.R0, x.R0);
        Store(row + EpilogueQuads.Step, column, sums.R1, x.R1);
        Store(row + 2 * EpilogueQuads.Step, column, sums.R2, x.R2);
        Store(row + 3 * EpilogueQuads.Step, column, sums.R3, x.R3);
    }

    void Store(int row, int column, Float4 sums, Float4 x)
    {
        var gate = CudaGelu.Gate(x, kind);
        cells.Store<TValues>(y, row, column, x * gate);
        cells.Store<TValues>(dh, row, column, sums * CudaGelu.Slope(x, gate, kind));
    }
}
