using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>φ(a) = elu(a) + 1, positive everywhere, and its slope.</summary>
static class Elu
{
    public static float Phi(float a) => a > 0 ? a + 1 : XMath.Exp(a);

    public static float Slope(float a) => a > 0 ? 1 : XMath.Exp(a);
}

/// <summary>
/// What a head keeps of its keys and values: S (d, d) = Σ φ(k) vᵀ and s (d) = Σ φ(k), one after the other. Its gradient has the same form, with
/// queries in place of keys. A block takes a head of a sequence, a thread rows of S.
/// </summary>
readonly struct LinearAttentionState<TPack>(FloatPointer k, int strideK, FloatPointer v, int strideV, FloatPointer factors, int hasFactors,
    FloatPointer state, int items, int tokens, int heads, int dim) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(items), thread = Group.IdxX, threads = Group.DimX, vectorEnd = dim / TPack.Width * TPack.Width;
        for (int item = BlockRange.First(items); item < last; item++)
        {
            int head = item % heads, first = item / heads * tokens;
            for (int i = thread; i < dim; i += threads)
            {
                int to = item * dim * (dim + 1) + i * dim;
                for (int e = 0; e < vectorEnd; e += TPack.Width) TPack.Store(state, to + e, TPack.Splat(0));
                for (int e = vectorEnd; e < dim; e++) state[to + e] = 0;
                float sum = 0;
                for (int row = first; row < first + tokens; row++)
                {
                    float phi = Elu.Phi(k[row * strideK + head * dim + i]), share = phi;
                    // Of a gradient: φ(q) / z for S, and -φ(q) · (dO·o) / z for s.
                    if (hasFactors != 0)
                    {
                        share = phi * factors[(row * heads + head) * 2];
                        phi *= factors[(row * heads + head) * 2 + 1];
                    }
                    sum += phi;
                    int from = row * strideV + head * dim;
                    for (int e = 0; e < vectorEnd; e += TPack.Width)
                        TPack.Store(state, to + e, TPack.Load(state, to + e) + TPack.Splat(share) * TPack.Load(v, from + e));
                    for (int e = vectorEnd; e < dim; e++) state[to + e] += share * v[from + e];
                }
                state[item * dim * (dim + 1) + dim * dim + i] = sum;
            }
        }
    }
}

/// <summary>
/// For each token and head 1 / z and -(dO · o) / z, z = φ(q)·s + ε: what the gradients share.
/// </summary>
readonly struct LinearAttentionFactors(FloatPointer q, int strideQ, FloatPointer o, int strideO, FloatPointer dO, int strideDO, FloatPointer state,
    FloatPointer factors, int rows, int tokens, int heads, int dim, float epsilon) : IKernel
{
    public void Execute()
    {
        int count = rows * heads, last = BlockRange.Last(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.First(count) + thread; i < last; i += threads)
        {
            int row = i / heads, head = i % heads, sums = (row / tokens * heads + head) * dim * (dim + 1) + dim * dim;
            float z = epsilon, dot = 0;
            for (int e = 0; e < dim; e++)
            {
                z += Elu.Phi(q[row * strideQ + head * dim + e]) * state[sums + e];
                dot += dO[row * strideDO + head * dim + e] * o[row * strideO + head * dim + e];
            }
            factors[i * 2] = 1 / z;
            factors[i * 2 + 1] = -dot / z;
        }
    }
}

/// <summary>o = φ(q)·S / (φ(q)·s + ε), or dV = φ(k)·dS where the divisor is left out.</summary>
readonly struct LinearAttentionOut<TPack>(FloatPointer q, int strideQ, FloatPointer state, FloatPointer o, int strideO, int rows, int tokens,
    int heads, int dim, float epsilon, int divides) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, width = heads * dim;
        for (int row = BlockRange.First(rows); row < last; row++)
            // A pack must lie in one head.
            if (dim % TPack.Width == 0)
                for (int c = thread * TPack.Width; c < width; c += threads * TPack.Width) At<TPack>(row, c);
            else
                for (int c = thread; c < width; c += threads) At<Pack1>(row, c);
    }

    void At<P>(int row, int c) where P : struct, IPack<P>
    {
        int head = c / dim, at = (row / tokens * heads + head) * dim * (dim + 1), from = row * strideQ + head * dim;
        var sum = P.Splat(0);
        float z = epsilon;
        for (int i = 0; i < dim; i++)
        {
            float phi = Elu.Phi(q[from + i]);
            z += phi * state[at + dim * dim + i];
            sum += P.Splat(phi) * P.Load(state, at + i * dim + c % dim);
        }
        P.Store(o, row * strideO + c, divides != 0 ? sum * P.Splat(1 / z) : sum);
    }
}

/// <summary>
/// dx_i = φ'(x_i) · (S_i·y · f + s_i · g) for each channel i of a head: of queries with y = dO, f = 1 / z and g = -(dO·o) / z, of keys with
/// y = v and the gradients of S and s, where f = g = 1.
/// </summary>
readonly struct LinearAttentionGrad<TPack>(FloatPointer x, int strideX, FloatPointer y, int strideY, FloatPointer state, FloatPointer factors,
    int hasFactors, FloatPointer dx, int strideDX, int rows, int tokens, int heads, int dim) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, width = heads * dim;
        int vectorEnd = dim / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
            for (int c = thread; c < width; c += threads)
            {
                int head = c / dim, i = c % dim, at = (row / tokens * heads + head) * dim * (dim + 1), from = row * strideY + head * dim;
                var dots = TPack.Splat(0);
                float tail = 0;
                for (int e = 0; e < vectorEnd; e += TPack.Width) dots += TPack.Load(state, at + i * dim + e) * TPack.Load(y, from + e);
                for (int e = vectorEnd; e < dim; e++) tail += state[at + i * dim + e] * y[from + e];
                float f = 1, g = 1;
                if (hasFactors != 0)
                {
                    f = factors[(row * heads + head) * 2];
                    g = factors[(row * heads + head) * 2 + 1];
                }
                dx[row * strideDX + c] = Elu.Slope(x[row * strideX + c]) * ((TPack.Sum(dots) + tail) * f + state[at + dim * dim + i] * g);
            }
    }
}

partial class Ops<TPack>
{
    const float LinearAttentionEpsilon = 1e-6f;

    public override void LinearAttention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, int batch, int heads)
    {
        var (tokens, dim) = LinearSizes(q, state, batch, heads);
        var memory = Dense(state);
        Device.ForRows(batch * heads, new LinearAttentionState<TPack>(Floats(k), k.Stride, Floats(v), v.Stride, memory, 0, memory, batch * heads,
            tokens, heads, dim));
        Device.ForRows(q.Rows, new LinearAttentionOut<TPack>(Floats(q), q.Stride, memory, Floats(o), o.Stride, q.Rows, tokens, heads, dim,
            LinearAttentionEpsilon, 1));
    }

    public override void LinearAttentionBackward(Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, Tensor dQ, Tensor dK, Tensor dV,
        int batch, int heads)
    {
        var (tokens, dim) = LinearSizes(q, state, batch, heads);
        int rows = q.Rows;
        var scratch = Device.Workspace(2L * rows * heads + state.Count);
        ArrayView<float> factors = Part(scratch, 0, 2 * rows * heads), dState = Part(scratch, 2 * rows * heads, state.Count);
        var memory = Dense(state);
        Device.ForElements(rows * heads, new LinearAttentionFactors(Floats(q), q.Stride, Floats(o), o.Stride, Floats(dO), dO.Stride, memory, factors,
            rows, tokens, heads, dim, LinearAttentionEpsilon));
        Device.ForRows(batch * heads, new LinearAttentionState<TPack>(Floats(q), q.Stride, Floats(dO), dO.Stride, factors, 1, dState, batch * heads,
            tokens, heads, dim));
        Device.ForRows(rows, new LinearAttentionGrad<TPack>(Floats(q), q.Stride, Floats(dO), dO.Stride, memory, factors, 1, Floats(dQ), dQ.Stride,
            rows, tokens, heads, dim));
        Device.ForRows(rows, new LinearAttentionGrad<TPack>(Floats(k), k.Stride, Floats(v), v.Stride, dState, factors, 0, Floats(dK), dK.Stride, rows,
            tokens, heads, dim));
        Device.ForRows(rows, new LinearAttentionOut<TPack>(Floats(k), k.Stride, dState, Floats(dV), dV.Stride, rows, tokens, heads, dim, 0, 0));
    }

    static (int Tokens, int Dim) LinearSizes(Tensor q, Tensor state, int batch, int heads)
    {
        int dim = q.Cols / heads;
        return q.Rows % batch == 0 && q.Cols % heads == 0 && (state.Rows, state.Cols) == (batch * heads, dim * (dim + 1))
            ? (q.Rows / batch, dim)
            : throw new ArgumentException($"{q.Rows} x {q.Cols} queries do not split into {batch} sequences and {heads} heads with "
                + $"{state.Rows} x {state.Cols} sums");
    }
}
