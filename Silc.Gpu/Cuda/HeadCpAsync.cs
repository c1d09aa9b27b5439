namespace Silc;

/// <summary>
/// A thread's share of the cp.async copies of one head of two tensors, 16 bytes a copy. Addresses are advanced from tile to tile, not
/// recomputed. A head of 80 channels has 10 units of 16 bytes, no power of two: 8 of each line are copied first (main), then the other 2
/// (tail).
/// </summary>
readonly struct HeadCpAsync<TSize>(RowCpAsync main, RowCpAsync tail) where TSize : struct, IHeadSize
{
    const int TailUnits = 2;

    static bool HasTail => TSize.Size == Head80.Size;
    static int MainUnits => HasTail ? Bf16HeadTile<TSize>.Units - TailUnits : Bf16HeadTile<TSize>.Units;
    static int MainLines => Bf16HeadTile<TSize>.Threads / MainUnits;
    const int TailLines = Bf16HeadTile<TSize>.Threads / TailUnits;

    /// <summary>This thread's share of the tiles that begin at row <paramref name="first"/> of <paramref name="rows"/>.</summary>
    public static HeadCpAsync<TSize> At(Bf16Rows a, Bf16Rows b, int first, int rows, int size, int thread) => new(
        RowCpAsync.At(a, b, first, rows, size, thread, 0, MainUnits, MainLines, Bf16HeadTile<TSize>.Stride),
        HasTail ? RowCpAsync.At(a, b, first, rows, size, thread, MainUnits, TailUnits, TailLines, Bf16HeadTile<TSize>.Stride) : default);

    /// <summary>Issues the copies of so many lines of both tensors, the second behind the first; elements outside become zeros.</summary>
    public void Issue(int tile, int lines)
    {
        main.IssueFirst(tile, lines, MainLines, Bf16HeadTile<TSize>.Stride);
        main.IssueSecond(tile + lines * Bf16HeadTile<TSize>.Stride, lines, MainLines, Bf16HeadTile<TSize>.Stride);
        if (!HasTail) return;
        tail.IssueFirst(tile, lines, TailLines, Bf16HeadTile<TSize>.Stride);
        tail.IssueSecond(tile + lines * Bf16HeadTile<TSize>.Stride, lines, TailLines, Bf16HeadTile<TSize>.Stride);
    }

    /// <summary>The same of the first tensor alone.</summary>
    public void IssueFirst(int tile, int lines)
    {
        main.IssueFirst(tile, lines, MainLines, Bf16HeadTile<TSize>.Stride);
        if (HasTail) tail.IssueFirst(tile, lines, TailLines, Bf16HeadTile<TSize>.Stride);
    }

    /// <summary>This thread's share of the next tiles.</summary>
    public HeadCpAsync<TSize> Next() =>
        new(main.Next(Bf16HeadTile<TSize>.TileRows, MainLines), HasTail ? tail.Next(Bf16HeadTile<TSize>.TileRows, TailLines) : default);
}

/// <summary>
/// 16-byte units of two tensors that a thread copies, <paramref name="strideA"/> and <paramref name="strideB"/> bytes apart; <paramref
/// name="rowsLeft"/> rows remain from its first on.
/// </summary>
readonly struct RowCpAsync(long a, long b, int strideA, int strideB, int offset, int rowsLeft)
{
    public static RowCpAsync At(Bf16Rows a, Bf16Rows b, int first, int rows, int size, int thread, int firstUnit, int units,
        int linesPerPass, int stride)
    {
        int line = (int)((uint)thread / (uint)units), unit = firstUnit + thread - line * units;
        return new(a.At(first + line, 8 * unit), b.At(first + line, 8 * unit), linesPerPass * a.RowBytes, linesPerPass * b.RowBytes,
            line * stride + 16 * unit, 8 * unit < size ? rows - first - line : int.MinValue / 2);
    }

    /// <summary>The block copies <paramref name="linesPerPass"/> lines at a time.</summary>
    public void IssueFirst(int tile, int lines, int linesPerPass, int stride) => Issue(tile + offset, a, strideA, lines, linesPerPass, stride);

    public void IssueSecond(int tile, int lines, int linesPerPass, int stride) => Issue(tile + offset, b, strideB, lines, linesPerPass, stride);

    void Issue(int to, long from, int step, int lines, int linesPerPass, int stride)
    {
        Copy(to, from, 0, lines, linesPerPass, stride);
        Copy(to, from + (long)step, 1, lines, linesPerPass, stride);
        Copy(to, from + 2L * step, 2, lines, linesPerPass, stride);
        Copy(to, from + 3L * step, 3, lines, linesPerPass, stride);
        Copy(to, from + 4L * step, 4, lines, linesPerPass, stride);
        Copy(to, from + 5L * step, 5, lines, linesPerPass, stride);
        Copy(to, from + 6L * step, 6, lines, linesPerPass, stride);
        Copy(to, from + 7L * step, 7, lines, linesPerPass, stride);
    }

    void Copy(int to, long from, int i, int lines, int linesPerPass, int stride)
    {
        if (i * linesPerPass < lines) Ptx.CpAsync(to + i * linesPerPass * stride, from, i * linesPerPass, rowsLeft);
    }

    public RowCpAsync Next(int tileRows, int linesPerPass) => new(
        a + (long)(tileRows / linesPerPass) * strideA, b + (long)(tileRows / linesPerPass) * strideB, strideA, strideB, offset, rowsLeft - tileRows);
}
