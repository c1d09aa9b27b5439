using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Four sizes or strides, outermost first.</summary>
readonly struct Dim4(int a, int b, int c, int d)
{
    public readonly int A = a, B = b, C = c, D = d;

    public Dim4(int[] values) : this(values[0], values[1], values[2], values[3]) { }

    /// <summary>Offset of the row that holds element <paramref name="row"/>·D of a dense tensor of sizes <paramref name="dims"/>.</summary>
    public int At(int row, Dim4 dims) => row / dims.C / dims.B * A + row / dims.C % dims.B * B + row % dims.C * C;
}

static class AdafactorMath
{
    const float Epsilon = 1e-30f;

    /// <summary>β₂ = min(cap, 1 - updates^-0.8): 0 at the first update.</summary>
    public static float Beta2(float updates, float cap) => XMath.Min(cap, 1 - XMath.Pow(updates, -0.8f));

    public static float Square(float g, float clip) => g * clip * (g * clip) + Epsilon;

    public static float RoundToBFloat16(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        return Interop.IntAsFloat(bits + 0x7fffu + (bits >> 16 & 1u) & 0xffff0000u);
    }
}

/// <summary>statistic ← β₂·statistic + (1-β₂)·mean of g² along one dimension; a block computes one mean.</summary>
readonly struct AdafactorMean(FloatPointer g, FloatPointer statistic, FloatPointer state, Dim4 dims, Dim4 strides, int results,
    int length, int step, float cap) : IKernel
{
    public void Execute()
    {
        if (state[StepState.Finite] == 0) return;
        int last = BlockRange.Last(results), thread = Group.IdxX, threads = Group.DimX;
        float clip = state[StepState.Clip], beta2 = AdafactorMath.Beta2(state[StepState.Updates], cap);
        for (int i = BlockRange.First(results); i < last; i++)
        {
            // Result i counts through the sizes in dims, where the reduced dimension is 1; strides are those of g.
            int start = i / dims.D / dims.C / dims.B * strides.A + i / dims.D / dims.C % dims.B * strides.B
                + i / dims.D % dims.C * strides.C + i % dims.D * strides.D;
            float sum = 0;
            for (int j = thread; j < length; j += threads) sum += AdafactorMath.Square(g[start + j * step], clip);
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) statistic[i] = beta2 * statistic[i] + (1 - beta2) * sum / length;
        }
    }
}

/// <summary>mean[i] = mean of the row statistic along d1.</summary>
readonly struct AdafactorRowMean(FloatPointer rows, FloatPointer mean, FloatPointer state, Dim4 dims, Dim4 strides, int results, int length, int step)
    : IKernel
{
    public void Execute()
    {
        if (state[StepState.Finite] == 0) return;
        int last = BlockRange.Last(results), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.First(results); i < last; i++)
        {
            int start = i / dims.D / dims.C / dims.B * strides.A + i / dims.D / dims.C % dims.B * strides.B
                + i / dims.D % dims.C * strides.C + i % dims.D * strides.D;
            float sum = 0;
            for (int j = thread; j < length; j += threads) sum += rows[start + j * step];
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) mean[i] = sum / length;
        }
    }
}

/// <summary>
/// u = g / √(row / mean(row)) / √col, or g / √v where not factored; m ← μ·m + (1-μ)·u; p ← p - rate·m - decay·p. With a rounded m
/// the first μ is rounded too, as optax has it. Elements below first, and from end on, are another rank's: of those v alone follows, unless it has.
/// </summary>
readonly struct AdafactorUpdateKernel(FloatPointer p, FloatPointer g, FloatPointer m, FloatPointer rows, FloatPointer cols,
    FloatPointer means, FloatPointer v, FloatPointer state, Dim4 dims, Dim4 rowStrides, Dim4 colStrides, Dim4 meanStrides,
    int factored, float rate, float decay, float cap, float momentum, int round, int first, int end, int followed) : IKernel
{
    public void Execute()
    {
        if (state[StepState.Finite] == 0) return;
        int count = dims.A * dims.B * dims.C, last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        float clip = state[StepState.Clip], beta2 = AdafactorMath.Beta2(state[StepState.Updates], cap);
        float step = rate * state[StepState.LearningRate], decayStep = decay * state[StepState.Decay];
        // optax multiplies a bfloat16 average by a bfloat16 factor: 0.8984375 for 0.9. The factor of the new update stays 1 - 0.9.
        float kept = round != 0 ? AdafactorMath.RoundToBFloat16(momentum) : momentum;
        for (int row = BlockRange.First(count); row < last; row++)
        {
            int start = row * dims.D;
            int r = rowStrides.At(row, dims), c = colStrides.At(row, dims), a = meanStrides.At(row, dims);
            for (int j = thread; j < dims.D; j += threads)
            {
                int i = start + j;
                bool own = i >= first && i < end;
                float grad = g[i] * clip, update = 0;
                if (factored != 0 && own)
                    update = grad * XMath.Sqrt(means[a + j * meanStrides.D] / rows[r + j * rowStrides.D]) / XMath.Sqrt(cols[c + j * colStrides.D]);
                if (factored == 0)
                {
                    float square = followed != 0 ? v[i] : beta2 * v[i] + (1 - beta2) * AdafactorMath.Square(g[i], clip);
                    v[i] = square;
                    update = grad / XMath.Sqrt(square);
                }
                if (own)
                {
                    float average = kept * m[i - first] + (1 - momentum) * update;
                    m[i - first] = round != 0 ? AdafactorMath.RoundToBFloat16(average) : average;
                    p[i] -= step * average + decayStep * p[i];
                }
            }
        }
    }
}

partial class Ops<TPack>
{
    public override void AdafactorUpdate(
        FactoredShape shape, Tensor p, Tensor g, Tensor m, Tensor rows, Tensor cols, Tensor v, StepState state, AdafactorStep step, int first = 0,
        bool followed = false)
    {
        if (first < 0 || m.Count > shape.Count - first)
            throw new ArgumentException($"{m.Count} values from {first} on are not in a parameter of {shape.Count}");
        var dims = new Dim4(shape.Dims);
        var means = Device.Workspace(Math.Max(1, shape.MeanCount));
        if (shape.Factored)
        {
            if (!followed)
            {
                Mean(shape.D0, rows, shape.RowCount);
                Mean(shape.D1, cols, shape.ColCount);
            }
            if (m.Count == 0) return;
            Device.ForRows(shape.MeanCount, new AdafactorRowMean(rows.View, means, state.View, Without(shape.D0, shape.D1), new(shape.RowStrides),
                shape.MeanCount, shape.Dims[shape.D1], shape.RowStrides[shape.D1]));
        }
        Device.ForRows(dims.A * dims.B * dims.C, new AdafactorUpdateKernel(p.View, g.View, m.Count > 0 ? m.View : p.View, rows.View, cols.View,
            means, v.View, state.View, dims, new(shape.RowStrides), new(shape.ColStrides), new(shape.MeanStrides), shape.Factored ? 1 : 0,
            step.Rate, step.Decay, step.Beta2Cap, step.Momentum, step.BFloat16Momentum ? 1 : 0, first, first + m.Count, followed ? 1 : 0));
        Weights?.Written(p);

        void Mean(int over, Tensor statistic, int count) => Device.ForRows(count, new AdafactorMean(g.View, statistic.View, state.View,
            Without(over), new([.. Enumerable.Range(0, 4).Select(shape.Stride)]), count, shape.Dims[over], shape.Stride(over), step.Beta2Cap));

        Dim4 Without(params int[] reduced) => new([.. shape.Dims.Select((size, d) => reduced.Contains(d) ? 1 : size)]);
    }
}
