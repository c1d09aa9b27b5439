namespace Silc;

/// <summary>
/// Rows of one head (of Q, K, V or dO) in shared memory, a line a row. Smaller heads and missing rows are padded with zeros.
/// </summary>
readonly struct HeadTile<TMma, TSize, TLoad>(int address)
    where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad
{
    /// <summary>Words of a row.</summary>
    public static int Words => TSize.Size / TMma.ValuesPerWord;

    // An odd number of 16-byte units, for ldmatrix without bank conflicts; and pairs of lines are 8 banks apart, for tf32's permuted B.
    static int Stride => Words + 4;

    public int Address => address;

    public static int Bytes(int rows) => 4 * rows * Stride;

    /// <summary>The tile that begins where this one ends.</summary>
    public HeadTile<TMma, TSize, TLoad> Next(int rows) => new(address + Bytes(rows));

    /// <summary>Loads <paramref name="count"/> rows of x, which has <paramref name="rows"/>, and rounds them.</summary>
    public void Copy(MatrixPointer x, int first, int count, int rows, int size, int thread, int threads)
    {
        for (int i = thread; i < count * TSize.Size / TLoad.CopyWidth; i += threads)
        {
            int row = i / (TSize.Size / TLoad.CopyWidth), channel = i % (TSize.Size / TLoad.CopyWidth) * TLoad.CopyWidth;
            TLoad.CopyToShared<TMma>(address + 4 * (row * Stride + channel / TMma.ValuesPerWord), x.At(first + row, channel),
                first + row, rows, channel, size);
        }
    }

    /// <summary>X·Yᵀ: 16 rows of this tile, from <paramref name="row"/> on, times 32 rows of another; the reduction is over channels.</summary>
    public AccumulatorRow MulTransposed(int row, HeadTile<TMma, TSize, TLoad> other, int lane)
    {
        AccumulatorRow acc = default;
        int addressA = address + 4 * ((row + FragmentLayout.LdMatrixARow(lane)) * Stride + FragmentLayout.LdMatrixAWord(lane));
        int addressB0 = other.Address + 4 * (FragmentLayout.LdMatrixBColumn(lane) * Stride + FragmentLayout.LdMatrixBWord(lane));
        int addressB1 = addressB0 + 4 * 16 * Stride;
        for (int word = 0; word < 4 * Words; word += 4 * 8)
            acc = acc.MulAdd<TMma>(Ptx.LdMatrix(addressA + word), Ptx.LdMatrix(addressB0 + word), Ptx.LdMatrix(addressB1 + word));
        return acc;
    }

    /// <summary>
    /// Adds P·X for 16 channels: <paramref name="p"/> is an A fragment, whose k are rows 2 · <paramref name="word"/> (bf16) or word (tf32)
    /// and on of this tile.
    /// </summary>
    public AccumulatorBlock MulAdd(AccumulatorBlock acc, int channel, Fragment p, int word, int lane) => channel < TSize.Size
        ? acc.MulAdd<TMma>(p, TMma.LoadBPermuted(address, Stride, word, channel, lane))
        : acc;
}
