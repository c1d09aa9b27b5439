using ILGPU;

namespace Silc;

/// <summary>
/// A product for <see cref="CudaOps"/>: A (m, k) and B (k, n) by their memory and layouts, of which one direction must be without
/// gaps. Lines of an operand run along the sum, or across it.
/// </summary>
readonly record struct Factors(MatrixAt A, Layout La, MatrixAt B, Layout Lb, int M, int N, int K)
{
    public bool AcrossA => La.Col != 1;
    public bool AcrossB => Lb.Col == 1;

    /// <summary>Lengths of the operands' lines.</summary>
    public int LineOfA => AcrossA ? M : K;
    public int LineOfB => AcrossB ? N : K;

    /// <summary>True if both are stored bf16; else both are float32.</summary>
    public bool AreHalf => A.Bytes == sizeof(ushort) && B.Bytes == sizeof(ushort);

    /// <summary>True if both can be read 16 bytes at a time.</summary>
    public bool Aligned => IsAligned(A, La, LineOfA) && IsAligned(B, Lb, LineOfB);

    static bool IsAligned(MatrixAt x, Layout layout, int columns) =>
        x.Address % 16 == 0 && ((x.Stride | layout.Batch | layout.Head | columns) & 3) == 0;
}

partial class CudaOps
{
    // Splitting a sum costs a pass over its parts: each should have at least this many tiles to add.
    const int LeastTilesOfSum = 8;

    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        var splits = IsHalf(c) ? Splits.None : Split(m, n, k, precision);
        var (f, parts) = Prepare(a, b, c, transpose, splits.Floats);
        Plain(f, c, bias, addend, precision, splits, parts);
    }

    public override void Cosines(Tensor x, Tensor y, Tensor c)
    {
        if (IsHalf(x) || IsHalf(y)) throw new ArgumentException("cosines are taken of float32");
        var f = FactorsOf(x, y, c, Transpose.B);
        var splits = Split(f.M, f.N, f.K, Precision.Float32);
        Plain(f, c, default, default, Precision.Float32, splits, Device.Workspace(splits.Floats));
    }

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        if (IsHalf(h) != IsHalf(y)) throw new ArgumentException("a layer and its GELU are stored in one form");
        var (f, _) = Prepare(x, kernel, h, Transpose.None, 0);
        var cells = CellsOf(h, y, bias);
        if (IsHalf(h)) Multiply(f, Whole(f, precision), new SumsToGelu<HalfValues>(At(h), At(y), At(bias), cells, (int)kind), precision);
        else Multiply(f, Whole(f, precision), new SumsToGelu<FloatValues>(At(h), At(y), At(bias), cells, (int)kind), precision);
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        if (IsHalf(h) != IsHalf(y) || IsHalf(h) != IsHalf(dh))
            throw new ArgumentException("a layer, its GELU and its gradient are stored in one form");
        var (f, _) = Prepare(dy, kernel, dh, Transpose.B, 0);
        var cells = CellsOf(dh, h, y);
        if (IsHalf(h)) Multiply(f, Whole(f, precision), new SumsToGeluGrad<HalfValues>(At(h), At(dh), At(y), cells, (int)kind), precision);
        else Multiply(f, Whole(f, precision), new SumsToGeluGrad<FloatValues>(At(h), At(dh), At(y), cells, (int)kind), precision);
    }

    protected override void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default)
    {
        if (lc.Col != 1) throw new ArgumentException($"products are stored row by row, not with {lc.Col} floats between columns");
        var f = new Factors(Lines(a, la), la, Lines(b, lb), lb, m, n, k);
        var (down, across, _) = Tiles(f.M, f.N, precision);
        var product = new Product(f.A, f.B, m, n, k, down, across, 1, k, 0, la, lb, lc, heads);
        var result = new Tensor(c, m, n, lc.Row);
        var cells = ((lc.Batch | lc.Head) & 3) == 0 ? CellsOf(result, bias, addend) : new Cells(m, n, 0);
        Multiply(f, (product, down * across * batch * heads), new Sums<FloatValues>(At(result), At(bias), At(addend), cells), precision);
    }

    void Plain(Factors f, Tensor c, Tensor bias, Tensor addend, Precision precision, Splits splits, ArrayView<float> scratch)
    {
        if (IsHalf(addend) || IsHalf(bias))
            throw new ArgumentException("bias and addend are stored as float32: a sum in bfloat16 would be rounded at every step");
        var cells = CellsOf(c, bias, addend);
        if (IsHalf(c))
        {
            Multiply(f, Whole(f, precision), new Sums<HalfValues>(At(c), At(bias), At(addend), cells), precision);
            return;
        }
        var sums = new Sums<FloatValues>(At(c), At(bias), At(addend), cells);
        if (splits.Count < 2)
        {
            Multiply(f, Whole(f, precision), sums, precision);
            return;
        }
        var parts = new Tensor(scratch, f.M, f.N);
        SplitProduct(f, splits, parts, precision);
        Join(parts, splits.Count, c, bias, addend);
    }

    // Parts of the sums, one matrix behind the other.
    void SplitProduct(Factors f, Splits splits, Tensor parts, Precision precision)
    {
        var (down, across, _) = Tiles(f.M, f.N, precision);
        var product = new Product(
            f.A, f.B, f.M, f.N, f.K, down, across, splits.Count, splits.Depth, (long)f.M * f.N, default, default, default, 1);
        Multiply(f, (product, down * across * splits.Count), new Sums<FloatValues>(At(parts), default, default, CellsOf(parts)), precision);
    }

    // c = the parts added up + bias + addend; of several results side by side, one below the other.
    void Join(Tensor parts, int splits, Tensor c, Tensor bias, Tensor addend, int results = 1)
    {
        var sums = new Sums<FloatValues>(At(c), At(bias), At(addend), CellsOf(c, bias, addend));
        if (IsOfFours(parts) && c.Cols % 4 == 0) Join<Aligned>(parts, splits, sums, results);
        else Join<Unaligned>(parts, splits, sums, results);
    }

    void Join<TReads>(Tensor parts, int splits, Sums<FloatValues> sums, int results) where TReads : struct, IReads =>
        Device.Launch(Pieces(parts.Rows * results * Pieces(parts.Cols / results, 4), 256), 256,
            new SumParts<TReads>(At(parts), splits, sums, parts.Rows, parts.Cols / results, results));

    /// <summary>How many groups share the sum of each tile, the terms that each takes, and the memory of their parts.</summary>
    readonly record struct Splits(int Count, int Depth, long Floats)
    {
        public static readonly Splits None = new(1, 0, 0);
    }

    // Groups take turns on a device that holds two a multiprocessor: 144 tiles for 264 places leave half of it idle, 11 x 144 do not. Each
    // part of a sum is written and read again, which takes about as long as 1 / 8,192 of a tile's sum for each element and place.
    Splits Split(int m, int n, int k, Precision precision)
    {
        const int Most = 16, PlacesOfUnit = 2;
        var (down, across, depth) = Tiles(m, n, precision);
        int tiles = down * across, tilesOfSum = Pieces(k, depth), best = 1;
        double least = Pieces(tiles, PlacesOfUnit * Device.Workers);
        for (int splits = 2; splits <= Math.Min(Most, tilesOfSum / LeastTilesOfSum); splits++)
        {
            double turns = Pieces(tiles * splits, PlacesOfUnit * Device.Workers), time = turns / splits + (double)splits * m * n / k / 8192;
            if (time < least) (best, least) = (splits, time);
        }
        if (best < 2) return Splits.None;
        int splitDepth = Pieces(tilesOfSum, best) * depth;
        best = Pieces(k, splitDepth);
        return new(best, splitDepth, (long)best * m * n);
    }

    static Factors FactorsOf(Tensor a, Tensor b, Tensor c, Transpose transpose)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        return new(At(a), transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            At(b), transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1), m, n, k);
    }

    static MatrixAt Lines(ArrayView<float> view, Layout layout) => new(Address(view), Math.Max(layout.Row, layout.Col));

    static Cells CellsOf(Tensor c, params ReadOnlySpan<Tensor> others)
    {
        bool fours = IsOfFours(c);
        foreach (var x in others) fours &= IsAligned(x);
        return new(c.Rows, c.Cols, fours ? 1 : 0);
    }

    static (Product, int Groups) Whole(Factors f, Precision precision)
    {
        var (down, across, _) = Tiles(f.M, f.N, precision);
        return (new(f.A, f.B, f.M, f.N, f.K, down, across, 1, f.K, 0, default, default, default, 1), down * across);
    }

    static (int Down, int Across, int Depth) Tiles(int m, int n, Precision precision) => precision switch
    {
        Precision.Float32 => (Pieces(m, FloatTile.Rows), Pieces(n, FloatTile.Columns), FloatTile.Depth),
        // The tile of 64 terms is two of 32.
        Precision.Bf16 => (Pieces(m, ProductTile.Side), Pieces(n, ProductTile.Side), WarpgroupTile.Depth),
        _ => (Pieces(m, ProductTile.Side), Pieces(n, ProductTile.Side), ProductTile.Words * Tf32.PerWord),
    };

    void Multiply<TEpilogue>(Factors f, (Product Product, int Groups) work, TEpilogue epilogue, Precision precision)
        where TEpilogue : struct, IEpilogue
    {
        if (f.AreHalf) Half(f, work.Product, epilogue, work.Groups);
        else if (f.Aligned) Multiply<Aligned, TEpilogue>(f, work.Product, epilogue, work.Groups, precision);
        else Multiply<Unaligned, TEpilogue>(f, work.Product, epilogue, work.Groups, precision);
    }

    void Multiply<TReads, TEpilogue>(Factors f, Product product, TEpilogue epilogue, int groups, Precision precision)
        where TReads : struct, IReads where TEpilogue : struct, IEpilogue
    {
        if (precision == Precision.Bf16) Tensor<Bf16, TReads, TEpilogue>(f, product, epilogue, groups);
        else if (precision == Precision.Tf32) Tensor<Tf32, TReads, TEpilogue>(f, product, epilogue, groups);
        else if (f.AcrossA)
            if (f.AcrossB) Float<FloatsAcrossSum, FloatsAcrossSum, TReads, TEpilogue>(product, epilogue, groups);
            else Float<FloatsAcrossSum, FloatsAlongSum, TReads, TEpilogue>(product, epilogue, groups);
        else if (f.AcrossB) Float<FloatsAlongSum, FloatsAcrossSum, TReads, TEpilogue>(product, epilogue, groups);
        else Float<FloatsAlongSum, FloatsAlongSum, TReads, TEpilogue>(product, epilogue, groups);
    }

    void Tensor<TMma, TReads, TEpilogue>(Factors f, Product product, TEpilogue epilogue, int groups)
        where TMma : struct, IMma where TReads : struct, IReads where TEpilogue : struct, IEpilogue
    {
        if (f.AcrossA)
            if (f.AcrossB) Tensor<TMma, AcrossSum<TMma>, AcrossSum<TMma>, TReads, TEpilogue>(product, epilogue, groups);
            else Tensor<TMma, AcrossSum<TMma>, AlongSum<TMma>, TReads, TEpilogue>(product, epilogue, groups);
        else if (f.AcrossB) Tensor<TMma, AlongSum<TMma>, AcrossSum<TMma>, TReads, TEpilogue>(product, epilogue, groups);
        else Tensor<TMma, AlongSum<TMma>, AlongSum<TMma>, TReads, TEpilogue>(product, epilogue, groups);
    }

    void Tensor<TMma, TLeft, TRight, TReads, TEpilogue>(Product product, TEpilogue epilogue, int groups)
        where TMma : struct, IMma where TLeft : struct, IOperand where TRight : struct, IOperand
        where TReads : struct, IReads where TEpilogue : struct, IEpilogue =>
        Device.Launch(groups, ProductTile.Threads, new TensorMatMul<TMma, TLeft, TRight, TReads, TEpilogue>(product, epilogue));

    void Float<TLeft, TRight, TReads, TEpilogue>(Product product, TEpilogue epilogue, int groups)
        where TLeft : struct, IFloatOperand where TRight : struct, IFloatOperand
        where TReads : struct, IReads where TEpilogue : struct, IEpilogue =>
        Device.Launch(groups, FloatTile.Threads, new FloatMatMul<TLeft, TRight, TReads, TEpilogue>(product, epilogue));
}
