using ILGPU;

namespace Silc;

/// <summary>
/// Sizes of the tiles that a group multiplies in float32: 128 threads make 8 x 8 of C each, in four blocks of 4 x 4.
/// </summary>
static class FloatGemmTile
{
    public const int Rows = 128, Columns = 64, Depth = 16, Threads = 128;

    // Lines of shared memory hold one place of the sum; 16 bytes more than needed spread stores of turned tiles over the banks.
    public const int LeftStride = Rows + 4, RightStride = Columns + 4;
    public const int LeftFloats = Depth * LeftStride, Floats = LeftFloats + Depth * RightStride;
}

/// <summary>Four rows and eight columns of sums: columns 0 to 3 and 32 to 35 of a tile.</summary>
readonly struct FloatAccumulators(Float4 a0, Float4 a1, Float4 a2, Float4 a3, Float4 b0, Float4 b1, Float4 b2, Float4 b3)
{
    readonly Float4 a0 = a0, a1 = a1, a2 = a2, a3 = a3, b0 = b0, b1 = b1, b2 = b2, b3 = b3;

    public FloatAccumulators MulAdd(Float4 rows, Float4 near, Float4 far) => new(
        MulAdd(a0, rows.X, near), MulAdd(a1, rows.Y, near), MulAdd(a2, rows.Z, near), MulAdd(a3, rows.W, near),
        MulAdd(b0, rows.X, far), MulAdd(b1, rows.Y, far), MulAdd(b2, rows.Z, far), MulAdd(b3, rows.W, far));

    static Float4 MulAdd(Float4 sums, float a, Float4 b) => sums + b * a;

    /// <summary>
    /// Hands the sums of a group's 64 rows to the epilogue by way of shared memory, a row at a time 16 bytes a thread: its code is there once,
    /// not for each of a thread's sixteen fours, which took the driver seconds to compile.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int thread) where TEpilogue : struct, IEpilogue
    {
        Ptx.Barrier();      // all have read what was there
        int place = shared + 4 * (thread / 8 * 4 * FloatGemmTile.RightStride + thread % 8 * 4);
        Put(place, a0, b0);
        Put(place + 4 * FloatGemmTile.RightStride, a1, b1);
        Put(place + 8 * FloatGemmTile.RightStride, a2, b2);
        Put(place + 12 * FloatGemmTile.RightStride, a3, b3);
        Ptx.Barrier();
        for (int i = thread; i < FloatGemmTile.Rows / 2 * FloatGemmTile.Columns / 4; i += FloatGemmTile.Threads)
        {
            int line = i / (FloatGemmTile.Columns / 4), across = i % (FloatGemmTile.Columns / 4) * 4;
            to.Store(row + line, column + across, offset, Ptx.LoadShared4(shared + 4 * (line * FloatGemmTile.RightStride + across)));
        }
    }

    static void Put(int place, Float4 near, Float4 far)
    {
        Ptx.StoreShared4(place, near);
        Ptx.StoreShared4(place + 4 * FloatGemmTile.Columns / 2, far);
    }
}

/// <summary>
/// How an operand of a float32 product lies in global memory; in shared memory a line always holds one place of the sum.
/// </summary>
interface IFloatOperandTile
{
    /// <summary>Reads four neighbours, number i of a tile of <paramref name="outer"/> rows (or columns) and 16 places of the sum.</summary>
    static abstract Float4 Read<TReads>(MatrixPointer x, int i, int outer, int start, int ends, int depth, int depths)
        where TReads : struct, IGlobalLoad;

    static abstract void Store(int tile, int stride, int i, int outer, Float4 values);
}

/// <summary>Four neighbours are four terms of one sum.</summary>
readonly struct FloatKMajor : IFloatOperandTile
{
    public static Float4 Read<TReads>(MatrixPointer x, int i, int outer, int start, int ends, int depth, int depths)
        where TReads : struct, IGlobalLoad =>
        TReads.Four(x.At(start + i / 4, depth + i % 4 * 4), start + i / 4, ends, depth + i % 4 * 4, depths);

    public static void Store(int tile, int stride, int i, int outer, Float4 values)
    {
        int address = tile + 4 * (i % 4 * 4 * stride + i / 4);
        Ptx.StoreShared(address, values.X);
        Ptx.StoreShared(address + 4 * stride, values.Y);
        Ptx.StoreShared(address + 8 * stride, values.Z);
        Ptx.StoreShared(address + 12 * stride, values.W);
    }
}

/// <summary>Four neighbours are the same term of four sums.</summary>
readonly struct FloatMMajor : IFloatOperandTile
{
    public static Float4 Read<TReads>(MatrixPointer x, int i, int outer, int start, int ends, int depth, int depths)
        where TReads : struct, IGlobalLoad =>
        TReads.Four(x.At(depth + i * 4 / outer, start + i * 4 % outer), depth + i * 4 / outer, depths, start + i * 4 % outer, ends);

    public static void Store(int tile, int stride, int i, int outer, Float4 values) =>
        Ptx.StoreShared4(tile + 4 * (i * 4 / outer * stride + i * 4 % outer), values);
}

/// <summary>
/// C = op(A)·op(B) in float32, without tensor cores: older GPUs, and wherever every bit counts. As
/// <see cref="TensorCoreGemm{TMma,TLeft,TRight,TReads,TEpilogue}"/>, with one tile in use and one on its way.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct FloatGemm<TLeft, TRight, TReads, TEpilogue>(GemmProblem product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IFloatOperandTile where TRight : struct, IFloatOperandTile
    where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX;
        int row = product.Row(group) * FloatGemmTile.Rows, column = product.Column(group) * FloatGemmTile.Columns;
        int near = thread / 8 * 4, across = thread % 8 * 4;
        int tiles = Ptx.Shared(2 * 4 * FloatGemmTile.Floats), tile = tiles, depth = product.Begin(group), end = product.End(group);
        MatrixPointer a = product.A(group), b = product.B(group);
        FloatAccumulators top = default, bottom = default;
        for (int next = depth; ; next += FloatGemmTile.Depth)
        {
            // The first round only reads, the last only multiplies.
            Float4 a0 = Left(a, 0, row, next, end, thread), a1 = Left(a, 1, row, next, end, thread);
            Float4 a2 = Left(a, 2, row, next, end, thread), a3 = Left(a, 3, row, next, end, thread);
            Float4 b0 = Right(b, 0, column, next, end, thread), b1 = Right(b, 1, column, next, end, thread);
            if (next > depth)
            {
                for (int k = 0; k < FloatGemmTile.Depth; k++)
                {
                    int left = tile + 4 * (k * FloatGemmTile.LeftStride + near);
                    int right = tile + 4 * (FloatGemmTile.LeftFloats + k * FloatGemmTile.RightStride + across);
                    Float4 right0 = Ptx.LoadShared4(right), right1 = Ptx.LoadShared4(right + 4 * FloatGemmTile.Columns / 2);
                    top = top.MulAdd(Ptx.LoadShared4(left), right0, right1);
                    bottom = bottom.MulAdd(Ptx.LoadShared4(left + 4 * FloatGemmTile.Rows / 2), right0, right1);
                }
                tile = tile == tiles ? tiles + 4 * FloatGemmTile.Floats : tiles;
            }
            if (next >= end) break;
            StoreLeft(tile, 0, a0, thread);
            StoreLeft(tile, 1, a1, thread);
            StoreLeft(tile, 2, a2, thread);
            StoreLeft(tile, 3, a3, thread);
            StoreRight(tile, 0, b0, thread);
            StoreRight(tile, 1, b1, thread);
            Ptx.Barrier();
        }
        top.Store(epilogue, row, column, product.C(group), tiles, thread);
        bottom.Store(epilogue, row + FloatGemmTile.Rows / 2, column, product.C(group), tiles, thread);
    }

    Float4 Left(MatrixPointer a, int part, int row, int depth, int end, int thread) =>
        TLeft.Read<TReads>(a, thread + part * FloatGemmTile.Threads, FloatGemmTile.Rows, row, product.M, depth, end);

    Float4 Right(MatrixPointer b, int part, int column, int depth, int end, int thread) =>
        TRight.Read<TReads>(b, thread + part * FloatGemmTile.Threads, FloatGemmTile.Columns, column, product.N, depth, end);

    static void StoreLeft(int tile, int part, Float4 values, int thread) =>
        TLeft.Store(tile, FloatGemmTile.LeftStride, thread + part * FloatGemmTile.Threads, FloatGemmTile.Rows, values);

    static void StoreRight(int tile, int part, Float4 values, int thread) =>
        TRight.Store(tile + 4 * FloatGemmTile.LeftFloats, FloatGemmTile.RightStride, thread + part * FloatGemmTile.Threads, FloatGemmTile.Columns, values);
}
