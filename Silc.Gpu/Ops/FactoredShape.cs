namespace Silc;

/// <summary>
/// How Adafactor sees a parameter (Shazeer and Stern 2018, arXiv:1804.04235; optax's <c>scale_by_factored_rms</c>). When the two largest of its
/// dimensions are at least 32, the second moment is kept as a row statistic (mean over the largest, d0) and a column statistic (mean over the
/// second largest, d1); the other dimensions stay separate. Shapes have at most four dimensions. Threads: immutable; any number may share it.
/// </summary>
sealed class FactoredShape
{
    const int MinFactored = 32;       // big_vision's min_dim_size_to_factor

    /// <summary>The plan for a parameter of that shape.</summary>
    public FactoredShape(IReadOnlyList<int> shape)
    {
        if (shape.Count > 4) throw new ArgumentException($"a parameter of {shape.Count} dimensions is more than Adafactor's 4");
        Dims = [.. Enumerable.Repeat(1, 4 - shape.Count), .. shape];
        var bySize = Enumerable.Range(0, 4).OrderBy(d => Dims[d]).ThenBy(d => d).ToArray();
        (D1, D0) = (bySize[2], bySize[3]);
        Factored = shape.Count >= 2 && Dims[D1] >= MinFactored;
        RowStrides = StridesWithout(D0);
        ColStrides = StridesWithout(D1);
        MeanStrides = StridesWithout(D0, D1);
    }

    /// <summary>Sizes, padded in front with 1 to four.</summary>
    public int[] Dims { get; }

    /// <summary>The largest dimension.</summary>
    public int D0 { get; }

    /// <summary>The second largest.</summary>
    public int D1 { get; }

    /// <summary>False: one second moment an element.</summary>
    public bool Factored { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Dims.Aggregate(1, (a, b) => a * b);

    /// <summary>Size of the row statistic.</summary>
    public int RowCount => Factored ? Count / Dims[D0] : 0;

    /// <summary>Size of the column statistic.</summary>
    public int ColCount => Factored ? Count / Dims[D1] : 0;

    /// <summary>Size of the row statistic's mean over d1.</summary>
    public int MeanCount => Factored ? Count / Dims[D0] / Dims[D1] : 0;

    internal int[] RowStrides { get; }

    internal int[] ColStrides { get; }

    internal int[] MeanStrides { get; }

    /// <summary>Elements from one to the next along dimension <paramref name="d"/> of the parameter itself.</summary>
    internal int Stride(int d) => Dims.Skip(d + 1).Aggregate(1, (a, b) => a * b);

    // Strides of a dense tensor that lacks the reduced dimensions: 0 along those.
    int[] StridesWithout(params int[] reduced)
    {
        var strides = new int[4];
        int stride = 1;
        for (int d = 3; d >= 0; d--)
        {
            if (reduced.Contains(d)) continue;
            strides[d] = stride;
            stride *= Dims[d];
        }
        return strides;
    }
}

/// <summary>Numbers of one Adafactor update. Threads: immutable; any number may share it.</summary>
/// <param name="Rate">Factor on the learning rate of the step state.</param>
/// <param name="Decay">Factor on the decay of the step state.</param>
/// <param name="Beta2Cap">Upper limit of β₂ = 1 - updates^-0.8.</param>
/// <param name="Momentum">Factor of the update's moving average, which has no bias correction.</param>
/// <param name="BFloat16Momentum">Round the average to bfloat16, as big_vision stores it.</param>
readonly record struct AdafactorStep(float Rate, float Decay, float Beta2Cap, float Momentum, bool BFloat16Momentum);
