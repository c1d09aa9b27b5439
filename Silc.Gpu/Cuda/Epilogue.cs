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

    public Float4 Load(MatrixAt x, int row, int column)
    {
        var at = x.At(row, column);
        if (fours != 0) return Ptx.Load4(at);
        return Unaligned.Four(at, row, m, column, n);
    }

    public void Store(MatrixAt x, int row, int column, Float4 value)
    {
        var at = x.At(row, column);
        if (fours != 0) Ptx.Store4(at, value);
        else
        {
            Ptx.Store(at, value.X);
            Ptx.Store(at + 4, value.Y, column + 1, n);
            Ptx.Store(at + 8, value.Z, column + 2, n);
            Ptx.Store(at + 12, value.W, column + 3, n);
        }
    }
}

/// <summary>C = sums + bias row + addend, each optional. C may begin <c>offset</c> floats further on.</summary>
readonly struct Sums(MatrixAt c, MatrixAt bias, MatrixAt addend, Cells cells) : IEpilogue
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        if (bias.Address != 0) sums += cells.Load(bias.Row(row), row, column);
        if (addend.Address != 0) sums += cells.Load(addend, row, column);
        cells.Store(c.From(offset), row, column, sums);
    }
}

/// <summary>h = sums + bias row; y = gelu(h), the tanh form.</summary>
readonly struct SumsToGelu(MatrixAt h, MatrixAt y, MatrixAt bias, Cells cells) : IEpilogue
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        sums += cells.Load(bias.Row(row), row, column);
        cells.Store(h, row, column, sums);
        cells.Store(y, row, column, new(Gelu(sums.X), Gelu(sums.Y), Gelu(sums.Z), Gelu(sums.W)));
    }

    static float Gelu(float x) => x * One.Sum(GeluMath<One>.Gate(new(x), (int)GeluKind.Tanh));
}

/// <summary>dh = sums · gelu'(h); y = gelu(h) again.</summary>
readonly struct SumsToGeluGrad(MatrixAt h, MatrixAt dh, MatrixAt y, Cells cells) : IEpilogue
{
    public void Store(int row, int column, long offset, Float4 sums)
    {
        if (!cells.Has(row, column)) return;
        var x = cells.Load(h, row, column);
        var gate = new Float4(Gate(x.X), Gate(x.Y), Gate(x.Z), Gate(x.W));
        cells.Store(y, row, column, x * gate);
        cells.Store(dh, row, column, sums * new Float4(Slope(x.X, gate.X), Slope(x.Y, gate.Y), Slope(x.Z, gate.Z), Slope(x.W, gate.W)));
    }

    static float Gate(float x) => One.Sum(GeluMath<One>.Gate(new(x), (int)GeluKind.Tanh));
    static float Slope(float x, float gate) => One.Sum(GeluMath<One>.Slope(new(x), new(gate), (int)GeluKind.Tanh));
}
