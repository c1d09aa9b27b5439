namespace Silc;

/// <summary>
/// A tensor core instruction: A (16 x 8 words) · B (8 words x 8), accumulated in float32. A word is 32 bits along K: two bf16 or one tf32.
/// Tiles in shared memory are lines of words; addresses are in bytes.
/// </summary>
interface IMma
{
    /// <summary>Elements of K in a word.</summary>
    static abstract int ValuesPerWord { get; }

    /// <summary>Rounds four neighbours and stores them to shared memory with one vectorized access.</summary>
    static abstract void Store(int address, Float4 values);

    /// <summary>acc + a · b.</summary>
    static abstract Float4 MulAdd(Float4 acc, Fragment a, uint b0, uint b1);

    /// <summary>
    /// An A fragment from an M-major tile: 8 words of K from <paramref name="word"/> on, 16 rows.
    /// </summary>
    static abstract Fragment LoadATransposed(int tile, int stride, int word, int row, int lane);

    /// <summary>Two B fragments, 16 columns, from an N-major tile.</summary>
    static abstract Fragment LoadBTransposed(int tile, int stride, int word, int column, int lane);

    /// <summary>
    /// Accumulators of 8 · ValuesPerWord columns as an A fragment whose K are these columns, without leaving the registers: P of attention,
    /// for the product with V.
    /// </summary>
    static abstract Fragment AccumulatorsToA(Float4 first, Float4 second);

    /// <summary>As <see cref="LoadBTransposed"/>, with k in the order in which <see cref="AccumulatorsToA"/> has them.</summary>
    static abstract Fragment LoadBPermuted(int tile, int stride, int word, int column, int lane);
}

/// <summary>bf16: float32's exponent, 8 bits of fraction. Two in a word, the first in the low 16 bits.</summary>
readonly struct Bf16Mma : IMma
{
    public static int ValuesPerWord => 2;

    public static void Store(int address, Float4 values) =>
        Ptx.StoreSharedWords(address, Ptx.Bf16(values.X, values.Y), Ptx.Bf16(values.Z, values.W));

    public static Float4 MulAdd(Float4 acc, Fragment a, uint b0, uint b1) => Ptx.MmaBf16(acc, a, b0, b1);

    public static Fragment LoadATransposed(int tile, int stride, int word, int row, int lane) => Ptx.LdMatrixTrans(
        tile + 4 * ((2 * word + FragmentLayout.LdMatrixTransAK(lane)) * stride + (row + FragmentLayout.LdMatrixTransARow(lane)) / 2));

    public static Fragment LoadBTransposed(int tile, int stride, int word, int column, int lane) => Ptx.LdMatrixTrans(
        tile + 4 * ((2 * word + FragmentLayout.LdMatrixTransBK(lane)) * stride + (column + FragmentLayout.LdMatrixTransBColumn(lane)) / 2));

    // A lane's accumulators are two adjacent columns, which is the layout that an A fragment of bf16 wants: two adjacent k in a word.
    public static Fragment AccumulatorsToA(Float4 first, Float4 second) =>
        new(Ptx.Bf16(first.X, first.Y), Ptx.Bf16(first.Z, first.W), Ptx.Bf16(second.X, second.Y), Ptx.Bf16(second.Z, second.W));

    public static Fragment LoadBPermuted(int tile, int stride, int word, int column, int lane) => LoadBTransposed(tile, stride, word, column, lane);
}

/// <summary>
/// tf32: float32's exponent, 11 bits of fraction, one in a word. ldmatrix.trans transposes elements of 16 bits only, so transposed
/// fragments are loaded word by word.
/// </summary>
readonly struct Tf32Mma : IMma
{
    public static int ValuesPerWord => 1;

    public static void Store(int address, Float4 values) =>
        Ptx.StoreSharedWords(address, Ptx.Tf32(values.X), Ptx.Tf32(values.Y), Ptx.Tf32(values.Z), Ptx.Tf32(values.W));

    public static Float4 MulAdd(Float4 acc, Fragment a, uint b0, uint b1) => Ptx.MmaTf32(acc, a, b0, b1);

    public static Fragment LoadATransposed(int tile, int stride, int word, int row, int lane) => new(
        Word(tile, stride, word + FragmentLayout.AWord(lane, 0), row + FragmentLayout.ARow(lane, 0)),
        Word(tile, stride, word + FragmentLayout.AWord(lane, 1), row + FragmentLayout.ARow(lane, 1)),
        Word(tile, stride, word + FragmentLayout.AWord(lane, 2), row + FragmentLayout.ARow(lane, 2)),
        Word(tile, stride, word + FragmentLayout.AWord(lane, 3), row + FragmentLayout.ARow(lane, 3)));

    public static Fragment LoadBTransposed(int tile, int stride, int word, int column, int lane) => new(
        Word(tile, stride, word + FragmentLayout.BWord(lane, 0), column + FragmentLayout.BColumn(lane)),
        Word(tile, stride, word + FragmentLayout.BWord(lane, 1), column + FragmentLayout.BColumn(lane)),
        Word(tile, stride, word + FragmentLayout.BWord(lane, 0), column + 8 + FragmentLayout.BColumn(lane)),
        Word(tile, stride, word + FragmentLayout.BWord(lane, 1), column + 8 + FragmentLayout.BColumn(lane)));

    // Lane t of a quad has accumulator columns 2t and 2t + 1, but an A fragment has k = t and t + 4 there: permute k, and load B with the
    // same permutation.
    public static Fragment AccumulatorsToA(Float4 first, Float4 second) =>
        new(Ptx.Tf32(first.X), Ptx.Tf32(first.Z), Ptx.Tf32(first.Y), Ptx.Tf32(first.W));

    public static Fragment LoadBPermuted(int tile, int stride, int word, int column, int lane)
    {
        int line = word + FragmentLayout.CColumn(lane, 0);
        column += FragmentLayout.BColumn(lane);
        return new(Word(tile, stride, line, column), Word(tile, stride, line + 1, column),
            Word(tile, stride, line, column + 8), Word(tile, stride, line + 1, column + 8));
    }

    static uint Word(int tile, int stride, int line, int word) => Ptx.LoadSharedWord(tile + 4 * (line * stride + word));
}
