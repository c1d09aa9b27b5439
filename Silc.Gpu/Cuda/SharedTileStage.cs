namespace Silc;

/// <summary>
/// A thread's part of an operand's tile on its way from global to shared memory. It is read while the tile before is multiplied,
/// and rounded when it is stored: cp.async cannot round, and would keep float32 in shared memory at twice the traffic.
/// </summary>
readonly struct SharedTileStage<TMma, TOperand, TReads>(Float4 q0, Float4 q1, Float4 q2, Float4 q3)
    where TMma : struct, IMma where TOperand : struct, IOperandTile where TReads : struct, IGlobalLoad
{
    readonly Float4 q0 = q0, q1 = q1, q2 = q2, q3 = q3;

    static int LineQuads => TOperand.LineFloats / 4;
    static int LinesAtOnce => GemmTile.Threads / LineQuads;
    static bool IsFour => TOperand.Lines / LinesAtOnce == 4;

    // Lines of 64 bytes are written two at a time: four lines apart they are in different banks, so the line's first and third
    // bit change places.
    static int Line(int thread)
    {
        int line = thread / LineQuads;
        return TOperand.Transposed ? line : line & ~5 | (line & 1) << 2 | line >> 2 & 1;
    }

    /// <summary>
    /// Reads the part that begins at row (or column) <paramref name="outer"/> of C and place <paramref name="depth"/> of the sum.
    /// </summary>
    public static SharedTileStage<TMma, TOperand, TReads> Read(MatrixPointer x, int outer, int outers, int depth, int depths, int thread)
    {
        int line = (TOperand.Transposed ? depth : outer) + Line(thread), lines = TOperand.Transposed ? depths : outers;
        int column = (TOperand.Transposed ? outer : depth) + thread % LineQuads * 4, columns = TOperand.Transposed ? outers : depths;
        // Held here, in the loop: three addresses that are added up again take fewer registers than three kept.
        long address = x.At(line, column), step = Ptx.Hold(4L * LinesAtOnce * x.Stride);
        var first = TReads.Four(address, line, lines, column, columns);
        var second = TReads.Four(address += step, line + LinesAtOnce, lines, column, columns);
        if (!IsFour) return new(first, second, default, default);
        return new(first, second, TReads.Four(address += step, line + 2 * LinesAtOnce, lines, column, columns),
            TReads.Four(address + step, line + 3 * LinesAtOnce, lines, column, columns));
    }

    public void Store(int tile, int thread)
    {
        int address = tile + 4 * (Line(thread) * TOperand.Stride + thread % LineQuads * 4 / TMma.PerWord);
        int step = 4 * LinesAtOnce * TOperand.Stride;
        TMma.Store(address, q0);
        TMma.Store(address + step, q1);
        if (!IsFour) return;
        TMma.Store(address + 2 * step, q2);
        TMma.Store(address + 3 * step, q3);
    }
}
