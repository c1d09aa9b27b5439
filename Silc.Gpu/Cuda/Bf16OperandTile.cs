namespace Silc;

/// <summary>
/// Layout of an operand tile of bf16 in shared memory: dense lines whose 16-byte units are XOR-swizzled, so that the 8 lanes of an ldmatrix
/// phase hit 8 different bank groups. 8 KiB in either orientation. Offsets are bytes from the start of the tile; a lane computes its offset
/// once and advances it by constants.
/// </summary>
interface IBf16OperandTile
{
    /// <summary>
    /// True for M-major (N-major for B): one line for each k. False for K-major: one line for each row of A or column of B.
    /// </summary>
    static abstract bool Transposed { get; }

    /// <summary>16-byte units in a line; the 128 threads of a block copy 2 KiB of lines at once.</summary>
    static abstract int UnitsPerLine { get; }

    /// <summary>Offset of a 16-byte unit of a line, swizzled.</summary>
    static abstract int SwizzledOffset(int line, int unit);

    /// <summary>
    /// A lane's ldmatrix offset for an A fragment: 16 rows from <paramref name="row"/> on, k = 0 to 15.
    /// </summary>
    static abstract int OffsetA(int row, int lane);

    /// <summary>A lane's ldmatrix offset for two B fragments: 16 columns from <paramref name="column"/> on.</summary>
    static abstract int OffsetB(int column, int lane);

    /// <summary>The offset <paramref name="i"/> · 16 rows of A (or columns of B) further on, i &lt; 4.</summary>
    static abstract int AdvanceMn(int offset, int i);

    /// <summary>The offset of the other 16 k of the tile.</summary>
    static abstract int AdvanceK(int offset);

    static abstract Fragment LoadFragment(int address);
}

/// <summary>K-major: 128 lines, one for each row of A or column of B, of 32 k each.</summary>
readonly struct Bf16KMajor : IBf16OperandTile
{
    public static bool Transposed => false;
    public static int UnitsPerLine => 4;

    // XOR by line / 2: two lines of 64 bytes together span all 32 banks.
    public static int SwizzledOffset(int line, int unit) => 64 * line + 16 * (unit ^ line >> 1 & 3);

    public static int OffsetA(int row, int lane) => SwizzledOffset(row + FragmentLayout.LdMatrixARow(lane), FragmentLayout.LdMatrixAWord(lane) / 4);
    public static int OffsetB(int column, int lane) =>
        SwizzledOffset(column + FragmentLayout.LdMatrixBColumn(lane), FragmentLayout.LdMatrixBWord(lane) / 4);
    public static int AdvanceMn(int offset, int i) => offset + 64 * 16 * i;
    public static int AdvanceK(int offset) => offset ^ 32;      // two units
    public static Fragment LoadFragment(int address) => Ptx.LdMatrix(address);
}

/// <summary>M-major (N-major for B): 32 lines, one for each k, of 128 rows (or columns) each; ldmatrix transposes.</summary>
readonly struct Bf16MMajor : IBf16OperandTile
{
    public static bool Transposed => true;
    public static int UnitsPerLine => 16;
    public static int SwizzledOffset(int line, int unit) => 256 * line + 16 * (unit ^ line & 7);

    public static int OffsetA(int row, int lane) =>
        SwizzledOffset(FragmentLayout.LdMatrixTransAK(lane), (row + FragmentLayout.LdMatrixTransARow(lane)) / 8);
    public static int OffsetB(int column, int lane) =>
        SwizzledOffset(FragmentLayout.LdMatrixTransBK(lane), (column + FragmentLayout.LdMatrixTransBColumn(lane)) / 8);
    public static int AdvanceMn(int offset, int i) => offset ^ 32 * i;
    public static int AdvanceK(int offset) => offset + 256 * 16;
    public static Fragment LoadFragment(int address) => Ptx.LdMatrixTrans(address);
}
