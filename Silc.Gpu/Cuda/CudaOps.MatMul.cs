using ILGPU;

namespace Silc;

/// <summary>
/// Operands of a GEMM: A (m, k) and B (k, n) by address and layout, each contiguous along one dimension: K-major, or M-major (N-major for
/// B).
/// </summary>
readonly record struct GemmOperands(MatrixPointer A, Layout La, MatrixPointer B, Layout Lb, int M, int N, int K)
{
    public bool MMajorA => La.Col != 1;
    public bool NMajorB => Lb.Col == 1;

    /// <summary>Lengths of the contiguous dimension.</summary>
    public int LineLengthA => MMajorA ? M : K;
    public int LineLengthB => NMajorB ? N : K;

    /// <summary>True if both are bf16; otherwise both are float32.</summary>
    public bool AreBf16 => A.Bytes == sizeof(ushort) && B.Bytes == sizeof(ushort);

    /// <summary>True if loads of both can be vectorized to 16 bytes.</summary>
    public bool IsVectorized => IsAligned(A, La, LineLengthA) && IsAligned(B, Lb, LineLengthB);

    static bool IsAligned(MatrixPointer x, Layout layout, int columns) =>
        x.Address % 16 == 0 && ((x.Stride | layout.Batch | layout.Head | columns) & 3) == 0;
}

partial class CudaOps
{
    // Split-K costs a pass over the partial results, so each split gets at least this many tiles along K.
    const int MinKTilesPerSplit = 8;

    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        var splits = IsBf16(c) ? SplitK.None : ChooseSplitK(m, n, k, precision, KOfLaunch);
        var (operands, partials) = Prepare(a, b, c, transpose, splits.WorkspaceFloats);
        Gemm(operands, c, bias, addend, precision, splits, partials);
    }

    public override void CosineSimilarity(Tensor x, Tensor y, Tensor c)
    {
        if (IsBf16(x) || IsBf16(y)) throw new ArgumentException("cosines are taken of float32");
        var operands = OperandsOf(x, y, c, Transpose.B);
        var splits = ChooseSplitK(operands.M, operands.N, operands.K, Precision.Float32, KOfLaunch);
        Gemm(operands, c, default, default, Precision.Float32, splits, Device.Workspace(splits.WorkspaceFloats));
    }

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        if (IsBf16(h) != IsBf16(y)) throw new ArgumentException($"h is {h.DType} and gelu(h) {y.DType}: store both with one dtype");
        if (kind == GeluKind.Tanh) MatMulGelu<TanhGelu>(x, kernel, bias, h, y);
        else if (kind == GeluKind.Quick) MatMulGelu<QuickGelu>(x, kernel, bias, h, y);
        else MatMulGelu<ErfGelu>(x, kernel, bias, h, y);
    }

    void MatMulGelu<TGelu>(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y) where TGelu : struct, IEpilogueGelu
    {
        var (operands, _) = Prepare(x, kernel, h, Transpose.None, 0);
        var shape = ShapeOf(h, y, bias);
        if (IsBf16(h))
            LaunchGemm(operands, WholeK(operands, precision), new BiasGeluEpilogue<Bf16Quads, TGelu>(At(h), At(y), At(bias), shape), precision);
        else
            LaunchGemm(operands, WholeK(operands, precision), new BiasGeluEpilogue<Float32Quads, TGelu>(At(h), At(y), At(bias), shape), precision);
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        if (IsBf16(h) != IsBf16(y) || IsBf16(h) != IsBf16(dh))
            throw new ArgumentException($"h is {h.DType}, dh {dh.DType} and gelu(h) {y.DType}: store them with one dtype");
        if (kind == GeluKind.Tanh) MatMulGeluBackward<TanhGelu>(dy, kernel, h, dh, y);
        else if (kind == GeluKind.Quick) MatMulGeluBackward<QuickGelu>(dy, kernel, h, dh, y);
        else MatMulGeluBackward<ErfGelu>(dy, kernel, h, dh, y);
    }

    void MatMulGeluBackward<TGelu>(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y) where TGelu : struct, IEpilogueGelu
    {
        var (operands, _) = Prepare(dy, kernel, dh, Transpose.B, 0);
        var shape = ShapeOf(dh, h, y);
        if (IsBf16(h))
            LaunchGemm(operands, WholeK(operands, precision), new BiasGeluGradEpilogue<Bf16Quads, TGelu>(At(h), At(dh), At(y), shape), precision, h);
        else
            LaunchGemm(operands, WholeK(operands, precision),
                new BiasGeluGradEpilogue<Float32Quads, TGelu>(At(h), At(dh), At(y), shape), precision, h);
    }

    protected override void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default)
    {
        if (lc.Col != 1) throw new ArgumentException($"products are stored row by row, not with {lc.Col} floats between columns");
        var operands = new GemmOperands(PointerTo(a, la), la, PointerTo(b, lb), lb, m, n, k);
        var (tilesM, tilesN, _) = Tiles(operands.M, operands.N, precision);
        var problem = new GemmProblem(operands.A, operands.B, m, n, k, tilesM, tilesN, 1, k, 0, la, lb, lc, heads, Tuning[CudaChoice.TileGroup]);
        var result = new Tensor(c, m, n, lc.Row);
        var shape = ((lc.Batch | lc.Head) & 3) == 0 ? ShapeOf(result, bias, addend) : new EpilogueShape(m, n, 0);
        LaunchGemm(operands, (problem, tilesM * tilesN * batch * heads),
            new BiasEpilogue<Float32Quads>(At(result), At(bias), At(addend), shape), precision);
    }

    void Gemm(GemmOperands operands, Tensor c, Tensor bias, Tensor addend, Precision precision, SplitK splits, ArrayView<float> scratch)
    {
        if (IsBf16(addend) || IsBf16(bias))
            throw new ArgumentException("bias and addend are stored as float32: a sum in bfloat16 would be rounded at every step");
        var shape = ShapeOf(c, bias, addend);
        if (IsBf16(c))
        {
            LaunchGemm(operands, WholeK(operands, precision), new BiasEpilogue<Bf16Quads>(At(c), At(bias), At(addend), shape), precision, addend);
            return;
        }
        var epilogue = new BiasEpilogue<Float32Quads>(At(c), At(bias), At(addend), shape);
        if (splits.Count < 2)
        {
            LaunchGemm(operands, WholeK(operands, precision), epilogue, precision, addend);
            return;
        }
        var partials = new Tensor(scratch, operands.M, operands.N);
        SplitKGemm(operands, splits, partials, precision);
        ReduceSplits(partials, splits.Count, c, bias, addend);
    }

    // Partial results of a split-K GEMM, one matrix behind the other.
    void SplitKGemm(GemmOperands operands, SplitK splits, Tensor partials, Precision precision)
    {
        var (tilesM, tilesN, _) = Tiles(operands.M, operands.N, precision);
        var problem = new GemmProblem(
            operands.A, operands.B, operands.M, operands.N, operands.K, tilesM, tilesN, splits.Count, splits.KPerSplit,
            (long)operands.M * operands.N, default, default, default, 1, Tuning[CudaChoice.TileGroup]);
        LaunchGemm(operands, (problem, tilesM * tilesN * splits.Count),
            new BiasEpilogue<Float32Quads>(At(partials), default, default, ShapeOf(partials)), precision);
    }

    // c = Σ partials + bias + addend
    void ReduceSplits(Tensor partials, int splits, Tensor c, Tensor bias, Tensor addend)
    {
        var epilogue = new BiasEpilogue<Float32Quads>(At(c), At(bias), At(addend), ShapeOf(c, bias, addend));
        if (IsVectorized(partials)) ReduceSplits<VectorLoad>(partials, splits, epilogue);
        else ReduceSplits<ScalarLoad>(partials, splits, epilogue);
    }

    void ReduceSplits<TLoad>(Tensor partials, int splits, BiasEpilogue<Float32Quads> epilogue) where TLoad : struct, IGlobalLoad =>
        Device.Launch(DivUp(partials.Rows * DivUp(partials.Cols, 4), 256), 256,
            new SplitKReduce<TLoad>(At(partials), splits, epilogue, partials.Rows, partials.Cols, 1));

    /// <summary>
    /// Split-K: how many blocks share the reduction of a tile, the K of each, and the workspace for their partial results.
    /// </summary>
    readonly record struct SplitK(int Count, int KPerSplit, long WorkspaceFloats)
    {
        public static readonly SplitK None = new(1, 0, 0);
    }

    // What a launch that adds the parts takes, as so much of a tile's K: 2 to 4 us. Gradients of parameters have one anyway.
    const int KOfLaunch = 400;

    // Wave quantization: with two blocks a multiprocessor, 144 tiles on 264 slots leave nearly half of the GPU idle, 11 x 144 do not.
    // Partial results are written and read again, which costs about 1 / 8,192 of a tile's main loop for each element and split.
    SplitK ChooseSplitK(int m, int n, int k, Precision precision, int launch = 0)
    {
        const int BlocksPerSm = 2;
        var (tilesM, tilesN, tileK) = Tiles(m, n, precision);
        int tiles = tilesM * tilesN, kTiles = DivUp(k, tileK), best = 1;
        double bestTime = DivUp(tiles, BlocksPerSm * Device.Workers);
        for (int splits = 2; splits <= Math.Min(Tuning[CudaChoice.Splits], kTiles / MinKTilesPerSplit); splits++)
        {
            double waves = DivUp(tiles * splits, BlocksPerSm * Device.Workers);
            double time = waves / splits + (double)splits * m * n / k / 8192 + (double)launch / k;
            if (time < bestTime) (best, bestTime) = (splits, time);
        }
        if (best < 2) return SplitK.None;
        int kPerSplit = DivUp(kTiles, best) * tileK;
        best = DivUp(k, kPerSplit);
        return new(best, kPerSplit, (long)best * m * n);
    }

    static GemmOperands OperandsOf(Tensor a, Tensor b, Tensor c, Transpose transpose)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        return new(At(a), transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            At(b), transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1), m, n, k);
    }

    static MatrixPointer PointerTo(ArrayView<float> view, Layout layout) => new(Address(view), Math.Max(layout.Row, layout.Col));

    static EpilogueShape ShapeOf(Tensor c, params ReadOnlySpan<Tensor> others)
    {
        bool vectorized = IsVectorized(c);
        foreach (var x in others) vectorized &= IsAligned(x);
        return new(c.Rows, c.Cols, vectorized ? 1 : 0);
    }

    (GemmProblem, int Blocks) WholeK(GemmOperands operands, Precision precision)
    {
        var (tilesM, tilesN, _) = Tiles(operands.M, operands.N, precision);
        return (new(operands.A, operands.B, operands.M, operands.N, operands.K, tilesM, tilesN, 1, operands.K, 0, default, default,
            default, 1, Tuning[CudaChoice.TileGroup]), tilesM * tilesN);
    }

    static (int TilesM, int TilesN, int TileK) Tiles(int m, int n, Precision precision) => precision switch
    {
        Precision.Float32 => (DivUp(m, FloatGemmTile.Rows), DivUp(n, FloatGemmTile.Columns), FloatGemmTile.TileK),
        // The wgmma tile; two tiles of the mma kernel.
        Precision.Bf16 => (DivUp(m, GemmTile.Side), DivUp(n, GemmTile.Side), WgmmaTile.TileK),
        _ => (DivUp(m, GemmTile.Side), DivUp(n, GemmTile.Side), GemmTile.KWords * Tf32Mma.ValuesPerWord),
    };

    // operand: the matrix of C's shape that the epilogue reads, if there is one.
    void LaunchGemm<TEpilogue>(GemmOperands operands, (GemmProblem Problem, int Blocks) work, TEpilogue epilogue, Precision precision,
        Tensor operand = default) where TEpilogue : struct, IEpilogue
    {
        if (operands.AreBf16) LaunchBf16Gemm(operands, work.Problem, epilogue, work.Blocks, operand);
        else if (operands.IsVectorized) LaunchGemm<VectorLoad, TEpilogue>(operands, work.Problem, epilogue, work.Blocks, precision);
        else LaunchGemm<ScalarLoad, TEpilogue>(operands, work.Problem, epilogue, work.Blocks, precision);
    }

    void LaunchGemm<TLoad, TEpilogue>(GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int blocks, Precision precision)
        where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        if (precision == Precision.Bf16) LaunchTensorCoreGemm<Bf16Mma, TLoad, TEpilogue>(operands, problem, epilogue, blocks);
        else if (precision == Precision.Tf32) LaunchTensorCoreGemm<Tf32Mma, TLoad, TEpilogue>(operands, problem, epilogue, blocks);
        else if (operands.MMajorA)
            if (operands.NMajorB) LaunchFloatGemm<FloatMMajor, FloatMMajor, TLoad, TEpilogue>(problem, epilogue, blocks);
            else LaunchFloatGemm<FloatMMajor, FloatKMajor, TLoad, TEpilogue>(problem, epilogue, blocks);
        else if (operands.NMajorB) LaunchFloatGemm<FloatKMajor, FloatMMajor, TLoad, TEpilogue>(problem, epilogue, blocks);
        else LaunchFloatGemm<FloatKMajor, FloatKMajor, TLoad, TEpilogue>(problem, epilogue, blocks);
    }

    void LaunchTensorCoreGemm<TMma, TLoad, TEpilogue>(GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int blocks)
        where TMma : struct, IMma where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        if (operands.MMajorA)
            if (operands.NMajorB) LaunchTensorCoreGemm<TMma, MMajor<TMma>, MMajor<TMma>, TLoad, TEpilogue>(problem, epilogue, blocks);
            else LaunchTensorCoreGemm<TMma, MMajor<TMma>, KMajor<TMma>, TLoad, TEpilogue>(problem, epilogue, blocks);
        else if (operands.NMajorB) LaunchTensorCoreGemm<TMma, KMajor<TMma>, MMajor<TMma>, TLoad, TEpilogue>(problem, epilogue, blocks);
        else LaunchTensorCoreGemm<TMma, KMajor<TMma>, KMajor<TMma>, TLoad, TEpilogue>(problem, epilogue, blocks);
    }

    void LaunchTensorCoreGemm<TMma, TA, TB, TLoad, TEpilogue>(GemmProblem problem, TEpilogue epilogue, int blocks)
        where TMma : struct, IMma where TA : struct, IOperandTile where TB : struct, IOperandTile
        where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        int blocksOfSm = Tuning[CudaChoice.Tf32Blocks];
        if (blocksOfSm == 0) blocksOfSm = FitsTwice<TMma, TA, TB, TLoad, TEpilogue>() ? 2 : 1;
        if (blocksOfSm == 1)
            Device.Launch(blocks, GemmTile.Threads, new TensorCoreGemm<TMma, TA, TB, TLoad, TEpilogue, MinBlocks1Of256>(problem, epilogue));
        else Device.Launch(blocks, GemmTile.Threads, new TensorCoreGemm<TMma, TA, TB, TLoad, TEpilogue, MinBlocks2Of256>(problem, epilogue));
    }

    // True where 128 registers a thread, which two blocks leave it, are enough on every architecture: what spills is said by SassTests.
    static bool FitsTwice<TMma, TA, TB, TLoad, TEpilogue>() where TMma : struct, IMma =>
        typeof(TMma) == typeof(Tf32Mma) && typeof(TLoad) == typeof(VectorLoad)
        && (typeof(TA) == typeof(KMajor<TMma>) || typeof(TB) == typeof(KMajor<TMma>))
        && typeof(TEpilogue).GetGenericTypeDefinition() != typeof(BiasGeluGradEpilogue<,>);

    void LaunchFloatGemm<TA, TB, TLoad, TEpilogue>(GemmProblem problem, TEpilogue epilogue, int blocks)
        where TA : struct, IFloatOperandTile where TB : struct, IFloatOperandTile
        where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
    {
        if (Tuning[CudaChoice.Float32Blocks] == 3) LaunchFloatGemm<TA, TB, TLoad, TEpilogue, MinBlocks3>(problem, epilogue, blocks);
        else LaunchFloatGemm<TA, TB, TLoad, TEpilogue, MinBlocksAny>(problem, epilogue, blocks);
    }

    void LaunchFloatGemm<TA, TB, TLoad, TEpilogue, TOccupancy>(GemmProblem problem, TEpilogue epilogue, int blocks)
        where TA : struct, IFloatOperandTile where TB : struct, IFloatOperandTile
        where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue where TOccupancy : struct, IMinBlocks =>
        Device.Launch(blocks, FloatGemmTile.Threads, new FloatGemm<TA, TB, TLoad, TEpilogue, TOccupancy>(problem, epilogue));
}
