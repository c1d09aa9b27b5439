using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// The nearest neighbour n of row i, by maximum cosine, the lowest of equals; d = |z_i - z_n + ε|, rowLoss = -weight · log(d + ε). Saved
/// for backward: near[i] = n and near[N + i] = -weight / (d·(d + ε)).
/// </summary>
readonly struct KoLeoRows<TPack>(FloatPointer z, FloatPointer cosines, FloatPointer near, FloatPointer rowLoss, int count, int width,
    float weight, float epsilon) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(count); row < last; row++)
        {
            // A row whose cosines are all NaN gets a valid neighbour all the same: its loss is NaN.
            float max = float.MinValue;
            int at = row == 0 ? 1 : 0;
            for (int j = thread; j < count; j += threads)
            {
                float cosine = cosines[row * count + j];
                if (j != row && cosine > max)
                {
                    max = cosine;
                    at = j;
                }
            }
            float best = BlockReduce.Max(max, thread, threads);
            int neighbour = -(int)BlockReduce.Max(max == best ? -at : -count, thread, threads);

            int mine = row * width, other = neighbour * width;
            var squares = TPack.Splat(0);
            float tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            {
                var d = TPack.Load(z, mine + c) - TPack.Load(z, other + c) + TPack.Splat(epsilon);
                squares += d * d;
            }
            for (int c = vectorEnd + thread; c < width; c += threads)
            {
                float d = z[mine + c] - z[other + c] + epsilon;
                tail += d * d;
            }
            float distance = XMath.Sqrt(BlockReduce.Sum(TPack.Sum(squares) + tail, thread, threads));
            if (thread == 0)
            {
                near[row] = neighbour;
                near[count + row] = -weight / (distance * (distance + epsilon));
                rowLoss[row] = -weight * XMath.Log(distance + epsilon);
            }
        }
    }
}

/// <summary>
/// dz_i += f_i·(z_i - z_n + ε) - Σ f_j·(z_j - z_i + ε) over the rows j whose nearest is i, in their order; f from
/// <see cref="KoLeoRows{TPack}"/>.
/// </summary>
readonly struct KoLeoGrad<TPack>(FloatPointer z, FloatPointer near, FloatPointer dz, int count, int width, float epsilon) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(count); row < last; row++)
        {
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(row, c);
            for (int c = vectorEnd + thread; c < width; c += threads) At<Pack1>(row, c);
        }
    }

    void At<P>(int row, int c) where P : struct, IPack<P>
    {
        var mine = P.Load(z, row * width + c);
        var sum = P.Splat(near[count + row]) * (mine - P.Load(z, (int)near[row] * width + c) + P.Splat(epsilon));
        for (int j = 0; j < count; j++)
            if ((int)near[j] == row) sum = sum - P.Splat(near[count + j]) * (P.Load(z, j * width + c) - mine + P.Splat(epsilon));
        P.Store(dz, row * width + c, P.Load(dz, row * width + c) + sum);
    }
}

partial class Ops<TPack>
{
    public override void KoLeo(Tensor z, Tensor cosines, Tensor dz, Tensor rowLoss, float weight)
    {
        const float epsilon = 1e-8f;
        Same(z, dz);
        int n = z.Rows;
        if (n < 2 || (cosines.Rows, cosines.Cols) != (n, n))
            throw new ArgumentException($"{n} rows and {cosines.Rows} x {cosines.Cols} cosines: KoLeo needs two rows or more and the cosines of all");
        var near = Device.Workspace(2L * n);
        Device.ForRows(n, new KoLeoRows<TPack>(Dense(z), Dense(cosines), near, Dense(rowLoss), n, z.Cols, weight / n, epsilon));
        Device.ForRows(n, new KoLeoGrad<TPack>(Dense(z), near, Dense(dz), n, z.Cols, epsilon));
    }
}
