using ILGPU;

namespace Silc;

/// <summary>Tile sizes of the float32 GEMM: 128 threads compute 8 x 8 of C each, as four fragments of 4 x 4.</summary>
static class FloatGemmTile
{
    public const int Rows = 128, Columns = 64, TileK = 16, Threads = 128;

    // One line of shared memory for each k, padded by 16 bytes, which spreads the stores of transposed tiles over the banks.
    public const int StrideA = Rows + 4, StrideB = Columns + 4;
    public const int FloatsA = TileK * StrideA, Floats = FloatsA + TileK * StrideB;
}

/// <summary>Accumulators of four rows and eight columns: columns 0 to 3 and 32 to 35 of a tile.</summary>
readonly struct FloatAccumulators(
    Float4 c00, Float4 c10, Float4 c20, Float4 c30, Float4 c01, Float4 c11, Float4 c21, Float4 c31)
{
    readonly Float4 c00 = c00, c10 = c10, c20 = c20, c30 = c30, c01 = c01, c11 = c11, c21 = c21, c31 = c31;

    public FloatAccumulators MulAdd(Float4 a, Float4 b0, Float4 b1) => new(
        MulAdd(c00, a.X, b0), MulAdd(c10, a.Y, b0), MulAdd(c20, a.Z, b0), MulAdd(c30, a.W, b0),
        MulAdd(c01, a.X, b1), MulAdd(c11, a.Y, b1), MulAdd(c21, a.Z, b1), MulAdd(c31, a.W, b1));

    static Float4 MulAdd(Float4 acc, float a, Float4 b) => acc + b * a;

    /// <summary>
    /// Runs the epilogue on 64 rows of the block's tile, through shared memory, 16 bytes a thread at a time. The epilogue's code is in one
    /// loop, not unrolled for each of a thread's sixteen vectors: that took the driver seconds to compile.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int thread) where TEpilogue : struct, IEpilogue
    {
        Ptx.SyncThreads();      // all have read the last tile
        int address = shared + 4 * (thread / 8 * 4 * FloatGemmTile.StrideB + thread % 8 * 4);
        StoreRow(address, c00, c01);
        StoreRow(address + 4 * FloatGemmTile.StrideB, c10, c11);
        StoreRow(address + 8 * FloatGemmTile.StrideB, c20, c21);
        StoreRow(address + 12 * FloatGemmTile.StrideB, c30, c31);
        Ptx.SyncThreads();
        for (int i = thread; i < FloatGemmTile.Rows / 2 * FloatGemmTile.Columns / 4; i += FloatGemmTile.Threads)
        {
            int r = i / (FloatGemmTile.Columns / 4), c = i % (FloatGemmTile.Columns / 4) * 4;
            epilogue.Store(row + r, column + c, offset, Ptx.LoadShared4(shared + 4 * (r * FloatGemmTile.StrideB + c)));
        }
    }

    static void StoreRow(int address, Float4 left, Float4 right)
    {
        Ptx.StoreShared4(address, left);
        Ptx.StoreShared4(address + 4 * FloatGemmTile.Columns / 2, right);
    }
}

/// <summary>How an operand of a float32 GEMM lies in global memory; in shared memory it is always M-major, one line for each k.</summary>
interface IFloatOperandTile
{
    /// <summary>Loads vector <paramref name="i"/> of four floats of a tile of <paramref name="tileOuter"/> rows (or columns) and 16 k.</summary>
    static abstract Float4 Load<TLoad>(MatrixPointer x, int i, int tileOuter, int outer, int outerEnd, int k, int kEnd)
        where TLoad : struct, IGlobalLoad;

    static abstract void Store(int tile, int stride, int i, int tileOuter, Float4 values);
}

/// <summary>K-major: a vector is four k of one row; stored transposed.</summary>
readonly struct FloatKMajor : IFloatOperandTile
{
    public static Float4 Load<TLoad>(MatrixPointer x, int i, int tileOuter, int outer, int outerEnd, int k, int kEnd)
        where TLoad : struct, IGlobalLoad =>
        TLoad.Load4(x.At(outer + i / 4, k + i % 4 * 4), outer + i / 4, outerEnd, k + i % 4 * 4, kEnd);

    public static void Store(int tile, int stride, int i, int tileOuter, Float4 values)
    {
        int address = tile + 4 * (i % 4 * 4 * stride + i / 4);
        Ptx.StoreShared(address, values.X);
        Ptx.StoreShared(address + 4 * stride, values.Y);
        Ptx.StoreShared(address + 8 * stride, values.Z);
        Ptx.StoreShared(address + 12 * stride, values.W);
    }
}

/// <summary>M-major: a vector is four rows of one k.</summary>
readonly struct FloatMMajor : IFloatOperandTile
{
    public static Float4 Load<TLoad>(MatrixPointer x, int i, int tileOuter, int outer, int outerEnd, int k, int kEnd)
        where TLoad : struct, IGlobalLoad =>
        TLoad.Load4(x.At(k + i * 4 / tileOuter, outer + i * 4 % tileOuter), k + i * 4 / tileOuter, kEnd, outer + i * 4 % tileOuter, outerEnd);

    public static void Store(int tile, int stride, int i, int tileOuter, Float4 values) =>
        Ptx.StoreShared4(tile + 4 * (i * 4 / tileOuter * stride + i * 4 % tileOuter), values);
}

/// <summary>
/// C = op(A)·op(B) in float32 by FMA, without tensor cores: for older GPUs, and where float32 accuracy is asked for. As <see
/// cref="TensorCoreGemm{TMma,TA,TB,TLoad,TEpilogue,TOccupancy}"/>, double-buffered.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct FloatGemm<TA, TB, TLoad, TEpilogue, TOccupancy>(GemmProblem problem, TEpilogue epilogue) : IKernel
    where TA : struct, IFloatOperandTile where TB : struct, IFloatOperandTile
    where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue where TOccupancy : struct, IMinBlocks
{
    public void Execute()
    {
        int thread = Group.IdxX, block = Grid.IdxX;
        int row = problem.TileRow(block) * FloatGemmTile.Rows, column = problem.TileColumn(block) * FloatGemmTile.Columns;
        int threadRow = thread / 8 * 4, threadColumn = thread % 8 * 4;
        int tiles = Ptx.Shared(2 * 4 * FloatGemmTile.Floats), tile = tiles, kBegin = problem.KBegin(block), kEnd = problem.KEnd(block);
        MatrixPointer a = problem.A(block), b = problem.B(block);
        FloatAccumulators top = default, bottom = default;
        for (int kNext = kBegin; ; kNext += FloatGemmTile.TileK)
        {
            // Software pipeline: the first iteration only loads, the last only multiplies.
            Float4 a0 = LoadA(a, 0, row, kNext, kEnd, thread), a1 = LoadA(a, 1, row, kNext, kEnd, thread);
            Float4 a2 = LoadA(a, 2, row, kNext, kEnd, thread), a3 = LoadA(a, 3, row, kNext, kEnd, thread);
            Float4 b0 = LoadB(b, 0, column, kNext, kEnd, thread), b1 = LoadB(b, 1, column, kNext, kEnd, thread);
            if (kNext > kBegin)
            {
                for (int k = 0; k < FloatGemmTile.TileK; k++)
                {
                    int addressA = tile + 4 * (k * FloatGemmTile.StrideA + threadRow);
                    int addressB = tile + 4 * (FloatGemmTile.FloatsA + k * FloatGemmTile.StrideB + threadColumn);
                    Float4 bLeft = Ptx.LoadShared4(addressB), bRight = Ptx.LoadShared4(addressB + 4 * FloatGemmTile.Columns / 2);
                    top = top.MulAdd(Ptx.LoadShared4(addressA), bLeft, bRight);
                    bottom = bottom.MulAdd(Ptx.LoadShared4(addressA + 4 * FloatGemmTile.Rows / 2), bLeft, bRight);
                }
                tile = tile == tiles ? tiles + 4 * FloatGemmTile.Floats : tiles;
            }
            if (kNext >= kEnd) break;
            StoreA(tile, 0, a0, thread);
            StoreA(tile, 1, a1, thread);
            StoreA(tile, 2, a2, thread);
            StoreA(tile, 3, a3, thread);
            StoreB(tile, 0, b0, thread);
            StoreB(tile, 1, b1, thread);
            Ptx.SyncThreads();
        }
        top.Store(epilogue, row, column, problem.C(block), tiles, thread);
        bottom.Store(epilogue, row + FloatGemmTile.Rows / 2, column, problem.C(block), tiles, thread);
    }

    Float4 LoadA(MatrixPointer a, int part, int row, int k, int kEnd, int thread) =>
        TA.Load<TLoad>(a, thread + part * FloatGemmTile.Threads, FloatGemmTile.Rows, row, problem.M, k, kEnd);

    Float4 LoadB(MatrixPointer b, int part, int column, int k, int kEnd, int thread) =>
        TB.Load<TLoad>(b, thread + part * FloatGemmTile.Threads, FloatGemmTile.Columns, column, problem.N, k, kEnd);

    static void StoreA(int tile, int part, Float4 values, int thread) =>
        TA.Store(tile, FloatGemmTile.StrideA, thread + part * FloatGemmTile.Threads, FloatGemmTile.Rows, values);

    static void StoreB(int tile, int part, Float4 values, int thread) =>
        TB.Store(tile + 4 * FloatGemmTile.FloatsA, FloatGemmTile.StrideB, thread + part * FloatGemmTile.Threads, FloatGemmTile.Columns, values);
}
