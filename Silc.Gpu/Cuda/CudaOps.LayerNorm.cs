using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Rows of a layer norm that a group works on at once: its threads have four columns each, of four rows, in registers, so that memory is read
/// once and four reads are on their way together.
/// </summary>
static class LayerNormTile
{
    public const int AtOnce = 4, MostThreads = 512, Widest = 4 * MostThreads;

    /// <summary>Bytes of shared memory in which warps meet for four sums.</summary>
    public const int MeetingBytes = 16 * MostThreads / 32;

    /// <summary>Four sums over the threads of a group, in every one of them, always in one order; <paramref name="place"/> is written once.</summary>
    public static Float4 Sum(Float4 sums, int place, int thread, int threads)
    {
        Ptx.StoreShared4(place + 16 * (thread / 32), sums);     // the same from every lane
        Ptx.Barrier();
        return Met(place, threads);
    }

    /// <summary>The sum of what warps have left at a place.</summary>
    public static Float4 Met(int place, int threads)
    {
        Float4 all = default;
        for (int warp = 0; warp < threads / 32; warp++) all += Ptx.LoadShared4(place + 16 * warp);
        return all;
    }
}

/// <summary>As <see cref="LayerNormForward{TPack}"/>, four rows a group.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaLayerNorm<TValues>(
    MatrixPointer x, MatrixPointer scale, MatrixPointer bias, MatrixPointer y, long mean, long rstd, int rows, int width, float inverse, float epsilon) : IKernel
    where TValues : struct, IQuadAccess
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, row = Grid.IdxX * LayerNormTile.AtOnce, sums = Ptx.Shared(2 * LayerNormTile.MeetingBytes);
        RowQuadsPointer ofX = new(x, 1, c, width), ofY = new(y, 1, c, width);
        var values = ofX.Read<Float32Quads>(x.At(row, c), row, rows);
        Float4 factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width), shift = Ptx.Load4(bias.At(0, c), 0, 1, c, width);
        var mu = LayerNormTile.Sum(values.WarpSums, sums, thread, threads) * inverse;

        // From the row again, which is in registers: E[x²] - E[x]² would cancel. Columns behind the last are no part of it.
        float inside = c < width ? 1f : 0f;        // whole numbers, ILGPU 1.5.3 would convert by their bits
        values = values.Less(mu) * WarpReduce.All(inside);
        var variance = LayerNormTile.Sum((values * values).WarpSums, sums + LayerNormTile.MeetingBytes, thread, threads) * inverse;
        var r = new Float4(Rstd(variance.X), Rstd(variance.Y), Rstd(variance.Z), Rstd(variance.W));
        ofY.Store<TValues>(y.At(row, c), (values * factor).Times(r) + new RowQuads(shift, shift, shift, shift), row, rows);
        // One thread stores; predicated, so that its warp stays together.
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
/// As <see cref="LayerNormGrad{TPack}"/>, a block of rows a group, four at once; sums over the rows of a thread's columns stay in registers. What
/// becomes of dx is stored once more in the form that products read: a pass over 6 bytes a value less.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaLayerNormGrad<TValues, TRounded>(
    MatrixPointer dy, MatrixPointer x, MatrixPointer scale, long mean, long rstd, MatrixPointer dx, MatrixPointer rounded, MatrixPointer partial, int rows, int width, int blockRows, float inverse, int accumulate) : IKernel where TValues : struct, IQuadAccess where TRounded : struct, IQuadAccess
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, sums = Ptx.Shared(4 * LayerNormTile.MeetingBytes), place = sums;
        int row = Grid.IdxX * blockRows, end = Ptx.Hold(row + blockRows < rows ? row + blockRows : rows), added = Ptx.Hold(accumulate != 0 ? end : 0);
        RowQuadsPointer ofDy = new(dy, 1, c, width), ofX = new(x, 1, c, width), ofDx = new(dx, 1, c, width), ofRounded = new(rounded, 1, c, width);
        long from = dy.At(row, c), normed = x.At(row, c), to = dx.At(row, c), toRounded = rounded.At(row, c);
        var factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width);
        Float4 sumScale = default, sumBias = default;
        for (; row < end; row += LayerNormTile.AtOnce)
        {
            RowQuads d = ofDy.Read<TValues>(from, row, end), normal = ofX.Read<Float32Quads>(normed, row, end);
            var addend = ofDx.Read<Float32Quads>(to, row, added);      // zeros if nothing is added to
            var r = OfRows(rstd, row, end);
            normal = normal.Less(OfRows(mean, row, end)).Times(r);
            sumBias += d.Sum;
            sumScale += (d * normal).Sum;

            // g = dy·scale. What warps leave in shared memory is in the other half than in the round before.
            var g = d * factor;
            Ptx.StoreShared4(place + LayerNormTile.MeetingBytes + 16 * (thread / 32), (g * normal).WarpSums);
            var mean1 = LayerNormTile.Sum(g.WarpSums, place, thread, threads) * inverse;
            var mean2 = LayerNormTile.Met(place + LayerNormTile.MeetingBytes, threads) * inverse;
            place = place == sums ? sums + 2 * LayerNormTile.MeetingBytes : sums;
            addend += (g.Less(mean1) - normal.Times(mean2)).Times(r);
            ofDx.Store<Float32Quads>(to, addend, row, end);
            ofRounded.Store<TRounded>(toRounded, addend, row, end);
            from = ofDy.Behind(from);
            normed = ofX.Behind(normed);
            to = ofDx.Behind(to);
            toRounded = ofRounded.Behind(toRounded);
        }
        Ptx.Store4(partial.At(2 * Grid.IdxX, c), sumScale, 0, 1, c, width);
        Ptx.Store4(partial.At(2 * Grid.IdxX + 1, c), sumBias, 0, 1, c, width);
    }

    static Float4 OfRows(long numbers, int row, int end)
    {
        numbers += 4L * row;
        return new(Ptx.Load(numbers, row, end, 0, 1), Ptx.Load(numbers + 4, row + 1, end, 0, 1),
            Ptx.Load(numbers + 8, row + 2, end, 0, 1), Ptx.Load(numbers + 12, row + 3, end, 0, 1));
    }
}

/// <summary>Sums over a warp, in every lane, always in one order.</summary>
static class WarpReduce
{
    public static float Of(Float4 x)
    {
        float sum = x.X + x.Y + (x.Z + x.W);
        sum += Ptx.ShuffleXor(sum, 16);
        sum += Ptx.ShuffleXor(sum, 8);
        sum += Ptx.ShuffleXor(sum, 4);
        sum += Ptx.ShuffleXor(sum, 2);
        return sum + Ptx.ShuffleXor(sum, 1);
    }

    /// <summary>One value four times.</summary>
    public static Float4 All(float x) => new(x, x, x, x);
}

partial class CudaOps
{
    public override void LayerNorm(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon)
    {
        Same(x, y);
        MustBeFloats(x, scale, bias);
        if (!IsNormed(x, y) || !IsAligned(scale) || !IsAligned(bias)) base.LayerNorm(x, scale, bias, y, mean, rstd, epsilon);
        else if (IsBf16(y)) Norm<Bf16Quads>(x, scale, bias, y, mean, rstd, epsilon);
        else Norm<Float32Quads>(x, scale, bias, y, mean, rstd, epsilon);
    }

    // Rows in the registers of a group; what is wider, other operations take, and they refuse bfloat16.
    static bool IsNormed(Tensor x, Tensor y) => IsOfFours(x) && IsOfFours(y) && x.Cols <= LayerNormTile.Widest;

    static int ThreadsOfRow(int cols) => 32 * DivUp(cols, 4 * 32);

    void Norm<TValues>(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon) where TValues : struct, IQuadAccess =>
        Device.Launch(DivUp(x.Rows, LayerNormTile.AtOnce), ThreadsOfRow(x.Cols), new CudaLayerNorm<TValues>(
            At(x), At(scale), At(bias), At(y), Address(mean.View), Address(rstd.View), x.Rows, x.Cols, 1f / x.Cols, epsilon));

    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded)
    {
        Same(dy, x);
        MustBeFloats(x, dx, scale);
        if (!IsNormed(x, dy) || !IsOfFours(dx) || !IsAligned(scale))
        {
            base.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate, rounded);
            return;
        }
        // Enough groups for every multiprocessor, and at most 512 sums for the second stage; by the number of rows alone, as the bits are.
        int blockRows = Math.Max(2 * LayerNormTile.AtOnce, DivUp(DivUp(x.Rows, 512), LayerNormTile.AtOnce) * LayerNormTile.AtOnce), blocks = DivUp(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * 2 * x.Cols), 2 * blocks, x.Cols);
        bool rounds = IsBf16(rounded) && IsOfFours(rounded);
        if (IsBf16(dy) && rounds) NormGrad<Bf16Quads, Bf16Quads>(dy, x, scale, mean, rstd, dx, rounded, partial, blockRows, accumulate);
        else if (IsBf16(dy)) NormGrad<Bf16Quads, NoQuads>(dy, x, scale, mean, rstd, dx, default, partial, blockRows, accumulate);
        else if (rounds) NormGrad<Float32Quads, Bf16Quads>(dy, x, scale, mean, rstd, dx, rounded, partial, blockRows, accumulate);
        else NormGrad<Float32Quads, NoQuads>(dy, x, scale, mean, rstd, dx, default, partial, blockRows, accumulate);
        AddColumns(partial.Reshape(blocks, 2 * x.Cols), dScale, dBias);
        if (!rounds && rounded.Count > 0) Copy(dx, rounded);
    }

    void NormGrad<TValues, TRounded>(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor rounded, Tensor partial, int blockRows, bool accumulate)
        where TValues : struct, IQuadAccess where TRounded : struct, IQuadAccess =>
        Device.Launch(partial.Rows / 2, ThreadsOfRow(x.Cols), new CudaLayerNormGrad<TValues, TRounded>(At(dy), At(x), At(scale),
            Address(mean.View), Address(rstd.View), At(dx), At(rounded), At(partial), x.Rows, x.Cols, blockRows, 1f / x.Cols, accumulate ? 1 : 0));
}
