namespace Silc;

/// <summary>The epilogue of a GEMM: what is done with the accumulators before C is stored.</summary>
interface IEpilogue
{
    /// <summary>Takes four neighbours of a row, the first in a column that is a multiple of 4; those outside of C are dropped.</summary>
    void Store(int row, int column, long offset, Float4 acc);

    /// <summary>As Store, for rows row, row + 4, row + 8 and row + 12: their loads are in flight together.</summary>
    void Store(int row, int column, long offset, EpilogueQuads acc);

    /// <summary>The bias of four columns; zeros if there is none.</summary>
    Float4 LoadBias(int column);

    /// <summary>As Store for four rows, with the bias and the operand of C's shape loaded before; zeros if there is none.</summary>
    void Store(int row, int column, long offset, EpilogueQuads acc, Float4 bias, EpilogueQuads operand);
}

/// <summary>Vectors of four of each of four rows.</summary>
readonly struct EpilogueQuads(Float4 r0, Float4 r1, Float4 r2, Float4 r3)
{
    /// <summary>Rows from one vector to the next.</summary>
    public const int RowStep = 4;

    public readonly Float4 R0 = r0, R1 = r1, R2 = r2, R3 = r3;

    public static EpilogueQuads operator +(EpilogueQuads a, EpilogueQuads b) => new(a.R0 + b.R0, a.R1 + b.R1, a.R2 + b.R2, a.R3 + b.R3);
    public static EpilogueQuads operator +(EpilogueQuads a, Float4 b) => new(a.R0 + b, a.R1 + b, a.R2 + b, a.R3 + b);
    public static EpilogueQuads operator *(EpilogueQuads a, EpilogueQuads b) => new(a.R0 * b.R0, a.R1 * b.R1, a.R2 * b.R2, a.R3 * b.R3);
}

/// <summary>The size of C, and whether all matrices of its shape allow vectorized accesses of 16 bytes.</summary>
readonly struct EpilogueShape(int m, int n, int vectorized)
{
    public bool Contains(int row, int column) => row < m && column < n;

    /// <summary>Four neighbours, zeros outside of the matrix.</summary>
    public Float4 Load<TQuads>(MatrixPointer x, int row, int column) where TQuads : struct, IQuadAccess
    {
        var at = x.At(row, column);
        return TQuads.IsBf16 || vectorized != 0 ? TQuads.Load(at, row, m, column, n) : ScalarLoad.Load4(at, row, m, column, n);
    }

    /// <summary>Four columns of a matrix of one row of float32.</summary>
    public Float4 LoadRow(MatrixPointer x, int column) => Load<Float32Quads>(x.BroadcastRow(0), 0, column);

    public EpilogueQuads LoadRows<TQuads>(MatrixPointer x, int row, int column) where TQuads : struct, IQuadAccess => new(
        Load<TQuads>(x, row, column), Load<TQuads>(x, row + EpilogueQuads.RowStep, column),
        Load<TQuads>(x, row + 2 * EpilogueQuads.RowStep, column), Load<TQuads>(x, row + 3 * EpilogueQuads.RowStep, column));

    public void Store<TQuads>(MatrixPointer x, int row, int column, Float4 value) where TQuads : struct, IQuadAccess
    {
        if (!Contains(row, column)) return;
        var at = x.At(row, column);
        if (TQuads.IsBf16 || vectorized != 0) TQuads.Store(at, value);
        else
        {
            Ptx.Store(at, value.X);
            Ptx.Store(at + 4, value.Y, column + 1, n);
            Ptx.Store(at + 8, value.Z, column + 2, n);
            Ptx.Store(at + 12, value.W, column + 3, n);
        }
    }

    public void StoreRows<TQuads>(MatrixPointer x, int row, int column, EpilogueQuads values) where TQuads : struct, IQuadAccess
    {
        Store<TQuads>(x, row, column, values.R0);
        Store<TQuads>(x, row + EpilogueQuads.RowStep, column, values.R1);
        Store<TQuads>(x, row + 2 * EpilogueQuads.RowStep, column, values.R2);
        Store<TQuads>(x, row + 3 * EpilogueQuads.RowStep, column, values.R3);
    }
}

/// <summary>C = acc + bias + addend, both optional and float32. C may begin <c>offset</c> elements further on.</summary>
readonly struct BiasEpilogue<TQuads>(MatrixPointer c, MatrixPointer bias, MatrixPointer addend, EpilogueShape shape) : IEpilogue
    where TQuads : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 acc)
    {
        if (bias.Address != 0) acc += shape.Load<Float32Quads>(bias.BroadcastRow(row), row, column);
        if (addend.Address != 0) acc += shape.Load<Float32Quads>(addend, row, column);
        shape.Store<TQuads>(c.Offset(offset), row, column, acc);
    }

    public void Store(int row, int column, long offset, EpilogueQuads acc)
    {
        if (addend.Address != 0) acc += shape.LoadRows<Float32Quads>(addend, row, column);
        Store(row, column, offset, acc, LoadBias(column), default);
    }

    public Float4 LoadBias(int column) => bias.Address != 0 ? shape.LoadRow(bias, column) : default;

    public void Store(int row, int column, long offset, EpilogueQuads acc, Float4 bias, EpilogueQuads operand) =>
        shape.StoreRows<TQuads>(c.Offset(offset), row, column, acc + operand + bias);
}

/// <summary>h = acc + bias; y = gelu(h).</summary>
readonly struct BiasGeluEpilogue<TQuads>(MatrixPointer h, MatrixPointer y, MatrixPointer bias, EpilogueShape shape, int kind) : IEpilogue
    where TQuads : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 acc)
    {
        acc += shape.Load<Float32Quads>(bias.BroadcastRow(row), row, column);
        shape.Store<TQuads>(h, row, column, acc);
        shape.Store<TQuads>(y, row, column, acc * CudaGelu.Cdf(acc, kind));
    }

    public void Store(int row, int column, long offset, EpilogueQuads acc)
    {
        Store(row, column, offset, acc, LoadBias(column), default);
    }

    public Float4 LoadBias(int column) => shape.LoadRow(bias, column);

    public void Store(int row, int column, long offset, EpilogueQuads acc, Float4 bias, EpilogueQuads operand)
    {
        acc += bias;
        shape.StoreRows<TQuads>(h, row, column, acc);
        shape.StoreRows<TQuads>(y, row, column, acc
            * new EpilogueQuads(CudaGelu.Cdf(acc.R0, kind), CudaGelu.Cdf(acc.R1, kind), CudaGelu.Cdf(acc.R2, kind), CudaGelu.Cdf(acc.R3, kind)));
    }
}

/// <summary>dh = acc · gelu'(h); y = gelu(h), recomputed.</summary>
readonly struct BiasGeluGradEpilogue<TQuads>(MatrixPointer h, MatrixPointer dh, MatrixPointer y, EpilogueShape shape, int kind) : IEpilogue
    where TQuads : struct, IQuadAccess
{
    public void Store(int row, int column, long offset, Float4 acc) => Store(row, column, acc, shape.Load<TQuads>(h, row, column));

    public void Store(int row, int column, long offset, EpilogueQuads acc) =>
        Store(row, column, offset, acc, default, shape.LoadRows<TQuads>(h, row, column));

    public Float4 LoadBias(int column) => default;

    public void Store(int row, int column, long offset, EpilogueQuads acc, Float4 bias, EpilogueQuads x)
    {
        Store(row, column, acc.R0, x.R0);
        Store(row + EpilogueQuads.RowStep, column, acc.R1, x.R1);
        Store(row + 2 * EpilogueQuads.RowStep, column, acc.R2, x.R2);
        Store(row + 3 * EpilogueQuads.RowStep, column, acc.R3, x.R3);
    }

    void Store(int row, int column, Float4 acc, Float4 x)
    {
        var cdf = CudaGelu.Cdf(x, kind);
        shape.Store<TQuads>(y, row, column, x * cdf);
        shape.Store<TQuads>(dh, row, column, acc * CudaGelu.Derivative(x, cdf, kind));
    }
}
