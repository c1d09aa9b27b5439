namespace Silc;

/// <summary>
/// What the gradient of queries hands on to that of keys, four queries in 48 bytes: log Σ exp of each as an exponent of 2; then −delta of the
/// first two, twice, and of the other two, twice, which makes them sums of 16 x 8 to begin with. Behind the last query are zeros.
/// </summary>
readonly struct KeptRows(long address, int queries)
{
    public const int GroupBytes = 48;

    static int Groups(int queries) => queries + 3 >> 2;

    public static long Floats(int heads, int queries) => (long)heads * Groups(queries) * (GroupBytes / sizeof(float));

    int Padded => 4 * Groups(queries);

    long Group(int head, int group) => address + GroupBytes * ((long)head * Groups(queries) + group);

    /// <summary>One lane of the four that hold a row stores.</summary>
    public void Store(int head, int query, float exponent, float lessDelta, int lane)
    {
        int rows = FragmentLayout.Member(lane) == 0 ? Padded : 0, place = query & 3;
        long group = Group(head, query >> 2), pair = group + 16 + 16 * (place >> 1) + 4 * (place & 1);
        Ptx.Store(group + 4 * place, exponent, query, rows);
        Ptx.Store(pair, lessDelta, query, rows);
        Ptx.Store(pair + 8, lessDelta, query, rows);
    }

    /// <summary>Copies of 16 bytes, one a thread, for the queries of a tile.</summary>
    public static int CopiesOf(int passing) => passing / 4 * (GroupBytes / 16);

    /// <summary>The address from which a thread copies first.</summary>
    public long From(int head, int thread) => Group(head, 0) + 16 * thread;

    /// <summary>How many copies there are for one head.</summary>
    public int Copies => Groups(queries) * (GroupBytes / 16);

    /// <summary>
    /// Where a lane finds the exponents of two columns of 16 x 8 sums, in shared memory, and −delta; the next eight columns are 96 bytes on.
    /// </summary>
    public static int ExponentOf(int lane) => GroupBytes * (FragmentLayout.Member(lane) >> 1) + 8 * (FragmentLayout.Member(lane) & 1);
    public static int LessDeltaOf(int lane) => GroupBytes * (FragmentLayout.Member(lane) >> 1) + 16 + 16 * (FragmentLayout.Member(lane) & 1);
    public const int EightColumns = 2 * GroupBytes;
}
