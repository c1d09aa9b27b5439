namespace Silc;

/// <summary>Draws one initial value of a parameter.</summary>
delegate float Init(Philox random);

/// <summary>Initial distributions: flax's, which big_vision uses, and DINO's for the head. Threads: any number may call.</summary>
static class Inits
{
    /// <summary>0.</summary>
    public static Init Zeros { get; } = _ => 0;

    /// <summary>1.</summary>
    public static Init Ones { get; } = _ => 1;

    /// <summary>Always <paramref name="value"/>.</summary>
    public static Init Constant(double value) => _ => (float)value;

    /// <summary>N(0, std²).</summary>
    public static Init Normal(double std) => random => (float)(std * random.Normal());

    /// <summary>N(0, std²) cut off at ±2 std; std is that of the whole normal.</summary>
    public static Init TruncatedNormal(double std) => random =>
    {
        double x;
        do x = random.Normal();
        while (Math.Abs(x) > 2);
        return (float)(std * x);
    };

    /// <summary>
    /// N(0, std²) cut off at ±<paramref name="bound"/> itself, not at multiples of std: PyTorch's and DINO's <c>trunc_normal_</c>.
    /// </summary>
    public static Init TruncatedNormal(double std, double bound) => random =>
    {
        double x;
        do x = std * random.Normal();
        while (Math.Abs(x) > bound);
        return (float)x;
    };

    /// <summary>U(-bound, bound).</summary>
    public static Init Uniform(double bound) => random => (float)random.Uniform(-bound, bound);

    /// <summary>U(±√(6 / (fanIn + fanOut))). Glorot and Bengio 2010.</summary>
    public static Init XavierUniform(int fanIn, int fanOut) => Uniform(Math.Sqrt(6.0 / (fanIn + fanOut)));

    /// <summary>Truncated normal of variance 1 / fanIn. LeCun et al. 1998; flax's default for dense layers.</summary>
    // 0.8796…: the standard deviation that is left of a unit normal cut off at ±2.
    public static Init LecunNormal(int fanIn) => TruncatedNormal(Math.Sqrt(1.0 / fanIn) / 0.87962566103423978);
}
