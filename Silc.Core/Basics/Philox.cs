namespace Silc;

/// <summary>
/// Counter-based random numbers, Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): draw i is a
/// function of (key, counterHigh, i) alone, so a view or a weight is the same on any number of threads and after a resume.
/// </summary>
/// <param name="key">Seed of the run.</param>
/// <param name="counterHigh">Stream under that seed, e.g. sample index and purpose; streams do not overlap.</param>
sealed class Philox(ulong key, ulong counterHigh = 0)
{
    ulong block;
    (uint X, uint Y, uint Z, uint W) words;
    int used = 4;
    double? spare;

    /// <summary>32 random bits.</summary>
    public uint NextUInt()
    {
        if (used == 4)
        {
            words = Words((uint)block, (uint)(block >> 32), (uint)counterHigh, (uint)(counterHigh >> 32),
                (uint)key, (uint)(key >> 32));
            (block, used) = (block + 1, 0);
        }
        return used++ switch { 0 => words.X, 1 => words.Y, 2 => words.Z, _ => words.W };
    }

    /// <summary>64 random bits, two draws of 32.</summary>
    public ulong NextULong() => NextUInt() | (ulong)NextUInt() << 32;

    /// <summary>Uniform in [0, 1), a multiple of 2^-24.</summary>
    public float NextFloat() => (NextUInt() >> 8) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextULong() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Uniform(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0 .. <paramref name="n"/> - 1: the high word of a 64-bit product, whose bias is below n / 2^64.</summary>
    public int NextInt(int n)
    {
        Require.Positive(n, "number of outcomes");
        return (int)Math.BigMul(NextULong(), (ulong)n, out _);
    }

    /// <summary>Standard normal, by Box and Muller's transform: one pair of uniforms gives two draws.</summary>
    public double Normal()
    {
        if (spare is { } kept)
        {
            spare = null;
            return kept;
        }
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        var (sin, cos) = Math.SinCos(2 * Math.PI * NextDouble());
        spare = radius * sin;
        return radius * cos;
    }

    /// <summary>The ten rounds over the counter (c0, c1, c2, c3) under the key (k0, k1). Constants: table 2 of the paper.</summary>
    internal static (uint X, uint Y, uint Z, uint W) Words(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < 10; round++)
        {
            var (p0, p1) = (0xD2511F53UL * c0, 0xCD9E8D57UL * c2);
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            (k0, k1) = (k0 + 0x9E3779B9, k1 + 0xBB67AE85);   // Weyl sequence: golden ratio and sqrt(3) - 1
        }
        return (c0, c1, c2, c3);
    }
}
