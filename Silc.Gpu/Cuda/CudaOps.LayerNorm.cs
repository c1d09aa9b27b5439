using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Tile of the LayerNorm kernels: a block takes four rows, and each thread has four columns of each in registers. Memory is read once, and
/// four vectorized loads are in flight together.
/// </summary>
static class LayerNormTile
{
    public const int RowsPerBlock = 4, MaxThreads = 512, MaxWidth = 4 * MaxThreads;

    /// <summary>Shared memory for one block reduction of four sums.</summary>
    public const int ReduceBytes = 16 * MaxThreads / 32;

    /// <summary>
    /// Block reduction of four sums that are already reduced over each warp; the result is in every thread, and the order of additions is
    /// fixed. <paramref name="shared"/> must not be in use by another reduction.
    /// </summary>
    public static Float4 BlockSum(Float4 values, int shared, int thread, int threads)
    {
        Ptx.StoreShared4(shared + 16 * (thread / 32), values);     // every lane writes the same
        Ptx.SyncThreads();
        return SumOfWarps(shared, threads);
    }

    /// <summary>The sum of what the warps stored, after the barrier.</summary>
    public static Float4 SumOfWarps(int shared, int threads)
    {
        Float4 all = default;
        for (int warp = 0; warp < threads / 32; warp++) all += Ptx.LoadShared4(shared + 16 * warp);
        return all;
    }
}

/// <summary>As <see cref="LayerNormKernel{TPack}"/>, four rows a block.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaLayerNorm<TQuads>(
    MatrixPointer x, MatrixPointer scale, MatrixPointer bias, MatrixPointer y, long mean, long rstd, int rows, int width,
    float inverse, float epsilon) : IKernel
    where TQuads : struct, IQuadAccess
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, row = Grid.IdxX * LayerNormTile.RowsPerBlock,
            shared0 = Ptx.Shared(2 * LayerNormTile.ReduceBytes);
        RowQuadsPointer ofX = new(x, 1, c, width), ofY = new(y, 1, c, width);
        var values = ofX.Load<Float32Quads>(x.At(row, c), row, rows);
        Float4 factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width), shift = Ptx.Load4(bias.At(0, c), 0, 1, c, width);
        var mu = LayerNormTile.BlockSum(values.WarpSums, shared0, thread, threads) * inverse;

        // Two passes, over registers: E[x²] - E[x]² would cancel. Columns past the last are masked.
        float inside = c < width ? 1f : 0f;        // floats: ILGPU 1.5.3 would reinterpret the bits of integers here
        values = values.SubtractRows(mu) * WarpReduce.Broadcast(inside);
        var variance = LayerNormTile.BlockSum((values * values).WarpSums, shared0 + LayerNormTile.ReduceBytes, thread, threads) * inverse;
        var r = new Float4(Rstd(variance.X), Rstd(variance.Y), Rstd(variance.Z), Rstd(variance.W));
        ofY.Store<TQuads>(y.At(row, c), (values * factor).ScaleRows(r) + new RowQuads(shift, shift, shift, shift), row, rows);
        // Thread 0 stores; predicated rather than branched, so that its warp does not diverge.
        Store(mean, mu, row, thread);
        Store(rstd, r, row, thread);
    }

    float Rstd(float variance) => 1 / XMath.Sqrt(variance + epsilon);

    void Store(long to, Float4 values, int row, int thread)
    {
        to += 4L * row;
        Ptx.Store(to, values.X, thread, 1);
        Ptx.Store(to + 4, values.Y, thread, row + 1 < rows ? 1 : 0);
        Ptx.Store(to + 8, values.Z, thread, row + 2 < rows ? 1 : 0);
        Ptx.Store(to + 12, values.W, thread, row + 3 < rows ? 1 : 0);
    }
}

/// <summary>
/// As <see cref="LayerNormGradKernel{TPack}"/>: a block takes a range of rows, four at a time, and accumulates dScale and dBias of its
/// columns in registers; <see cref="NormGradSums"/> adds them up. dx is also stored in the dtype that GEMMs read, which saves a pass of 6 bytes a
/// value.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaLayerNormGrad<TQuads, TCopy>(
    MatrixPointer dy, MatrixPointer x, MatrixPointer scale, long mean, long rstd, MatrixPointer dx, MatrixPointer rounded,
    NormGradSums sums, int rows, int width, int blockRows, float inverse, int accumulate) : IKernel where TQuads : struct, IQuadAccess
    where TCopy : struct, IQuadAccess
{
    const int SumBytes = 4 * LayerNormTile.ReduceBytes;

    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, shared0 = Ptx.Shared(SumBytes + Arrival.SharedBytes), shared = shared0;
        int row = Grid.IdxX * blockRows, end = Ptx.Hold(row + blockRows < rows ? row + blockRows : rows), added = Ptx.Hold(accumulate != 0 ? end : 0);
        RowQuadsPointer ofDy = new(dy, 1, c, width), ofX = new(x, 1, c, width), ofDx = new(dx, 1, c, width), ofRounded = new(rounded, 1, c, width);
        long from = dy.At(row, c), normed = x.At(row, c), to = dx.At(row, c), toRounded = rounded.At(row, c);
        var factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width);
        Float4 sumScale = default, sumBias = default;
        for (; row < end; row += LayerNormTile.RowsPerBlock)
        {
            RowQuads d = ofDy.Load<TQuads>(from, row, end), normal = ofX.Load<Float32Quads>(normed, row, end);
            var addend = ofDx.Load<Float32Quads>(to, row, added);      // zeros unless dx is accumulated
            var r = LoadRowValues(rstd, row, end);
            normal = normal.SubtractRows(LoadRowValues(mean, row, end)).ScaleRows(r);
            sumBias += d.SumOfRows;
            sumScale += (d * normal).SumOfRows;

            // g = dy·scale. The reductions alternate between two halves of shared memory, so that one barrier an iteration is enough.
            var g = d * factor;
            Ptx.StoreShared4(shared + LayerNormTile.ReduceBytes + 16 * (thread / 32), (g * normal).WarpSums);
            var mean1 = LayerNormTile.BlockSum(g.WarpSums, shared, thread, threads) * inverse;
            var mean2 = LayerNormTile.SumOfWarps(shared + LayerNormTile.ReduceBytes, threads) * inverse;
            shared = shared == shared0 ? shared0 + 2 * LayerNormTile.ReduceBytes : shared0;
            addend += (g.SubtractRows(mean1) - normal.ScaleRows(mean2)).ScaleRows(r);
            ofDx.Store<Float32Quads>(to, addend, row, end);
            ofRounded.Store<TCopy>(toRounded, addend, row, end);
            from = ofDy.Next(from);
            normed = ofX.Next(normed);
            to = ofDx.Next(to);
            toRounded = ofRounded.Next(toRounded);
        }
        sums.Add(sumScale, sumBias, Grid.IdxX, c, width, thread, shared0 + SumBytes);
    }

    static Float4 LoadRowValues(long numbers, int row, int end)
    {
        numbers += 4L * row;
        return new(Ptx.Load(numbers, row, end, 0, 1), Ptx.Load(numbers + 4, row + 1, end, 0, 1),
            Ptx.Load(numbers + 8, row + 2, end, 0, 1), Ptx.Load(numbers + 12, row + 3, end, 0, 1));
    }
}

/// <summary>
/// The end of LayerNorm's gradient: dScale and dBias += the sums of all blocks, four columns a thread, two rows of partial sums a block. The last
/// block to come of 32 adds theirs, and the last of those the sums of 32: fixed orders, and no other launch.
/// </summary>
readonly struct NormGradSums(MatrixPointer partial, MatrixPointer dScale, MatrixPointer dBias, long counters, int blocks)
{
    const int Group = 32;

    public static int Groups(int blocks) => (blocks + Group - 1) / Group;

    public void Add(Float4 scale, Float4 bias, int block, int c, int width, int thread, int shared)
    {
        int group = block / Group, first = group * Group, groups = (blocks + Group - 1) / Group;
        int members = Ptx.Hold(blocks - first < Group ? blocks - first : Group);
        Store(block, scale, bias, c, width);
        if (Arrival.IsLast(counters + 4L * group, members, thread, shared))
        {
            Sum(first, members, c, width, out scale, out bias);
            Store(blocks + group, scale, bias, c, width);
            if (Arrival.IsLast(counters + 4L * groups, groups, thread, shared))
            {
                Sum(blocks, groups, c, width, out scale, out bias);
                Ptx.Store4(dScale.At(0, c), Ptx.Load4(dScale.At(0, c), 0, 1, c, width) + scale, 0, 1, c, width);
                Ptx.Store4(dBias.At(0, c), Ptx.Load4(dBias.At(0, c), 0, 1, c, width) + bias, 0, 1, c, width);
            }
        }
    }

    void Store(int index, Float4 scale, Float4 bias, int c, int width)
    {
        Ptx.Store4(partial.At(2 * index, c), scale, 0, 1, c, width);
        Ptx.Store4(partial.At(2 * index + 1, c), bias, 0, 1, c, width);
    }

    // Eight loads are in flight together.
    void Sum(int first, int count, int c, int width, out Float4 scale, out Float4 bias)
    {
        var pairs = new RowQuadsPointer(partial, 2, c, width);
        long ofScale = partial.At(2 * first, c), ofBias = partial.At(2 * first + 1, c);
        scale = bias = default;
        for (int i = 0, end = 2 * count; i < end; i += 8)
        {
            RowQuads scales = pairs.Load<Float32Quads>(ofScale, i, end), biases = pairs.Load<Float32Quads>(ofBias, i, end);
            scale += scales.SumOfRows;
            bias += biases.SumOfRows;
            ofScale = pairs.Next(ofScale);
            ofBias = pairs.Next(ofBias);
        }
    }
}

/// <summary>Warp reductions, by shuffles; the result is in every lane, and the order of additions is fixed.</summary>
static class WarpReduce
{
    public static float Sum(Float4 x)
    {
        float sum = x.X + x.Y + (x.Z + x.W);
        sum += Ptx.ShuffleXor(sum, 16);
        sum += Ptx.ShuffleXor(sum, 8);
        sum += Ptx.ShuffleXor(sum, 4);
        sum += Ptx.ShuffleXor(sum, 2);
        return sum + Ptx.ShuffleXor(sum, 1);
    }

    /// <summary>One value in all four components.</summary>
    public static Float4 Broadcast(float x) => new(x, x, x, x);
}

partial class CudaOps
{
    public override void LayerNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon)
    {
        Same(x, y);
        MustBeFloats(x, scale, bias);
        if (!FitsLayerNormTile(x, y) || !IsAligned(scale) || !IsAligned(bias)) base.LayerNormForward(x, scale, bias, y, mean, rstd, epsilon);
        else if (IsBf16(y)) LaunchLayerNorm<Bf16Quads>(x, scale, bias, y, mean, rstd, epsilon);
        else LaunchLayerNorm<Float32Quads>(x, scale, bias, y, mean, rstd, epsilon);
    }

    // Rows that fit into the registers of a block; wider ones go to the generic kernels, which refuse bf16.
    static bool FitsLayerNormTile(Tensor x, Tensor y) => IsVectorized(x) && IsVectorized(y) && x.Cols <= LayerNormTile.MaxWidth;

    static int ThreadsPerRow(int cols) => 32 * DivUp(cols, 4 * 32);

    void LaunchLayerNorm<TQuads>(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon)
        where TQuads : struct, IQuadAccess =>
        Device.Launch(DivUp(x.Rows, LayerNormTile.RowsPerBlock), ThreadsPerRow(x.Cols), new CudaLayerNorm<TQuads>(
            At(x), At(scale), At(bias), At(y), Address(mean.View), Address(rstd.View), x.Rows, x.Cols, 1f / x.Cols, epsilon));

    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded)
    {
        Same(dy, x);
        MustBeFloats(x, dx, scale);
        if (!FitsLayerNormTile(x, dy) || !IsVectorized(dx) || !IsAligned(scale) || !IsAligned(dScale) || !IsAligned(dBias))
        {
            base.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate, rounded);
            return;
        }
        // Enough blocks for every multiprocessor, and at most 512 partial sums unless tuned. Depends on the number of rows alone, so the bits are
        // the same on every GPU.
        int wanted = DivUp(DivUp(x.Rows, Tuning[CudaChoice.NormBlocks]), LayerNormTile.RowsPerBlock) * LayerNormTile.RowsPerBlock,
            blockRows = Math.Max(2 * LayerNormTile.RowsPerBlock, wanted), blocks = DivUp(x.Rows, blockRows), groups = NormGradSums.Groups(blocks);
        var sums = new NormGradSums(new(Address(Device.Workspace((long)(blocks + groups) * 2 * x.Cols)), x.Cols), At(dScale), At(dBias),
            Address(Device.Counters(groups + 1)), blocks);
        bool rounds = IsBf16(rounded) && IsVectorized(rounded);
        if (IsBf16(dy) && rounds) Launch<Bf16Quads, Bf16Quads>(rounded);
        else if (IsBf16(dy)) Launch<Bf16Quads, NoQuads>(default);
        else if (rounds) Launch<Float32Quads, Bf16Quads>(rounded);
        else Launch<Float32Quads, NoQuads>(default);
        if (!rounds && rounded.Count > 0) Copy(dx, rounded);

        void Launch<TQuads, TCopy>(Tensor copy) where TQuads : struct, IQuadAccess where TCopy : struct, IQuadAccess =>
            Device.Launch(blocks, ThreadsPerRow(x.Cols), new CudaLayerNormGrad<TQuads, TCopy>(At(dy), At(x), At(scale), Address(mean.View),
                Address(rstd.View), At(dx), At(copy), sums, x.Rows, x.Cols, blockRows, 1f / x.Cols, accumulate ? 1 : 0));
    }
}
