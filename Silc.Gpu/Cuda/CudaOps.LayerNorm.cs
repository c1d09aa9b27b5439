using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>As <see cref="LayerNormForward{TPack}"/>, a row a warp: sums go through the registers of its lanes.</summary>
readonly struct RowNorm<TValues>(
    MatrixAt x, MatrixAt scale, MatrixAt bias, MatrixAt y, long mean, long rstd, int rows, int width, float epsilon) : IKernel
    where TValues : struct, IValues
{
    public void Execute()
    {
        int lane = Group.IdxX & 31, row = (Grid.IdxX * Group.DimX + Group.IdxX) / 32;
        if (row >= rows) return;
        Float4 sums = default;
        for (int c = 4 * lane; c < width; c += 128) sums += Ptx.Load4(x.At(row, c));
        float mu = WarpSum.Of(sums) / width;

        // A second pass over the row, which is in cache: E[x²] - E[x]² would cancel.
        sums = default;
        for (int c = 4 * lane; c < width; c += 128)
        {
            var d = Ptx.Load4(x.At(row, c)) - WarpSum.All(mu);
            sums += d * d;
        }
        float r = 1 / XMath.Sqrt(WarpSum.Of(sums) / width + epsilon);
        for (int c = 4 * lane; c < width; c += 128)
        {
            var normal = (Ptx.Load4(x.At(row, c)) - WarpSum.All(mu)) * r;
            TValues.Store(y.At(row, c), normal * Ptx.Load4(scale.At(0, c)) + Ptx.Load4(bias.At(0, c)));
        }
        // One lane stores; predicated, so that the warp stays together.
        Ptx.Store(mean + 4L * row, mu, lane, 1);
        Ptx.Store(rstd + 4L * row, r, lane, 1);
    }
}

/// <summary>
/// As <see cref="LayerNormGrad{TPack}"/>, 32 rows a group: warps first find each row's two means, then every thread has four columns
/// of all rows (as many threads as there are fours, up to 512), whose sums over the rows it keeps in registers.
/// </summary>
readonly struct RowNormGrad<TValues>(MatrixAt dy, MatrixAt x, MatrixAt scale, long mean, long rstd, MatrixAt dx, MatrixAt partial,
    int rows, int width, int accumulate) : IKernel where TValues : struct, IValues
{
    public const int BlockRows = 32;

    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX, lane = thread & 31;
        int first = Grid.IdxX * BlockRows, count = rows - first < BlockRows ? rows - first : BlockRows;
        int means = Ptx.Shared(8 * BlockRows);
        for (int i = thread / 32; i < count; i += threads / 32)
        {
            int row = first + i;
            float mu = Ptx.Load(mean + 4L * row), r = Ptx.Load(rstd + 4L * row);
            Float4 g1 = default, g2 = default;
            for (int c = 4 * lane; c < width; c += 128)
            {
                var g = TValues.Load(dy.At(row, c)) * Ptx.Load4(scale.At(0, c));
                g1 += g;
                g2 += g * (Ptx.Load4(x.At(row, c)) - WarpSum.All(mu)) * r;
            }
            float mean1 = WarpSum.Of(g1) / width, mean2 = WarpSum.Of(g2) / width;
            Ptx.StoreShared2(means + 8 * i, mean1, mean2);      // the same from every lane
        }
        Ptx.Barrier();
        for (int c = 4 * thread; c < width; c += 4 * threads)
        {
            var factor = Ptx.Load4(scale.At(0, c));
            Float4 sumScale = default, sumBias = default;
            for (int i = 0; i < count; i++)
            {
                int row = first + i;
                float mu = Ptx.Load(mean + 4L * row), r = Ptx.Load(rstd + 4L * row);
                float mean1 = Ptx.LoadShared(means + 8 * i), mean2 = Ptx.LoadShared(means + 8 * i + 4);
                var d = TValues.Load(dy.At(row, c));
                var normal = (Ptx.Load4(x.At(row, c)) - WarpSum.All(mu)) * r;
                var grad = (d * factor - WarpSum.All(mean1) - normal * mean2) * r;
                if (accumulate != 0) grad += Ptx.Load4(dx.At(row, c));
                Ptx.Store4(dx.At(row, c), grad);
                sumScale += d * normal;
                sumBias += d;
            }
            Ptx.Store4(partial.At(2 * Grid.IdxX, c), sumScale);
            Ptx.Store4(partial.At(2 * Grid.IdxX + 1, c), sumBias);
        }
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
        if (!IsOfFours(x) || !IsOfFours(y) || !IsAligned(scale) || !IsAligned(bias)) base.LayerNorm(x, scale, bias, y, mean, rstd, epsilon);
        else if (IsHalf(y)) Norm<HalfValues>(x, scale, bias, y, mean, rstd, epsilon);
        else Norm<FloatValues>(x, scale, bias, y, mean, rstd, epsilon);
    }

    void Norm<TValues>(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon) where TValues : struct, IValues =>
        Device.Launch(Pieces(x.Rows, 8), 256, new RowNorm<TValues>(
            At(x), At(scale), At(bias), At(y), Address(mean.View), Address(rstd.View), x.Rows, x.Cols, epsilon));

    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate)
    {
        Same(dy, x);
        MustBeFloats(x, dx, scale);
        if (!IsOfFours(x) || !IsOfFours(dy) || !IsOfFours(dx) || !IsAligned(scale))
        {
            base.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate);
            return;
        }
        int blocks = Pieces(x.Rows, RowNormGrad<FloatValues>.BlockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * 2 * x.Cols), 2 * blocks, x.Cols);
        if (IsHalf(dy)) NormGrad<HalfValues>(dy, x, scale, mean, rstd, dx, partial, accumulate);
        else NormGrad<FloatValues>(dy, x, scale, mean, rstd, dx, partial, accumulate);
        AddColumns(partial.Reshape(blocks, 2 * x.Cols), dScale, dBias);
    }

    void NormGrad<TValues>(Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor partial, bool accumulate)
        where TValues : struct, IValues =>
        Device.Launch(partial.Rows / 2, Math.Clamp(32 * Pieces(x.Cols, 4 * 32), 64, 512), new RowNormGrad<TValues>(At(dy), At(x), At(scale),
            Address(mean.View), Address(rstd.View), At(dx), At(partial), x.Rows, x.Cols, accumulate ? 1 : 0));
}
