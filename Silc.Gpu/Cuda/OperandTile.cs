namespace Silc;

/// <summary>
/// Layout of an operand tile of 32-bit words in shared memory. Lines run as in global memory, so that loads and stores are both vectorized
/// to 16 bytes; padded strides keep the eight rows of an ldmatrix, and the lanes of a fragment, free of bank conflicts.
/// </summary>
interface IOperandTile
{
    /// <summary>
    /// True for M-major (N-major for B): one line for each k. False for K-major: one line for each row of A or column of B.
    /// </summary>
    static abstract bool Transposed { get; }
    static abstract int Lines { get; }
    static abstract int LineFloats { get; }

    /// <summary>Words from one line to the next, padding included.</summary>
    static abstract int Stride { get; }

    /// <summary>
    /// The A fragment of rows <paramref name="row"/> to row + 15, words <paramref name="word"/> to word + 7 along K.
    /// </summary>
    static abstract Fragment LoadA(int tile, int row, int word, int lane);

    /// <summary>Two B fragments: columns <paramref name="column"/> to column + 15.</summary>
    static abstract Fragment LoadB(int tile, int column, int word, int lane);
}

/// <summary>K-major: A of a forward product, both operands of an input gradient.</summary>
readonly struct KMajor<TMma> : IOperandTile where TMma : struct, IMma
{
    public static bool Transposed => false;
    public static int Lines => GemmTile.Side;
    public static int LineFloats => GemmTile.KWords * TMma.ValuesPerWord;

    // Pad lines to an odd number of 16-byte units, so that the eight rows of an ldmatrix start in eight different bank groups.
    public static int Stride => GemmTile.KWords + 4;

    public static Fragment LoadA(int tile, int row, int word, int lane) => Ptx.LdMatrix(
        tile + 4 * ((row + FragmentLayout.LdMatrixARow(lane)) * Stride + word + FragmentLayout.LdMatrixAWord(lane)));

    public static Fragment LoadB(int tile, int column, int word, int lane) => Ptx.LdMatrix(
        tile + 4 * ((column + FragmentLayout.LdMatrixBColumn(lane)) * Stride + word + FragmentLayout.LdMatrixBWord(lane)));
}

/// <summary>M-major (N-major for B): B of a forward product, both operands of a weight gradient.</summary>
readonly struct MMajor<TMma> : IOperandTile where TMma : struct, IMma
{
    public static bool Transposed => true;
    public static int Lines => GemmTile.KWords * TMma.ValuesPerWord;
    public static int LineFloats => GemmTile.Side;

    // bf16: 17 units of 16 bytes, as above. tf32: pad by 8 banks a line, so that the 4 k x 8 rows that a warp reads hit 32 different banks.
    public static int Stride => (GemmTile.Side + 8) / TMma.ValuesPerWord;

    public static Fragment LoadA(int tile, int row, int word, int lane) => TMma.LoadATransposed(tile, Stride, word, row, lane);
    public static Fragment LoadB(int tile, int column, int word, int lane) => TMma.LoadBTransposed(tile, Stride, word, column, lane);
}
