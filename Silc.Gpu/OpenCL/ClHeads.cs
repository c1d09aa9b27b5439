namespace Silc;

/// <summary>A tensor whose columns are heads side by side and whose rows are the tokens of one image after the other.</summary>
readonly struct ClHeads(FloatPointer values, int stride, int tokens, int size)
{
    public readonly FloatPointer Values = values;
    public readonly int Stride = stride, Tokens = tokens;

    public int Start(int image, int head) => image * Tokens * Stride + head * size;
}

/// <summary>Where a group keeps what one image and head needs, in floats from the begin of its scratch memory.</summary>
readonly struct ClHeadMemory<TTile>(int queries, int keys, int size, int block) where TTile : struct, IClTile
{
    static int Up(int count, int unit) => (count + unit - 1) / unit * unit;

    public int Keys => Up(keys, TTile.Columns);
    public int Sizes => Up(size, TTile.Columns);

    /// <summary>Tokens of a left operand: the last tile reads whole.</summary>
    int Rows => Up(queries, TTile.Rows) + TTile.Rows;
    int Block => Up(block, TTile.Rows);

    // Left operands, rows as they are.
    public int LeftQ => TTile.Rows * TTile.Columns;
    public int LeftGrad => LeftQ + Rows * size + Pack16.Width;

    // Scores and their gradients, rows of Keys floats.
    public int Scores => LeftGrad + Rows * size + Pack16.Width;
    public int ScoreGrads => Scores + (Block + 1) * Keys;

    // Right operands in panels: two turned, then as they are.
    public int TurnedK => ScoreGrads + (Block + 1) * Keys;
    public int TurnedV => TurnedK + Keys * Up(size, Pack16.Width);
    public int PlainK => TurnedV + Keys * Up(size, Pack16.Width);
    public int PlainV => PlainK;        // one is for the gradients, one for the output
    public int PlainQ => PlainK + keys * Sizes;
    public int PlainGrad => PlainQ + queries * Sizes;

    public int ForwardFloats => PlainQ;
    public int BackwardFloats => PlainGrad + queries * Sizes;
}
