namespace Silc;

/// <summary>
/// Rows of one head (queries, keys, values or gradients) in shared memory, a line a row. Smaller heads and missing rows are
/// filled up with zeros.
/// </summary>
readonly struct HeadTile<TMma, TSize, TReads>(int address)
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad
{
    /// <summary>Words of a row.</summary>
    public static int Words => TSize.Size / TMma.PerWord;

    // An odd number of 16-byte units, for ldmatrix; and pairs of lines are 8 banks apart, for tf32's weighed operand.
    static int Stride => Words + 4;

    public int Address => address;

    public static int Bytes(int rows) => 4 * rows * Stride;

    /// <summary>The tile that begins where this one ends.</summary>
    public HeadTile<TMma, TSize, TReads> Behind(int rows) => new(address + Bytes(rows));

    /// <summary>Reads <paramref name="count"/> rows of x, which has <paramref name="rows"/>, and rounds them.</summary>
    public void Copy(MatrixPointer x, int first, int count, int rows, int size, int thread, int threads)
    {
        for (int i = thread; i < count * TSize.Size / TReads.Together; i += threads)
        {
            int row = i / (TSize.Size / TReads.Together), channel = i % (TSize.Size / TReads.Together) * TReads.Together;
            TReads.Copy<TMma>(address + 4 * (row * Stride + channel / TMma.PerWord), x.At(first + row, channel), first + row, rows, channel, size);
        }
    }

    /// <summary>Products of 16 rows, from <paramref name="row"/> on, with 32 rows of another tile.</summary>
    public AccumulatorRow Products(int row, HeadTile<TMma, TSize, TReads> other, int lane)
    {
        AccumulatorRow sums = default;
        int left = address + 4 * ((row + FragmentLayout.LeftMatrixRow(lane)) * Stride + FragmentLayout.LeftMatrixWord(lane));
        int near = other.Address + 4 * (FragmentLayout.RightMatrixColumn(lane) * Stride + FragmentLayout.RightMatrixWord(lane));
        int far = near + 4 * 16 * Stride;
        for (int word = 0; word < 4 * Words; word += 4 * 8)
            sums = sums.MulAdd<TMma>(Ptx.LoadMatrices(left + word), Ptx.LoadMatrices(near + word), Ptx.LoadMatrices(far + word));
        return sums;
    }

    /// <summary>
    /// Adds the rows from 2 · <paramref name="depth"/> (bf16) or depth (tf32) on, weighed, to sums of 16 channels.
    /// </summary>
    public AccumulatorBlock Add(AccumulatorBlock sums, int channel, Fragment weights, int depth, int lane) => channel < TSize.Size
        ? sums.MulAdd<TMma>(weights, TMma.Weighed(address, Stride, depth, channel, lane))
        : sums;
}
