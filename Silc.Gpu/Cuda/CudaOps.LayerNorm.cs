using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Rows of a layer norm that a group works on at once: its threads have four columns each, of four rows, in registers, so that memory is read
/// once and four reads are on their way together.
/// </summary>
static class NormRows
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
readonly struct RowNorm<TValues>(
    MatrixAt x, MatrixAt scale, MatrixAt bias, MatrixAt y, long mean, long rstd, int rows, int width, float inverse, float epsilon) : IKernel
    where TValues : struct, IValues
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, row = Grid.IdxX * NormRows.AtOnce, sums = Ptx.Shared(2 * NormRows.MeetingBytes);
        long from = x.At(row, c), to = y.At(row, c), next = Ptx.Hold((long)x.Bytes * x.Stride), nextTo = Ptx.Hold((long)y.Bytes * y.Stride);
        Float4 x0 = Ptx.Load4(from, row, rows, c, width), x1 = Ptx.Load4(from + next, row + 1, rows, c, width);
        Float4 x2 = Ptx.Load4(from + 2 * next, row + 2, rows, c, width), x3 = Ptx.Load4(from + 3 * next, row + 3, rows, c, width);
        Float4 factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width), shift = Ptx.Load4(bias.At(0, c), 0, 1, c, width);
        var mu = NormRows.Sum(new(WarpSum.Of(x0), WarpSum.Of(x1), WarpSum.Of(x2), WarpSum.Of(x3)), sums, thread, threads) * inverse;

        // From the row again, which is in registers: E[x²] - E[x]² would cancel. Columns behind the last are no part of it.
        float inside = c < width ? 1f : 0f;        // whole numbers, ILGPU 1.5.3 would convert by their bits
        x0 = (x0 - WarpSum.All(mu.X)) * inside;
        x1 = (x1 - WarpSum.All(mu.Y)) * inside;
        x2 = (x2 - WarpSum.All(mu.Z)) * inside;
        x3 = (x3 - WarpSum.All(mu.W)) * inside;
        var squares = new Float4(WarpSum.Of(x0 * x0), WarpSum.Of(x1 * x1), WarpSum.Of(x2 * x2), WarpSum.Of(x3 * x3));
        var variance = NormRows.Sum(squares, sums + NormRows.MeetingBytes, thread, threads) * inverse;
        Store(to, x0 * factor, shift, mu.X, variance.X, row, thread);
        Store(to + nextTo, x1 * factor, shift, mu.Y, variance.Y, row + 1, thread);
        Store(to + 2 * nextTo, x2 * factor, shift, mu.Z, variance.Z, row + 2, thread);
        Store(to + 3 * nextTo, x3 * factor, shift, mu.W, variance.W, row + 3, thread);
    }

    void Store(long to, Float4 scaled, Float4 shift, float mu, float variance, int row, int thread)
    {
        float r = 1 / XMath.Sqrt(variance + epsilon);
        TValues.Store(to, scaled * r + shift, row, rows, 4 * thread, width);
        // One thread stores; predicated, so that its warp stays together.
        Ptx.Store(mean + 4L * row, mu, thread, row < rows ? 1 : 0);
        Ptx.Store(rstd + 4L * row, r, thread, row < rows ? 1 : 0);
    }
}

/// <summary>
/// As <see cref="LayerNormGrad{TPack}"/>, a block of rows a group, four at once; sums over the rows of a thread's columns stay in registers.
/// </summary>
readonly struct RowNormGrad<TValues>(MatrixAt dy, MatrixAt x, MatrixAt scale, long mean, long rstd, MatrixAt dx, MatrixAt partial,
    int rows, int width, int blockRows, float inverse, int accumulate) : IKernel where TValues : struct, IValues
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, c = 4 * thread, sums = Ptx.Shared(4 * NormRows.MeetingBytes), place = sums;
        int row = Grid.IdxX * blockRows, end = Ptx.Hold(row + blockRows < rows ? row + blockRows : rows), added = Ptx.Hold(accumulate != 0 ? end : 0);
        long ofDy = dy.At(row, c), ofX = x.At(row, c), ofDx = dx.At(row, c);
        long nextDy = Ptx.Hold((long)dy.Bytes * dy.Stride), nextX = Ptx.Hold((long)x.Bytes * x.Stride), nextDx = Ptx.Hold((long)dx.Bytes * dx.Stride);
        var factor = Ptx.Load4(scale.At(0, c), 0, 1, c, width);
        Float4 sumScale = default, sumBias = default;
        for (; row < end; row += NormRows.AtOnce)
        {
            Float4 d0 = TValues.Load(ofDy, row, end, c, width), d1 = TValues.Load(ofDy + nextDy, row + 1, end, c, width);
            Float4 d2 = TValues.Load(ofDy + 2 * nextDy, row + 2, end, c, width), d3 = TValues.Load(ofDy + 3 * nextDy, row + 3, end, c, width);
            Float4 x0 = Ptx.Load4(ofX, row, end, c, width), x1 = Ptx.Load4(ofX + nextX, row + 1, end, c, width);
            Float4 x2 = Ptx.Load4(ofX + 2 * nextX, row + 2, end, c, width), x3 = Ptx.Load4(ofX + 3 * nextX, row + 3, end, c, width);
            // What is added to: zeros if nothing is.
            Float4 a0 = Ptx.Load4(ofDx, row, added, c, width), a1 = Ptx.Load4(ofDx + nextDx, row + 1, added, c, width);
            Float4 a2 = Ptx.Load4(ofDx + 2 * nextDx, row + 2, added, c, width), a3 = Ptx.Load4(ofDx + 3 * nextDx, row + 3, added, c, width);
            long ofMean = mean + 4L * row, ofRstd = rstd + 4L * row;
            float r0 = Ptx.Load(ofRstd, row, end, 0, 1), r1 = Ptx.Load(ofRstd + 4, row + 1, end, 0, 1);
            float r2 = Ptx.Load(ofRstd + 8, row + 2, end, 0, 1), r3 = Ptx.Load(ofRstd + 12, row + 3, end, 0, 1);
            x0 = (x0 - WarpSum.All(Ptx.Load(ofMean, row, end, 0, 1))) * r0;
            x1 = (x1 - WarpSum.All(Ptx.Load(ofMean + 4, row + 1, end, 0, 1))) * r1;
            x2 = (x2 - WarpSum.All(Ptx.Load(ofMean + 8, row + 2, end, 0, 1))) * r2;
            x3 = (x3 - WarpSum.All(Ptx.Load(ofMean + 12, row + 3, end, 0, 1))) * r3;
            sumBias += d0 + d1 + (d2 + d3);
            sumScale += d0 * x0 + d1 * x1 + (d2 * x2 + d3 * x3);

            // g = dy·scale from here on. The groups' sums of one round are in the other half of shared memory than those of the round before.
            d0 *= factor;
            d1 *= factor;
            d2 *= factor;
            d3 *= factor;
            var ofG = new Float4(WarpSum.Of(d0), WarpSum.Of(d1), WarpSum.Of(d2), WarpSum.Of(d3));
            var ofGx = new Float4(WarpSum.Of(d0 * x0), WarpSum.Of(d1 * x1), WarpSum.Of(d2 * x2), WarpSum.Of(d3 * x3));
            Ptx.StoreShared4(place + NormRows.MeetingBytes + 16 * (thread / 32), ofGx);
            var g = NormRows.Sum(ofG, place, thread, threads) * inverse;
            var gx = NormRows.Met(place + NormRows.MeetingBytes, threads) * inverse;
            place = place == sums ? sums + 2 * NormRows.MeetingBytes : sums;

            Ptx.Store4(ofDx, a0 + (d0 - WarpSum.All(g.X) - x0 * gx.X) * r0, row, end, c, width);
            Ptx.Store4(ofDx + nextDx, a1 + (d1 - WarpSum.All(g.Y) - x1 * gx.Y) * r1, row + 1, end, c, width);
            Ptx.Store4(ofDx + 2 * nextDx, a2 + (d2 - WarpSum.All(g.Z) - x2 * gx.Z) * r2, row + 2, end, c, width);
            Ptx.Store4(ofDx + 3 * nextDx, a3 + (d3 - WarpSum.All(g.W) - x3 * gx.W) * r3, row + 3, end, c, width);
            ofDy += NormRows.AtOnce * nextDy;
            ofX += NormRows.AtOnce * nextX;
            ofDx += NormRows.AtOnce * nextDx;
        }
        Ptx.Store4(partial.At(2 * Grid.IdxX, c), sumScale, 0, 1, c, width);
        Ptx.Store4(partial.At(2 * Grid.IdxX + 1, c), sumBias, 0, 1, c, width);
    }
}

/// <summary>Sums over a warp, in every lane, always in one order.</summary>
static class WarpSum
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
        else if (IsHalf(y)) Norm<HalfValues>(x, scale, bias, y, mean, rstd, epsilon);
        else Norm<FloatValues>(x, scale, bias, y, mean, rstd, epsilon);
    }

    // Rows in the registers of a group; what is wider, other operations take, and they refuse bfloat16.
    static bool IsNormed(Tensor x, Tensor y) => IsOfFours(x) && IsOfFours(y) && x.Cols <= NormRows.Widest;

    static int ThreadsOfRow(int cols) => 32 * Pieces(cols, 4 * 32);

    void Norm<TValues>(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon) where TValues : struct, IValues =>
        Device.Launch(Pieces(x.Rows, NormRows.AtOnce), ThreadsOfRow(x.Cols), new RowNorm<TValues>(
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
        int blockRows = Math.Max(2 * NormRows.AtOnce, Pieces(Pieces(x.Rows, 512), NormRows.AtOnce) * NormRows.AtOnce), blocks = Pieces(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * 2 * x.Cols), 2 * blocks, x.Cols);
        if (IsHalf(dy)) NormGrad<HalfValues>(dy, x, scale, mean, rstd, dx, partial, blockRows, accumulate);
        else NormGrad<FloatValues>(dy, x, scale, mean, rstd, dx, partial, blockRows, accumulate);
        AddColumns(partial.Reshape(blocks, 2 * x.Cols), dScale, dBias);
        if (rounded.Count > 0) Copy(dx, rounded);
    }

    void NormGrad<TValues>(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor partial, int blockRows, bool accumulate)
        where TValues : struct, IValues =>
        Device.Launch(partial.Rows / 2, ThreadsOfRow(x.Cols), new RowNormGrad<TValues>(At(dy), At(x), At(scale),
            Address(mean.View), Address(rstd.View), At(dx), At(partial), x.Rows, x.Cols, blockRows, 1f / x.Cols, accumulate ? 1 : 0));
}
