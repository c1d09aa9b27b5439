namespace Silc;

/// <summary>
/// What the query gradient kernel passes to the key gradient kernel, 32 bytes for two queries: log-sum-exp of both in base 2, eight unused
/// bytes, then -delta of both, twice: the layout of a 16 x 8 accumulator fragment, which dP starts from. Zeros past the last query.
/// </summary>
readonly struct SavedRows(long address, int queries)
{
    public const int PairBytes = 32;

    static int Pairs(int queries) => queries + 1 >> 1;

    public static long Floats(int heads, int queries) => (long)heads * Pairs(queries) * (PairBytes / sizeof(float));

    long Pair(int head, int pair) => address + PairBytes * ((long)head * Pairs(queries) + pair);

    /// <summary>Stores to global memory, by one lane of the quad that holds a row.</summary>
    public void Store(int head, int query, float exponent, float minusDelta, int lane)
    {
        int rows = FragmentLayout.ThreadInGroup(lane) == 0 ? 2 * Pairs(queries) : 0;
        long at = Pair(head, query >> 1) + 4 * (query & 1);
        Ptx.Store(at, exponent, query, rows);
        Ptx.Store(at + MinusDelta, minusDelta, query, rows);
        Ptx.Store(at + MinusDelta + 8, minusDelta, query, rows);
    }

    /// <summary>The same to shared memory, by all four lanes.</summary>
    public static void StoreShared(int shared, int query, float exponent, float minusDelta)
    {
        int at = shared + PairBytes * (query >> 1) + 4 * (query & 1);
        Ptx.StoreShared(at, exponent);
        Ptx.StoreShared(at + MinusDelta, minusDelta);
        Ptx.StoreShared(at + MinusDelta + 8, minusDelta);
    }

    /// <summary>Copies of 16 bytes, one a thread, for the queries of a tile.</summary>
    public static int CopiesPerTile(int tileRows) => tileRows / 2 * (PairBytes / 16);

    /// <summary>The address from which a thread copies first.</summary>
    public long SourceOf(int head, int thread) => Pair(head, 0) + 16 * thread;

    /// <summary>How many copies there are for one head.</summary>
    public int Copies => Pairs(queries) * (PairBytes / 16);

    /// <summary>A lane's offset in shared memory: the pair for its two columns of a 16 x 8 accumulator fragment.</summary>
    public static int ColumnOffset(int lane) => PairBytes * FragmentLayout.ThreadInGroup(lane);

    public const int EightColumns = 4 * PairBytes, MinusDelta = 16;
}
