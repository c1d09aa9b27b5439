namespace Silc;

/// <summary>
/// How a tile of an operand lies in shared memory: in lines, as in global memory, so that reads and writes are both 16 bytes
/// wide. Strides keep the eight rows of a matrix, and the lanes of a fragment, in different banks.
/// </summary>
interface IOperandTile
{
    /// <summary>True if lines run along rows of A or columns of B, one line for each place in the sum.</summary>
    static abstract bool Transposed { get; }
    static abstract int Lines { get; }
    static abstract int LineFloats { get; }

    /// <summary>Words from one line to the next.</summary>
    static abstract int Stride { get; }

    /// <summary>
    /// Rows <paramref name="row"/> to row + 15 of a left operand, words <paramref name="word"/> to word + 7 of the sum.
    /// </summary>
    static abstract Fragment Left(int tile, int row, int word, int lane);

    /// <summary>Columns <paramref name="column"/> to column + 15 of a right operand.</summary>
    static abstract Fragment Right(int tile, int column, int word, int lane);
}

/// <summary>Lines along the sum: A of a forward product, both of an input gradient.</summary>
readonly struct KMajor<TMma> : IOperandTile where TMma : struct, IMma
{
    public static bool Transposed => false;
    public static int Lines => GemmTile.Side;
    public static int LineFloats => GemmTile.Words * TMma.PerWord;

    // An odd number of 16-byte units: eight rows then start in eight different groups of four banks.
    public static int Stride => GemmTile.Words + 4;

    public static Fragment Left(int tile, int row, int word, int lane) => Ptx.LoadMatrices(
        tile + 4 * ((row + FragmentLayout.LeftMatrixRow(lane)) * Stride + word + FragmentLayout.LeftMatrixWord(lane)));

    public static Fragment Right(int tile, int column, int word, int lane) => Ptx.LoadMatrices(
        tile + 4 * ((column + FragmentLayout.RightMatrixColumn(lane)) * Stride + word + FragmentLayout.RightMatrixWord(lane)));
}

/// <summary>Lines across the sum: B of a forward product, both of a kernel gradient.</summary>
readonly struct MMajor<TMma> : IOperandTile where TMma : struct, IMma
{
    public static bool Transposed => true;
    public static int Lines => GemmTile.Words * TMma.PerWord;
    public static int LineFloats => GemmTile.Side;

    // bf16: 17 units of 16 bytes, as above. tf32: 8 banks further each line, so that four lines of eight words meet no bank
    // twice.
    public static int Stride => (GemmTile.Side + 8) / TMma.PerWord;

    public static Fragment Left(int tile, int row, int word, int lane) => TMma.TransposedLeft(tile, Stride, word, row, lane);
    public static Fragment Right(int tile, int column, int word, int lane) => TMma.TransposedRight(tile, Stride, word, column, lane);
}
