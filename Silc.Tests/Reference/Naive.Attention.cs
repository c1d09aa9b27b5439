namespace Silc.Tests;

static partial class Naive
{
    /// <summary>softmax(q·kᵀ/√D)·v for each image and head, and the log of each softmax's denominator, (B·H, Tq).</summary>
    public static (Matrix O, Matrix LogSumExp) Attention(Matrix q, Matrix k, Matrix v, int batch, int heads, bool causal = false)
    {
        int queries = q.Rows / batch, keys = k.Rows / batch, size = q.Cols / heads;
        var (o, logSumExp) = (new Matrix(q.Rows, q.Cols), new Matrix(batch * heads, queries));
        for (int b = 0; b < batch; b++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    int seen = causal ? Math.Min(keys, i + 1) : keys;
                    var scores = new double[seen];
                    for (int j = 0; j < seen; j++)
                        for (int d = 0; d < size; d++)
                            scores[j] += q[b * queries + i, h * size + d] * k[b * keys + j, h * size + d] / Math.Sqrt(size);
                    var log = LogSumExp(scores);
                    for (int j = 0; j < seen; j++)
                        for (int d = 0; d < size; d++)
                            o[b * queries + i, h * size + d] += Math.Exp(scores[j] - log) * v[b * keys + j, h * size + d];
                    logSumExp[b * heads + h, i] = log;
                }
        return (o, logSumExp);
    }

    internal static double LogSumExp(IEnumerable<double> x)
    {
        var max = x.Max();
        return max + Math.Log(x.Sum(v => Math.Exp(v - max)));
    }
}
