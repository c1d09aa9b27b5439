using ILGPU;

namespace Silc;

/// <summary>
/// A product for <see cref="CudaOps"/>: A (m, k) and B (k, n) by their memory and layouts, of which one direction must be without
/// gaps. Lines of an operand run along the sum, or across it.
/// </summary>
readonly record struct GemmOperands(MatrixPointer A, Layout La, MatrixPointer B, Layout Lb, int M, int N, int K)
{
    public bool MMajorA => La.Col != 1;
    public bool NMajorB => Lb.Col == 1;

    /// <summary>Lengths of the operands' lines.</summary>
    public int LineOfA => MMajorA ? M : K;
    public int LineOfB => NMajorB ? N : K;

    /// <summary>True if both are stored bf16; else both are float32.</summary>
    public bool AreBf16 => A.Bytes == sizeof(ushort) && B.Bytes == sizeof(ushort);

    /// <summary>True if both can be read 16 bytes at a time.</summary>
    public bool Aligned => IsAligned(A, La, LineOfA) && IsAligned(B, Lb, LineOfB);

    static bool IsAligned(MatrixPointer x, Layout layout, int columns) =>
        x.Address % 16 == 0 && ((x.Stride | layout.Batch | layout.Head | columns) & 3) == 0;
}

partial class CudaOps
{
    // Splitting a sum costs a pass over its parts: each should have at least this many tiles to add.
    const int LeastTilesOfSum = 8;

    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        var splits = IsBf16(c) ? SplitK.None : Split(m, n, k, precision);
        var (f, parts) = Prepare(a, b, c, transpose, splits.Floats);
        Plain(f, c, bias, addend, precision, splits, parts);
    }

    public override void Cosines(Tensor x, Tensor y, Tensor c)
    {
        if (IsBf16(x) || IsBf16(y)) throw new ArgumentException("cosines are taken of float32");
        var f = FactorsOf(x, y, c, Transpose.B);
        var splits = Split(f.M, f.N, f.K, Precision.Float32);
        Plain(f, c, default, default, Precision.Float32, splits, Device.Workspace(splits.Floats));
    }

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        if (IsBf16(h) != IsBf16(y)) throw new ArgumentException("a layer and its GELU are stored in one form");
        var (f, _) = Prepare(x, kernel, h, Transpose.None, 0);
        var cells = CellsOf(h, y, bias);
        if (IsBf16(h)) Multiply(f, Whole(f, precision), new BiasGeluEpilogue<Bf16Quads>(At(h), At(y), At(bias), cells, (int)kind), precision);
        else Multiply(f, Whole(f, precision), new BiasGeluEpilogue<Float32Quads>(At(h), At(y), At(bias), cells, (int)kind), precision);
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        if (IsBf16(h) != IsBf16(y) || IsBf16(h) != IsBf16(dh))
            throw new ArgumentException("a layer, its GELU and its gradient are stored in one form");
        var (f, _) = Prepare(dy, kernel, dh, Transpose.B, 0);
        var cells = CellsOf(dh, h, y);
        if (IsBf16(h)) Multiply(f, Whole(f, precision), new BiasGeluGradEpilogue<Bf16Quads>(At(h), At(dh), At(y), cells, (int)kind), precision);
        else Multiply(f, Whole(f, precision), new BiasGeluGradEpilogue<Float32Quads>(At(h), At(dh), At(y), cells, (int)kind), precision);
    }

    protected override void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default)
    {
        if (lc.Col != 1) throw new ArgumentException($"products are stored row by row, not with {lc.Col} floats between columns");
        var f = new GemmOperands(Lines(a, la), la, Lines(b, lb), lb, m, n, k);
        var (down, across, _) = Tiles(f.M, f.N, precision);
        var product = new GemmProblem(f.A, f.B, m, n, k, down, across, 1, k, 0, la, lb, lc, heads);
        var result = new Tensor(c, m, n, lc.Row);
        var cells = ((lc.Batch | lc.Head) & 3) == 0 ? CellsOf(result, bias, addend) : new EpilogueShape(m, n, 0);
        Multiply(f, (product, down * across * batch * heads), new BiasEpilogue<Float32Quads>(At(result), At(bias), At(addend), cells), precision);
    }

    void Plain(GemmOperands f, Tensor c, Tensor bias, Tensor addend, Precision precision, SplitK splits, ArrayView<float> scratch)
    {
        if (IsBf16(addend) || IsBf16(bias))
            throw new ArgumentException("bias and addend are stored as float32: a sum in bfloat16 would be rounded at every step");
        var cells = CellsOf(c, bias, addend);
        if (IsBf16(c))
        {
            Multiply(f, Whole(f, precision), new BiasEpilogue<Bf16Quads>(At(c), At(bias), At(addend), cells), precision);
            return;
        }
        var sums = new BiasEpilogue<Float32Quads>(At(c), At(bias), At(addend), cells);
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
    void SplitProduct(GemmOperands f, SplitK splits, Tensor parts, Precision precision)
    {
        var (down, across, _) = Tiles(f.M, f.N, precision);
        var product = new GemmProblem(
            f.A, f.B, f.M, f.N, f.K, down, across, splits.Count, splits.Depth, (long)f.M * f.N, default, default, default, 1);
        Multiply(f, (product, down * across * splits.Count), new BiasEpilogue<Float32Quads>(At(parts), default, default, CellsOf(parts)), precision);
    }

    // c = the parts added up + bias + addend; of several results side by side, one below the other.
    void Join(Tensor parts, int splits, Tensor c, Tensor bias, Tensor addend, int results = 1)
    {
        var sums = new BiasEpilogue<Float32Quads>(At(c), At(bias), At(addend), CellsOf(c, bias, addend));
        if (IsOfFours(parts) && c.Cols % 4 == 0) Join<VectorLoad>(parts, splits, sums, results);
        else Join<ScalarLoad>(parts, splits, sums, results);
    }

    void Join<TReads>(Tensor parts, int splits, BiasEpilogue<Float32Quads> sums, int results) where TReads : struct, IGlobalLoad =>
        Device.Launch(DivUp(parts.Rows * results * DivUp(parts.Cols / results, 4), 256), 256,
            new SplitKReduce<TReads>(At(parts), splits, sums, parts.Rows, parts.Cols / results, results));

    /// <summary>How many groups share the sum of each tile, the terms that each takes, and the memory of their parts.</summary>
    readonly record struct SplitK(int Count, int Depth, long Floats)
    {
        public static readonly SplitK None = new(1, 0, 0);
    }

    // Groups take turns on a device that holds two a multiprocessor: 144 tiles for 264 places leave half of it idle, 11 x 144 do not. Each
    // part of a sum is written and read again, which takes about as long as 1 / 8,192 of a tile's sum for each element and place.
    SplitK Split(int m, int n, int k, Precision precision)
    {
        const int Most = 16, PlacesOfUnit = 2;
        var (down, across, depth) = Tiles(m, n, precision);
        int tiles = down * across, tilesOfSum = DivUp(k, depth), best = 1;
        double least = DivUp(tiles, PlacesOfUnit * Device.Workers);
        for (int splits = 2; splits <= Math.Min(Most, tilesOfSum / LeastTilesOfSum); splits++)
        {
            double turns = DivUp(tiles * splits, PlacesOfUnit * Device.Workers), time = turns / splits + (double)splits * m * n / k / 8192;
            if (time < least) (best, least) = (splits, time);
        }
        if (best < 2) return SplitK.None;
        int splitDepth = DivUp(tilesOfSum, best) * depth;
        best = DivUp(k, splitDepth);
        return new(best, splitDepth, (long)best * m * n);
    }

    static GemmOperands FactorsOf(Tensor a, Tensor b, Tensor c, Transpose transpose)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        return new(At(a), transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            At(b), transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1), m, n, k);
    }

    static MatrixPointer Lines(ArrayView<float> view, Layout layout) => new(Address(view), Math.Max(layout.Row, layout.Col));

    static EpilogueShape CellsOf(Tensor c, params ReadOnlySpan<Tensor> others)
    {
        bool fours = IsOfFours(c);
        foreach (var x in others) fours &= IsAligned(x);
        return new(c.Rows, c.Cols, fours ? 1 : 0);
    }

    static (GemmProblem, int Groups) Whole(GemmOperands f, Precision precision)
    {
        var (down, across, _) = Tiles(f.M, f.N, precision);
        return (new(f.A, f.B, f.M, f.N, f.K, down, across, 1, f.K, 0, default, default, default, 1), down * across);
    }

    static (int Down, int Across, int Depth) Tiles(int m, int n, Precision precision) => precision switch
    {
        Precision.Float32 => (DivUp(m, FloatGemmTile.Rows), DivUp(n, FloatGemmTile.Columns), FloatGemmTile.Depth),
        // The tile of 64 terms is two of 32.
        Precision.Bf16 => (DivUp(m, GemmTile.Side), DivUp(n, GemmTile.Side), WgmmaTile.Depth),
        _ => (DivUp(m, GemmTile.Side), DivUp(n, GemmTile.Side), GemmTile.Words * Tf32Mma.PerWord),
    };

    void Multiply<TEpilogue>(GemmOperands f, (GemmProblem Product, int Groups) work, TEpilogue epilogue, Precision precision)
        where TEpilogue : struct, IEpilogue
    {
        if (f.AreBf16) Bf16Product(f, work.Product, epilogue, work.Groups);
        else if (f.Aligned) Multiply<VectorLoad, TEpilogue>(f, work.Product, epilogue, work.Groups, precision);
        else Multiply<ScalarLoad, TEpilogue>(f, work.Product, epilogue, work.Groups, precision);
    }

    void Multiply<TReads, TEpilogue>(GemmOperands f, GemmProblem product, TEpilogue epilogue, int groups, Precision precision)
        where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        if (precision == Precision.Bf16) Tensor<Bf16Mma, TReads, TEpilogue>(f, product, epilogue, groups);
        else if (precision == Precision.Tf32) Tensor<Tf32Mma, TReads, TEpilogue>(f, product, epilogue, groups);
        else if (f.MMajorA)
            if (f.NMajorB) Float<FloatMMajor, FloatMMajor, TReads, TEpilogue>(product, epilogue, groups);
            else Float<FloatMMajor, FloatKMajor, TReads, TEpilogue>(product, epilogue, groups);
        else if (f.NMajorB) Float<FloatKMajor, FloatMMajor, TReads, TEpilogue>(product, epilogue, groups);
        else Float<FloatKMajor, FloatKMajor, TReads, TEpilogue>(product, epilogue, groups);
    }

    void Tensor<TMma, TReads, TEpilogue>(GemmOperands f, GemmProblem product, TEpilogue epilogue, int groups)
        where TMma : struct, IMma where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        if (f.MMajorA)
            if (f.NMajorB) Tensor<TMma, MMajor<TMma>, MMajor<TMma>, TReads, TEpilogue>(product, epilogue, groups);
            else Tensor<TMma, MMajor<TMma>, KMajor<TMma>, TReads, TEpilogue>(product, epilogue, groups);
        else if (f.NMajorB) Tensor<TMma, KMajor<TMma>, MMajor<TMma>, TReads, TEpilogue>(product, epilogue, groups);
        else Tensor<TMma, KMajor<TMma>, KMajor<TMma>, TReads, TEpilogue>(product, epilogue, groups);
    }

    void Tensor<TMma, TLeft, TRight, TReads, TEpilogue>(GemmProblem product, TEpilogue epilogue, int groups)
        where TMma : struct, IMma where TLeft : struct, IOperandTile where TRight : struct, IOperandTile
        where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue =>
        Device.Launch(groups, GemmTile.Threads, new TensorCoreGemm<TMma, TLeft, TRight, TReads, TEpilogue>(product, epilogue));

    void Float<TLeft, TRight, TReads, TEpilogue>(GemmProblem product, TEpilogue epilogue, int groups)
        where TLeft : struct, IFloatOperandTile where TRight : struct, IFloatOperandTile
        where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue =>
        Device.Launch(groups, FloatGemmTile.Threads, new FloatGemm<TLeft, TRight, TReads, TEpilogue>(product, epilogue));
}
