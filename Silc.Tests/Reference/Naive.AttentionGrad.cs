namespace Silc.Tests;

static partial class Naive
{
    /// <summary>Gradients of <see cref="Attention"/>: dS = p·(dO·vᵀ - Σ p·dO·vᵀ)/√D, dQ = dS·k, dK = dSᵀ·q, dV = pᵀ·dO.</summary>
    public static (Matrix Q, Matrix K, Matrix V) AttentionGrad(Matrix dO, Matrix q, Matrix k, Matrix v, int batch, int heads, bool causal = false)
    {
        int queries = q.Rows / batch, keys = k.Rows / batch, size = q.Cols / heads;
        Matrix dQ = new(q.Rows, q.Cols), dK = new(k.Rows, k.Cols), dV = new(k.Rows, k.Cols), lse = Attention(q, k, v, batch, heads, causal).LogSumExp;
        for (int b = 0; b < batch; b++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    var (p, dP, row) = (new double[keys], new double[keys], b * queries + i);
                    for (int j = 0; j < keys; j++)
                    {
                        for (int d = h * size; d < (h + 1) * size; d++)
                        {
                            p[j] += q[row, d] * k[b * keys + j, d] / Math.Sqrt(size);
                            dP[j] += dO[row, d] * v[b * keys + j, d];
                        }
                        p[j] = causal && j > i ? 0 : Math.Exp(p[j] - lse[b * heads + h, i]);
                    }
                    var mean = p.Zip(dP, (x, y) => x * y).Sum();
                    for (int j = 0; j < keys; j++)
                        for (int d = h * size; d < (h + 1) * size; d++)
                        {
                            var dS = p[j] * (dP[j] - mean) / Math.Sqrt(size);
                            dQ[row, d] += dS * k[b * keys + j, d];
                            dK[b * keys + j, d] += dS * q[row, d];
                            dV[b * keys + j, d] += p[j] * dO[row, d];
                        }
                }
        return (dQ, dK, dV);
    }
}
