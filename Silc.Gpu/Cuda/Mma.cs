namespace Silc;

/// <summary>
/// Multiplication of 16 x 8 words by 8 words x 8 on tensor cores, adding in float32. A word is 32 bits along the sum; what it
/// holds is the type's business. Tiles in shared memory are lines of words; addresses are bytes.
/// </summary>
interface IMma
{
    /// <summary>Values in a word.</summary>
    static abstract int PerWord { get; }

    /// <summary>Rounds four neighbours and stores them at a multiple of 16 / (4 / PerWord) bytes.</summary>
    static abstract void Store(int address, Float4 values);

    /// <summary>sums + left · right.</summary>
    static abstract Float4 MulAdd(Float4 sums, Fragment left, uint right0, uint right1);

    /// <summary>
    /// A left operand from a tile whose lines run along its rows: 8 words of the sum from <paramref name="depth"/> on, 16 rows.
    /// </summary>
    static abstract Fragment TransposedLeft(int tile, int stride, int depth, int row, int lane);

    /// <summary>Two right operands, 16 columns, from a tile whose lines run along the columns.</summary>
    static abstract Fragment TransposedRight(int tile, int stride, int depth, int column, int lane);

    /// <summary>
    /// Sums of 8 · PerWord columns as a left operand whose sum runs over these columns, without leaving the registers.
    /// </summary>
    static abstract Fragment Weights(Float4 first, Float4 second);

    /// <summary>
    /// As <see cref="TransposedRight"/>, the places of the sum in the order that <see cref="Weights"/> has them in.
    /// </summary>
    static abstract Fragment Weighed(int tile, int stride, int depth, int column, int lane);
}

/// <summary>bfloat16: float32's exponent, 8 bits of fraction. Two in a word, the earlier in the lower half.</summary>
readonly struct Bf16Mma : IMma
{
    public static int PerWord => 2;

    public static void Store(int address, Float4 values) =>
        Ptx.StoreSharedWords(address, Ptx.Bf16(values.X, values.Y), Ptx.Bf16(values.Z, values.W));

    public static Float4 MulAdd(Float4 sums, Fragment left, uint right0, uint right1) => Ptx.MulAddBf16(sums, left, right0, right1);

    public static Fragment TransposedLeft(int tile, int stride, int depth, int row, int lane) => Ptx.LoadMatricesTransposed(
        tile + 4 * ((2 * depth + FragmentLayout.TransposedLeftLine(lane)) * stride + (row + FragmentLayout.TransposedLeftRow(lane)) / 2));

    public static Fragment TransposedRight(int tile, int stride, int depth, int column, int lane) => Ptx.LoadMatricesTransposed(
        tile + 4 * ((2 * depth + FragmentLayout.TransposedRightLine(lane)) * stride + (column + FragmentLayout.TransposedRightColumn(lane)) / 2));

    // A lane holds two neighbouring columns of its sums, and wants two neighbouring places of a left operand.
    public static Fragment Weights(Float4 first, Float4 second) =>
        new(Ptx.Bf16(first.X, first.Y), Ptx.Bf16(first.Z, first.W), Ptx.Bf16(second.X, second.Y), Ptx.Bf16(second.Z, second.W));

    public static Fragment Weighed(int tile, int stride, int depth, int column, int lane) => TransposedRight(tile, stride, depth, column, lane);
}

/// <summary>
/// tf32: float32's exponent, 11 bits of fraction, one in a word. ldmatrix turns only halves of words, so turned tiles are read
/// word by word.
/// </summary>
readonly struct Tf32Mma : IMma
{
    public static int PerWord => 1;

    public static void Store(int address, Float4 values) =>
        Ptx.StoreSharedWords(address, Ptx.Tf32(values.X), Ptx.Tf32(values.Y), Ptx.Tf32(values.Z), Ptx.Tf32(values.W));

    public static Float4 MulAdd(Float4 sums, Fragment left, uint right0, uint right1) => Ptx.MulAddTf32(sums, left, right0, right1);

    public static Fragment TransposedLeft(int tile, int stride, int depth, int row, int lane) => new(
        Word(tile, stride, depth + FragmentLayout.LeftWord(lane, 0), row + FragmentLayout.LeftRow(lane, 0)),
        Word(tile, stride, depth + FragmentLayout.LeftWord(lane, 1), row + FragmentLayout.LeftRow(lane, 1)),
        Word(tile, stride, depth + FragmentLayout.LeftWord(lane, 2), row + FragmentLayout.LeftRow(lane, 2)),
        Word(tile, stride, depth + FragmentLayout.LeftWord(lane, 3), row + FragmentLayout.LeftRow(lane, 3)));

    public static Fragment TransposedRight(int tile, int stride, int depth, int column, int lane) => new(
        Word(tile, stride, depth + FragmentLayout.RightWord(lane, 0), column + FragmentLayout.RightColumn(lane)),
        Word(tile, stride, depth + FragmentLayout.RightWord(lane, 1), column + FragmentLayout.RightColumn(lane)),
        Word(tile, stride, depth + FragmentLayout.RightWord(lane, 0), column + 8 + FragmentLayout.RightColumn(lane)),
        Word(tile, stride, depth + FragmentLayout.RightWord(lane, 1), column + 8 + FragmentLayout.RightColumn(lane)));

    // Columns 2t and 2t + 1 are with lane t of a group, which holds places t and t + 4 of a left operand: the sum takes its
    // places in this order.
    public static Fragment Weights(Float4 first, Float4 second) =>
        new(Ptx.Tf32(first.X), Ptx.Tf32(first.Z), Ptx.Tf32(first.Y), Ptx.Tf32(first.W));

    public static Fragment Weighed(int tile, int stride, int depth, int column, int lane)
    {
        int line = depth + FragmentLayout.SumColumn(lane, 0);
        column += FragmentLayout.RightColumn(lane);
        return new(Word(tile, stride, line, column), Word(tile, stride, line + 1, column),
            Word(tile, stride, line, column + 8), Word(tile, stride, line + 1, column + 8));
    }

    static uint Word(int tile, int stride, int line, int word) => Ptx.LoadSharedWord(tile + 4 * (line * stride + word));
}
