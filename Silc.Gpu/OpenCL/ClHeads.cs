namespace Silc;

/// <summary>A tensor of attention: rows are tokens, image after image, columns are heads side by side.</summary>
readonly struct ClHeads(FloatPointer values, int stride, int tokens, int size)
{
    public readonly FloatPointer Values = values;
    public readonly int Stride = stride, Tokens = tokens;

    public int Start(int image, int head) => image * Tokens * Stride + head * size;
}

/// <summary>Layout of a block's scratch memory for one image and head; offsets are floats from its start.</summary>
readonly struct ClHeadMemory<TTile>(int queries, int keys, int size, int block) where TTile : struct, IClTile
{
    static int RoundUp(int count, int unit) => (count + unit - 1) / unit * unit;

    public int Keys => RoundUp(keys, TTile.Columns);
    public int Sizes => RoundUp(size, TTile.Columns);

    /// <summary>Rows of an A operand, padded: the last tile reads whole.</summary>
    int Rows => RoundUp(queries, TTile.Rows) + TTile.Rows;
    int Block => RoundUp(block, TTile.Rows);

    // A operands, row by row.
    public int RowsQ => TTile.Rows * TTile.Columns;
    public int RowsGradO => RowsQ + Rows * size + Pack16.Width;

    // Scores and their gradients, rows of Keys floats.
    public int Scores => RowsGradO + Rows * size + Pack16.Width;
    public int ScoreGrads => Scores + (Block + 1) * Keys;

    // B operands in panels: two transposed, then the others.
    public int TransposedK => ScoreGrads + (Block + 1) * Keys;
    public int TransposedV => TransposedK + Keys * RoundUp(size, Pack16.Width);
    public int PanelsK => TransposedV + Keys * RoundUp(size, Pack16.Width);
    public int PanelsV => PanelsK;        // K for backward or V for forward, never both
    public int PanelsQ => PanelsK + keys * Sizes;
    public int PanelsGradO => PanelsQ + queries * Sizes;

    public int ForwardFloats => PanelsQ;
    public int BackwardFloats => PanelsGradO + queries * Sizes;
}
