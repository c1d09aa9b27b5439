namespace Silc.Tests;

static partial class Naive
{
    /// <summary>softmax((x - center) / temperature) of each row.</summary>
    public static Matrix TeacherSoftmax(Matrix x, Matrix center, double temperature)
    {
        var z = Matrix.Make(x.Rows, x.Cols, (r, c) => (x[r, c] - center[0, c]) / temperature);
        var logs = Matrix.Make(x.Rows, 1, (r, _) => LogSumExp(Row(z, r)));
        return Matrix.Make(x.Rows, x.Cols, (r, c) => Math.Exp(z[r, c] - logs[r, 0]));
    }

    /// <summary>
    /// Sinkhorn-Knopp as its authors write it, on the scores (N, K) of those rows that count: exp, divided by its sum; <paramref name="rounds"/>
    /// times
    /// each column divided by its sum and K, then each row by its sum and N; at last times N, so that each row has the sum 1.
    /// </summary>
    public static Matrix Sinkhorn(Matrix scores, double temperature, int rounds = 3)
    {
        double max = scores.Values.Max();
        var q = scores.Map(s => Math.Exp((s - max) / temperature));
        for (int round = 0; round < rounds; round++)
        {
            double[] columns = [.. Enumerable.Range(0, q.Cols).Select(k => Enumerable.Range(0, q.Rows).Sum(r => q[r, k]))];
            q = Matrix.Make(q.Rows, q.Cols, (r, k) => q[r, k] / columns[k] / q.Cols);
            double[] rows = [.. Enumerable.Range(0, q.Rows).Select(r => Row(q, r).Sum())];
            q = Matrix.Make(q.Rows, q.Cols, (r, k) => q[r, k] / rows[r] / q.Rows);
        }
        return q.Map(value => value * scores.Rows);
    }

    /// <summary>
    /// Each student row's term of the mean cross-entropy over <paramref name="terms"/> pairs of views and the batch. Rows are view-major:
    /// row v·B + n is view v of sample n.
    /// </summary>
    public static Matrix DinoCrossEntropy(Matrix logits, Matrix targets, int batch, double temperature, bool skipSame, int terms) =>
        Matrix.Make(logits.Rows, 1, (row, _) =>
        {
            var log = LogSumExp(Row(logits, row).Select(z => z / temperature));
            double loss = 0;
            for (int teacher = 0; teacher < targets.Rows / batch; teacher++)
            {
                if (skipSame && teacher == row / batch) continue;
                for (int k = 0; k < logits.Cols; k++)
                    loss -= targets[teacher * batch + row % batch, k] * (logits[row, k] / temperature - log);
            }
            return loss / (terms * batch);
        });

    /// <summary>Each row's weight times its cross-entropy with its own target.</summary>
    public static Matrix PatchCrossEntropy(Matrix logits, Matrix targets, Matrix weights, double temperature) =>
        Matrix.Make(logits.Rows, 1, (row, _) =>
        {
            var log = LogSumExp(Row(logits, row).Select(z => z / temperature));
            return weights[row, 0] * Enumerable.Range(0, logits.Cols).Sum(k => -targets[row, k] * (logits[row, k] / temperature - log));
        });

    /// <summary>InfoNCE: the term of pair i, ½ of its image among all captions and ½ of its caption among all images.</summary>
    public static Matrix InfoNce(Matrix cosines, double t)
    {
        var logits = cosines.Map(x => Math.Exp(t) * x);
        var transposed = Transposed(logits);
        return Matrix.Make(logits.Rows, 1, (i, _) =>
            (LogSumExp(Row(logits, i)) - logits[i, i] + LogSumExp(Row(transposed, i)) - logits[i, i]) / (2 * logits.Rows));
    }

    /// <summary>Σ over j of -log sigmoid(m·(exp(t)·x + b)) / B, m = 1 for the true caption and -1 for the others.</summary>
    public static Matrix SigLip(Matrix cosines, double t, double b) => Matrix.Make(cosines.Rows, 1, (i, _) =>
        Enumerable.Range(0, cosines.Cols).Sum(j => Softplus((i == j ? -1 : 1) * (Math.Exp(t) * cosines[i, j] + b))) / cosines.Rows);

    /// <summary>Index of the maximum of each row of cosines off the diagonal, the first of equals.</summary>
    public static int[] Nearest(Matrix cosines) =>
        [.. Enumerable.Range(0, cosines.Rows).Select(i => Enumerable.Range(0, cosines.Cols).Where(j => j != i).MaxBy(j => cosines[i, j]))];

    /// <summary>Each row's term of the mean of -log(|z_i - z_n + ε| + ε), n its nearest.</summary>
    public static Matrix KoLeo(Matrix z, int[] nearest) => Matrix.Make(z.Rows, 1, (i, _) =>
        -Math.Log(Math.Sqrt(Enumerable.Range(0, z.Cols).Sum(c => Math.Pow(z[i, c] - z[nearest[i], c] + 1e-8, 2))) + 1e-8) / z.Rows);

    /// <summary>Each row divided by its length.</summary>
    public static Matrix Unit(Matrix x) => Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] / Math.Sqrt(Row(x, r).Sum(v => v * v)));

    static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
