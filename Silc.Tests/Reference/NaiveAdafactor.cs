namespace Silc.Tests;

/// <summary>
/// big_vision's Adafactor for one parameter, after optax's <c>scale_by_factored_rms</c>: the statistics are dictionaries from the
/// remaining indices to a mean.
/// </summary>
public sealed class NaiveAdafactor(int[] shape, double[] p, double momentum, double beta2Cap)
{
    readonly double[] average = new double[p.Length], squares = new double[p.Length];
    Dictionary<string, double> rows = [], cols = [];
    int updates;

    public double[] P => p;

    public double[] Average => average;

    /// <summary>Means over the largest dimension, in the order of the parameter's memory.</summary>
    public double[] Rows => [.. rows.Values];

    /// <summary>Means over the second largest.</summary>
    public double[] Cols => [.. cols.Values];

    // numpy.argsort: the later of two equal dimensions counts as the larger.
    int[] BySize => [.. Enumerable.Range(0, shape.Length).OrderBy(d => shape[d])];

    public bool Factored => shape.Length >= 2 && shape[BySize[^2]] >= 32;

    public void Step(double[] g, double learningRate, double decay)
    {
        var beta2 = Math.Min(beta2Cap, 1 - Math.Pow(++updates, -0.8));
        var update = new double[p.Length];
        if (Factored)
        {
            int largest = BySize[^1], second = BySize[^2];
            rows = Follow(rows, Means(i => g[i] * g[i] + 1e-30, largest), beta2);
            cols = Follow(cols, Means(i => g[i] * g[i] + 1e-30, second), beta2);
            var rowMeans = Means(i => rows[Key(i, largest)], largest, second);
            for (int i = 0; i < p.Length; i++)
                update[i] = g[i] / Math.Sqrt(rows[Key(i, largest)] / rowMeans[Key(i, largest, second)] * cols[Key(i, second)]);
        }
        else
            for (int i = 0; i < p.Length; i++)
            {
                squares[i] = beta2 * squares[i] + (1 - beta2) * (g[i] * g[i] + 1e-30);
                update[i] = g[i] / Math.Sqrt(squares[i]);
            }
        for (int i = 0; i < p.Length; i++)
        {
            average[i] = momentum * average[i] + (1 - momentum) * update[i];
            p[i] -= learningRate * average[i] + decay * p[i];
        }
    }

    static Dictionary<string, double> Follow(Dictionary<string, double> old, Dictionary<string, double> now, double beta2) =>
        now.ToDictionary(entry => entry.Key, entry => beta2 * old.GetValueOrDefault(entry.Key) + (1 - beta2) * entry.Value);

    Dictionary<string, double> Means(Func<int, double> value, params int[] over) =>
        Enumerable.Range(0, p.Length).GroupBy(i => Key(i, over)).ToDictionary(group => group.Key, group => group.Average(value));

    // The indices of element i without those of some dimensions.
    string Key(int i, params int[] without)
    {
        var indices = new int[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--) (i, indices[d]) = (i / shape[d], i % shape[d]);
        return string.Join(',', indices.Where((_, d) => !without.Contains(d)));
    }
}
