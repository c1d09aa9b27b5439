namespace Silc;

/// <summary>
/// Which element each lane of a warp holds in each register of <c>mma.sync</c> (PTX ISA, "Matrix fragments for mma.m16n8k16" with
/// bf16 and "mma.m16n8k8" with tf32). Counted in 32-bit words along the sum (two bf16 or one tf32) both instructions are the
/// same: left (16 x 8 words) · right (8 words x 8) + sums (16 x 8).
/// </summary>
static class FragmentLayout
{
    /// <summary>Eight groups of four lanes; each group holds one row of the left operand, or one column of the right.</summary>
    public static int Group(int lane) => lane >> 2;

    /// <summary>Place of a lane in its group.</summary>
    public static int Member(int lane) => lane & 3;

    // Left operand, registers 0 to 3
    public static int LeftRow(int lane, int register) => Group(lane) + 8 * (register & 1);
    public static int LeftWord(int lane, int register) => Member(lane) + 4 * (register >> 1);

    // Right operand, registers 0 and 1
    public static int RightColumn(int lane) => Group(lane);
    public static int RightWord(int lane, int register) => Member(lane) + 4 * register;

    // Sums, registers 0 to 3
    public static int SumRow(int lane, int register) => Group(lane) + 8 * (register >> 1);
    public static int SumColumn(int lane, int register) => 2 * Member(lane) + (register & 1);

    // ldmatrix.x4: lane 8i + j names row j of matrix i, and register i of every lane receives its part of matrix i
    static int Matrix(int lane) => lane >> 3;
    static int MatrixRow(int lane) => lane & 7;

    /// <summary>The row whose address a lane gives to read a left operand, stored row by row.</summary>
    public static int LeftMatrixRow(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) & 1);

    /// <summary>The first of the four words there.</summary>
    public static int LeftMatrixWord(int lane) => 4 * (Matrix(lane) >> 1);

    /// <summary>The column whose address a lane gives to read two right operands side by side, stored column by column.</summary>
    public static int RightMatrixColumn(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) >> 1);

    /// <summary>The first of the four words there.</summary>
    public static int RightMatrixWord(int lane) => 4 * (Matrix(lane) & 1);

    // The same operands stored the other way, a line of rows (or columns) for each place in the sum; bf16 only: ldmatrix turns
    // halves of words

    /// <summary>The place in the sum whose line a lane names to read a turned left operand.</summary>
    public static int TransposedLeftLine(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) >> 1);

    /// <summary>The first of its eight rows there.</summary>
    public static int TransposedLeftRow(int lane) => 8 * (Matrix(lane) & 1);

    /// <summary>The place in the sum whose line a lane names to read two turned right operands.</summary>
    public static int TransposedRightLine(int lane) => MatrixRow(lane) + 8 * (Matrix(lane) & 1);

    /// <summary>The first of its eight columns there.</summary>
    public static int TransposedRightColumn(int lane) => 8 * (Matrix(lane) >> 1);
}
