namespace Silc;

/// <summary>
/// A thread's share of an operand tile, staged in registers between global and shared memory: loaded while the previous tile is multiplied,
/// rounded when stored. cp.async cannot round, and would keep float32 in shared memory at twice the traffic.
/// </summary>
readonly struct SharedTileStage<TMma, TOperand, TLoad>(Float4 q0, Float4 q1, Float4 q2, Float4 q3)
    where TMma : struct, IMma where TOperand : struct, IOperandTile where TLoad : struct, IGlobalLoad
{
    readonly Float4 q0 = q0, q1 = q1, q2 = q2, q3 = q3;

    static int LineQuads => TOperand.LineFloats / 4;
    static int LinesPerPass => GemmTile.Threads / LineQuads;
    static bool HasFourPasses => TOperand.Lines / LinesPerPass == 4;

    // Swap bits 0 and 2 of the line: a store phase writes two lines of 64 bytes, which are free of bank conflicts four lines apart.
    static int LineOf(int thread)
    {
        int line = thread / LineQuads;
        return TOperand.Transposed ? line : line & ~5 | (line & 1) << 2 | line >> 2 & 1;
    }

    /// <summary>
    /// Loads this thread's share of the tile that begins at row (or column) <paramref name="outer"/> of C and at k = <paramref name="k"/>.
    /// </summary>
    public static SharedTileStage<TMma, TOperand, TLoad> LoadGlobal(MatrixPointer x, int outer, int outerEnd, int k, int kEnd, int thread)
    {
        int line = (TOperand.Transposed ? k : outer) + LineOf(thread), lines = TOperand.Transposed ? kEnd : outerEnd;
        int column = (TOperand.Transposed ? outer : k) + thread % LineQuads * 4, columns = TOperand.Transposed ? outerEnd : kEnd;
        // Held inside the loop: three addresses recomputed by additions take fewer registers than three that stay live.
        long address = x.At(line, column), step = Ptx.Hold(4L * LinesPerPass * x.Stride);
        var first = TLoad.Load4(address, line, lines, column, columns);
        var second = TLoad.Load4(address += step, line + LinesPerPass, lines, column, columns);
        if (!HasFourPasses) return new(first, second, default, default);
        return new(first, second, TLoad.Load4(address += step, line + 2 * LinesPerPass, lines, column, columns),
            TLoad.Load4(address + step, line + 3 * LinesPerPass, lines, column, columns));
    }

    public void StoreShared(int tile, int thread)
    {
        int address = tile + 4 * (LineOf(thread) * TOperand.Stride + thread % LineQuads * 4 / TMma.ValuesPerWord);
        int step = 4 * LinesPerPass * TOperand.Stride;
        TMma.Store(address, q0);
        TMma.Store(address + step, q1);
        if (!HasFourPasses) return;
        TMma.Store(address + 2 * step, q2);
        TMma.Store(address + 3 * step, q3);
    }
}
