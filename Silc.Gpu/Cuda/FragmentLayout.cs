namespace Silc;

/// <summary>
/// Which element each lane of a warp holds in each register of <c>mma.sync</c> (PTX ISA, "Matrix fragments for mma.m16n8k16" with bf16 and
/// "mma.m16n8k8" with tf32). Counted in 32-bit words along K (two bf16 or one tf32) both instructions are the same: A (16 x 8 words) · B (8
/// words x 8) + C (16 x 8).
/// </summary>
static class FragmentLayout
{
    /// <summary>
    /// The PTX ISA's groupID: a warp is eight groups (quads) of four lanes, and a group holds a row of A, or a column of B.
    /// </summary>
    public static int GroupId(int lane) => lane >> 2;

    /// <summary>The PTX ISA's threadID_in_group.</summary>
    public static int ThreadInGroup(int lane) => lane & 3;

    // A: registers 0 to 3
    public static int ARow(int lane, int register) => GroupId(lane) + 8 * (register & 1);
    public static int AWord(int lane, int register) => ThreadInGroup(lane) + 4 * (register >> 1);

    // B: registers 0 and 1
    public static int BColumn(int lane) => GroupId(lane);
    public static int BWord(int lane, int register) => ThreadInGroup(lane) + 4 * register;

    // C, the accumulators: registers 0 to 3
    public static int CRow(int lane, int register) => GroupId(lane) + 8 * (register >> 1);
    public static int CColumn(int lane, int register) => 2 * ThreadInGroup(lane) + (register & 1);

    // ldmatrix.x4: lane 8i + j gives the address of row j of matrix i, and register i of every lane receives its share of matrix i.
    static int Matrix(int lane) => lane >> 3;
    static int MatrixRow(int lane) => lane & 7;

    /// <summary>The row whose address a lane gives to load an A fragment from a K-major tile.</summary>
    public static int LdMatrixARow(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) & 1);

    /// <summary>The first of the four words that the row has there.</summary>
    public static int LdMatrixAWord(int lane) => 4 * (Matrix(lane) >> 1);

    /// <summary>The column whose address a lane gives to load two adjacent B fragments from a K-major tile.</summary>
    public static int LdMatrixBColumn(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) >> 1);

    /// <summary>The first of the four words that the column has there.</summary>
    public static int LdMatrixBWord(int lane) => 4 * (Matrix(lane) & 1);

    // The same from M-major (N-major) tiles, one line for each k. bf16 only: ldmatrix.trans transposes elements of 16 bits.

    /// <summary>The k whose line a lane gives to load an A fragment from an M-major tile.</summary>
    public static int LdMatrixTransAK(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) >> 1);

    /// <summary>The first of the eight rows of that line.</summary>
    public static int LdMatrixTransARow(int lane) => 8 * (Matrix(lane) & 1);

    /// <summary>The k whose line a lane gives to load two B fragments from an N-major tile.</summary>
    public static int LdMatrixTransBK(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) & 1);

    /// <summary>The first of the eight columns of that line.</summary>
    public static int LdMatrixTransBColumn(int lane) => 8 * (Matrix(lane) >> 1);
}
