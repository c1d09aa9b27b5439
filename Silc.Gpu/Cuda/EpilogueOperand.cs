namespace Silc;

/// <summary>
/// A matrix of C's shape that the epilogue of <see cref="WgmmaGemm{TA,TB,TOperand,TEpilogue,TStages}"/> reads: the addend, or GELU's input. TMA loads
/// the tile of 128 x 128 into stages of the ring, in boxes of 64 lines of 128 bytes whose 16-byte units are XOR-swizzled by the low three
/// bits of the line.
/// </summary>
interface IEpilogueOperand
{
    /// <summary>Stages that a tile fills; 0: there is no such matrix.</summary>
    static abstract int Stages { get; }

    /// <summary>Columns of a box.</summary>
    static abstract int BoxColumns { get; }

    /// <summary>Rows <paramref name="row"/>, + 4, + 8 and + 12 of 64, four columns each, from where these 64 rows begin.</summary>
    static abstract EpilogueQuads Load(int shared, int row, int column);
}

/// <summary>The stages and columns of an operand's type, for the texts of the kernel.</summary>
static class EpilogueOperand
{
    public static (int Stages, int BoxColumns) Of(Type operand) => operand == typeof(Bf16Operand) ? Of<Bf16Operand>()
        : operand == typeof(Float32Operand) ? Of<Float32Operand>() : Of<NoOperand>();

    static (int, int) Of<T>() where T : struct, IEpilogueOperand => (T.Stages, T.BoxColumns);
}

/// <summary>The epilogue reads nothing of C's shape.</summary>
readonly struct NoOperand : IEpilogueOperand
{
    public static int Stages => 0;
    public static int BoxColumns => 0;
    public static EpilogueQuads Load(int shared, int row, int column) => default;
}

/// <summary>bf16: two boxes are 64 rows, four a stage.</summary>
readonly struct Bf16Operand : IEpilogueOperand
{
    public static int Stages => 1;
    public static int BoxColumns => 64;

    public static EpilogueQuads Load(int shared, int row, int column)
    {
        int unit = column % 64 / 8, at = shared + column / 64 * WgmmaTile.BoxBytes + row * WgmmaTile.Line + column % 8 * 2;
        int even = at + 16 * (unit ^ row & 7), odd = at + 4 * WgmmaTile.Line + 16 * (unit ^ row + 4 & 7);
        return new(Ptx.LoadSharedBf16Quad(even), Ptx.LoadSharedBf16Quad(odd), Ptx.LoadSharedBf16Quad(even + 8 * WgmmaTile.Line),
            Ptx.LoadSharedBf16Quad(odd + 8 * WgmmaTile.Line));
    }
}

/// <summary>float32: four boxes are 64 rows and a stage.</summary>
readonly struct Float32Operand : IEpilogueOperand
{
    public static int Stages => 2;
    public static int BoxColumns => 32;

    public static EpilogueQuads Load(int shared, int row, int column)
    {
        int unit = column % 32 / 4, at = shared + column / 32 * WgmmaTile.BoxBytes + row * WgmmaTile.Line;
        int even = at + 16 * (unit ^ row & 7), odd = at + 4 * WgmmaTile.Line + 16 * (unit ^ row + 4 & 7);
        return new(Ptx.LoadShared4(even), Ptx.LoadShared4(odd), Ptx.LoadShared4(even + 8 * WgmmaTile.Line),
            Ptx.LoadShared4(odd + 8 * WgmmaTile.Line));
    }
}
