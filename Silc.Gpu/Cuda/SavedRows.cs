namespace Silc;

/// <summary>
/// What the gradient of queries hands on to that of keys, two queries in 32 bytes: log Σ exp of both as exponents of 2, eight bytes that are not
/// used, then −delta of both, twice: so these are sums of 16 x 8 to begin with. Behind the last query are zeros.
/// </summary>
readonly struct SavedRows(long address, int queries)
{
    public const int PairBytes = 32;

    static int Pairs(int queries) => queries + 1 >> 1;

    public static long Floats(int heads, int queries) => (long)heads * Pairs(queries) * (PairBytes / sizeof(float));

    long Pair(int head, int pair) => address + PairBytes * ((long)head * Pairs(queries) + pair);

    /// <summary>One lane of the four that hold a row stores.</summary>
    public void Store(int head, int query, float exponent, float lessDelta, int lane)
    {
        int rows = FragmentLayout.Member(lane) == 0 ? 2 * Pairs(queries) : 0;
        long at = Pair(head, query >> 1) + 4 * (query & 1);
        Ptx.Store(at, exponent, query, rows);
        Ptx.Store(at + LessDelta, lessDelta, query, rows);
        Ptx.Store(at + LessDelta + 8, lessDelta, query, rows);
    }

    /// <summary>The same in shared memory, by all of the four.</summary>
    public static void Put(int shared, int query, float exponent, float lessDelta)
    {
        int at = shared + PairBytes * (query >> 1) + 4 * (query & 1);
        Ptx.StoreShared(at, exponent);
        Ptx.StoreShared(at + LessDelta, lessDelta);
        Ptx.StoreShared(at + LessDelta + 8, lessDelta);
    }

    /// <summary>Copies of 16 bytes, one a thread, for the queries of a tile.</summary>
    public static int CopiesOf(int passing) => passing / 2 * (PairBytes / 16);

    /// <summary>The address from which a thread copies first.</summary>
    public long From(int head, int thread) => Pair(head, 0) + 16 * thread;

    /// <summary>How many copies there are for one head.</summary>
    public int Copies => Pairs(queries) * (PairBytes / 16);

    /// <summary>Where a lane finds, in shared memory, what belongs to two columns of 16 x 8 sums.</summary>
    public static int ColumnsOf(int lane) => PairBytes * FragmentLayout.Member(lane);

    public const int EightColumns = 4 * PairBytes, LessDelta = 16;
}
