namespace Silc;

/// <summary>What becomes of the sums of a product.</summary>
interface IEpilogue
{
    /// <summary>
    /// Takes four neighbours of a row, the first of them in a column that 4 divides; those outside of C are dropped.
    /// </summary>
    void Store(int row, int column, long offset, Float4 sums);
}

/// <summary>
/// The size of a product's result, and whether all that has its shape can be read and written 16 bytes at a time.
/// </summary>
readonly struct Cells(int m, int n, int fours)
{
    public bool Has(int row, int column) => row < m && column < n;

    public Float4 Load<TValues>(MatrixAt x, int row, int column) where TValues : struct, IValues
    {
        var at = x.At(row, column);
        if (TValues.Halves || fours != 0) return TValues.Load(at);
        return Unaligned.Four(at, row, m, column, n);
    }

    public void Store<TValues>(MatrixAt x, int row, int column, Float4 value) where TValues : struct, IValues
    {
        var at = x.At(row, column);
        if (TValues.Halves || fours != 0) TValues.Store(at, value);
        else
        {
            Ptx.Store(at, value.X);
            Ptx.Store(at + 4, value.Y, column + 1, n);
            Ptx.Store(at + 8, value.Z, column + 2, n);
            Ptx.Store(at + 12, value.W, column + 3, n);
        }
    }
}

/// <summary>
/// C = sums + bias row + addend, each optional, both float32. C may begin <c>offset</c> elements further on.
/// </summary>
readonly struct Sums<TValues>(MatrixAt c, MatrixAt bias, MatrixAt addend, Cells cells) : IEpilogue where TValues : struct, IValues
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        if (bias.Address != 0) sums += cells.Load<FloatValues>(bias.Row(row), row, column);
        if (addend.Address != 0) sums += cells.Load<FloatValues>(addend, row, column);
        cells.Store<TValues>(c.From(offset), row, column, sums);
    }
}

/// <summary>h = sums + bias row; y = gelu(h).</summary>
readonly struct SumsToGelu<TValues>(MatrixAt h, MatrixAt y, MatrixAt bias, Cells cells, int kind) : IEpilogue
    where TValues : struct, IValues
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        sums += cells.Load<FloatValues>(bias.Row(row), row, column);
        cells.Store<TValues>(h, row, column, sums);
        cells.Store<TValues>(y, row, column, sums * GeluMath<Four>.Gate(new(sums), kind).Values);
    }
}

/// <summary>dh = sums · gelu'(h); y = gelu(h) again.</summary>
readonly struct SumsToGeluGrad<TValues>(MatrixAt h, MatrixAt dh, MatrixAt y, Cells cells, int kind) : IEpilogue
    where TValues : struct, IValues
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        var x = cells.Load<TValues>(h, row, column);
        var gate = GeluMath<Four>.Gate(new(x), kind);
        cells.Store<TValues>(y, row, column, x * gate.Values);
        cells.Store<TValues>(dh, row, column, sums * GeluMath<Four>.Slope(new(x), gate, kind).Values);
    }
}
