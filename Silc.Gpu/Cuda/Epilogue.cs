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
    /// <summary>Four neighbours, zeros outside of the matrix.</summary>
    public Float4 Load<TQuads>(MatrixPointer x, int row, int column) where TQuads : struct, IQuadAccess =>
        Load<TQuads>(At<TQuads>(x, row, column), row, column);

    /// <summary>Four columns of a matrix of one row of float32.</summary>
    public Float4 LoadRow(MatrixPointer x, int column) => Load<Float32Quads>(x, 0, column);

    public EpilogueQuads LoadRows<TQuads>(MatrixPointer x, int row, int column) where TQuads : struct, IQuadAccess
    {
        long at = At<TQuads>(x, row, column), step = RowStep<TQuads>(x);
        return new(Load<TQuads>(at, row, column), Load<TQuads>(at + step, row + EpilogueQuads.RowStep, column),
            Load<TQuads>(at + 2 * step, row + 2 * EpilogueQuads.RowStep, column),
            Load<TQuads>(at + 3 * step, row + 3 * EpilogueQuads.RowStep, column));
    }

    public void Store<TQuads>(MatrixPointer x, int row, int column, Float4 value) where TQuads : struct, IQuadAccess =>
        Store<TQuads>(At<TQuads>(x, row, column), row, column, value);

    public void StoreRows<TQuads>(MatrixPointer x, int row, int column, EpilogueQuads values) where TQuads : struct, IQuadAccess
    {
        long at = At<TQuads>(x, row, column), step = RowStep<TQuads>(x);
        Store<TQuads>(at, row, column, values.R0);
        Store<TQuads>(at + step, row + EpilogueQuads.RowStep, column, values.R1);
        Store<TQuads>(at + 2 * step, row + 2 * EpilogueQuads.RowStep, column, values.R2);
        Store<TQuads>(at + 3 * step, row + 3 * EpilogueQuads.RowStep, column, values.R3);
    }

    Float4 Load<TQuads>(long at, int row, int column) where TQuads : struct, IQuadAccess => TQuads.IsBf16 || vectorized != 0
        ? TQuads.Load(at, row, m, column, n) : ScalarLoad.Load4(at, row, m, column, n);

    void Store<TQuads>(long at, int row, int column, Float4 value) where TQuads : struct, IQuadAccess
    {
        if (TQuads.IsBf16 || vectorized != 0) TQuads.Store(at, value, row, m, column, n);
        else UnalignedQuads.Store(at, value, row, m, column, n);
    }

    // The size of an element is a constant here, so that an address is two instructions, and those of further rows are sums.
    static long At<TQuads>(MatrixPointer x, int row, int column) where TQuads : struct, IQuadAccess =>
        x.Address + (TQuads.IsBf16 ? 2 : 4) * ((long)row * x.Stride + column);

    static long RowStep<TQuads>(MatrixPointer x) where TQuads : struct, IQuadAccess => (TQuads.IsBf16 ? 2L : 4L) * EpilogueQuads.RowStep * x.Stride;
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
readonly struct BiasGeluEpilogue<TQuads, TGelu>(MatrixPointer h, MatrixPointer y, MatrixPointer bias, EpilogueShape shape) : IEpilogue
    where TQuads : struct, IQuadAccess where TGelu : struct, IEpilogueGelu
{
    public void Store(int row, int column, long offset, Float4 acc)
    {
        acc += shape.Load<Float32Quads>(bias.BroadcastRow(row), row, column);
        shape.Store<TQuads>(h, row, column, acc);
        shape.Store<TQuads>(y, row, column, acc * CudaGelu.Cdf<TGelu>(acc));
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
            * new EpilogueQuads(CudaGelu.Cdf<TGelu>(acc.R0), CudaGelu.Cdf<TGelu>(acc.R1), CudaGelu.Cdf<TGelu>(acc.R2), CudaGelu.Cdf<TGelu>(acc.R3)));
    }
}

/// <summary>dh = acc · gelu'(h); y = gelu(h), recomputed.</summary>
readonly struct BiasGeluGradEpilogue<TQuads, TGelu>(MatrixPointer h, MatrixPointer dh, MatrixPointer y, EpilogueShape shape) : IEpilogue
    where TQuads : struct, IQuadAccess where TGelu : struct, IEpilogueGelu
{
    public void Store(int row, int column, long offset, Float4 acc) => Store(row, column, acc, shape.Load<TQuads>(h, row, column));

    public void Store(int row, int column, long offset, EpilogueQuads acc) =>
        Store(row, column, offset, acc, default, shape.LoadRows<TQuads>(h, row, column));

    public Float4 LoadBias(int column) => default;

    public void Store(int row, int column, long offset, EpilogueQuads acc, Float4 bias, EpilogueQuads x)
    {
        Float4 c0 = CudaGelu.Cdf<TGelu>(x.R0), c1 = CudaGelu.Cdf<TGelu>(x.R1), c2 = CudaGelu.Cdf<TGelu>(x.R2), c3 = CudaGelu.Cdf<TGelu>(x.R3);
        shape.StoreRows<TQuads>(y, row, column, x * new EpilogueQuads(c0, c1, c2, c3));
        shape.StoreRows<TQuads>(dh, row, column, acc * new EpilogueQuads(CudaGelu.Derivative<TGelu>(x.R0, c0),
            CudaGelu.Derivative<TGelu>(x.R1, c1), CudaGelu.Derivative<TGelu>(x.R2, c2), CudaGelu.Derivative<TGelu>(x.R3, c3)));
    }

    void Store(int row, int column, Float4 acc, Float4 x)
    {
        var cdf = CudaGelu.Cdf<TGelu>(x);
        shape.Store<TQuads>(y, row, column, x * cdf);
        shape.Store<TQuads>(dh, row, column, acc * CudaGelu.Derivative<TGelu>(x, cdf));
    }
}
