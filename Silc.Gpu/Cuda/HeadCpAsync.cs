namespace Silc;

/// <summary>
/// A thread's part of the tiles of one head of two tensors on their way to shared memory, 16 bytes a copy. Addresses are moved on, not found
/// again. Heads of 80 channels are no power of two of units: eight units of a line go first, then the other two.
/// </summary>
readonly struct HeadCpAsync<TSize>(RowCpAsync most, RowCpAsync rest) where TSize : struct, IHeadSize
{
    const int Rest = 2;

    static bool HasRest => TSize.Size == Head80.Size;
    static int Most => HasRest ? Bf16HeadTile<TSize>.Units - Rest : Bf16HeadTile<TSize>.Units;
    static int LinesOfMost => Bf16HeadTile<TSize>.Threads / Most;
    const int LinesOfRest = Bf16HeadTile<TSize>.Threads / Rest;

    /// <summary>The part of the tiles that begin with row <paramref name="first"/> of <paramref name="rows"/>.</summary>
    public static HeadCpAsync<TSize> At(Bf16Rows a, Bf16Rows b, int first, int rows, int size, int thread) => new(
        RowCpAsync.At(a, b, first, rows, size, thread, 0, Most, LinesOfMost, Bf16HeadTile<TSize>.Stride),
        HasRest ? RowCpAsync.At(a, b, first, rows, size, thread, Most, Rest, LinesOfRest, Bf16HeadTile<TSize>.Stride) : default);

    /// <summary>Begins to copy so many lines of both, the second behind the first; what lies outside becomes zeros.</summary>
    public void Begin(int tile, int lines)
    {
        most.BeginFirst(tile, lines, LinesOfMost, Bf16HeadTile<TSize>.Stride);
        most.BeginSecond(tile + lines * Bf16HeadTile<TSize>.Stride, lines, LinesOfMost, Bf16HeadTile<TSize>.Stride);
        if (!HasRest) return;
        rest.BeginFirst(tile, lines, LinesOfRest, Bf16HeadTile<TSize>.Stride);
        rest.BeginSecond(tile + lines * Bf16HeadTile<TSize>.Stride, lines, LinesOfRest, Bf16HeadTile<TSize>.Stride);
    }

    /// <summary>The same of the first alone.</summary>
    public void BeginFirst(int tile, int lines)
    {
        most.BeginFirst(tile, lines, LinesOfMost, Bf16HeadTile<TSize>.Stride);
        if (HasRest) rest.BeginFirst(tile, lines, LinesOfRest, Bf16HeadTile<TSize>.Stride);
    }

    /// <summary>The same part of the tiles that pass by next.</summary>
    public HeadCpAsync<TSize> Next() =>
        new(most.Next(Bf16HeadTile<TSize>.Passing, LinesOfMost), HasRest ? rest.Next(Bf16HeadTile<TSize>.Passing, LinesOfRest) : default);
}

/// <summary>
/// Units of two tensors that a thread copies, lines <paramref name="stepOfA"/> and <paramref name="stepOfB"/> bytes apart; so many lines are
/// <paramref name="left"/> from its first on.
/// </summary>
readonly struct RowCpAsync(long a, long b, int stepOfA, int stepOfB, int offset, int left)
{
    public static RowCpAsync At(Bf16Rows a, Bf16Rows b, int first, int rows, int size, int thread, int firstUnit, int units, int atOnce, int stride)
    {
        int line = (int)((uint)thread / (uint)units), unit = firstUnit + thread - line * units;
        return new(a.At(first + line, 8 * unit), b.At(first + line, 8 * unit), atOnce * a.BytesOfRow, atOnce * b.BytesOfRow,
            line * stride + 16 * unit, 8 * unit < size ? rows - first - line : int.MinValue / 2);
    }

    /// <summary>The threads copy <paramref name="atOnce"/> lines at once.</summary>
    public void BeginFirst(int tile, int lines, int atOnce, int stride) => Begin(tile + offset, a, stepOfA, lines, atOnce, stride);

    public void BeginSecond(int tile, int lines, int atOnce, int stride) => Begin(tile + offset, b, stepOfB, lines, atOnce, stride);

    void Begin(int to, long from, int step, int lines, int atOnce, int stride)
    {
        Copy(to, from, 0, lines, atOnce, stride);
        Copy(to, from + (long)step, 1, lines, atOnce, stride);
        Copy(to, from + 2L * step, 2, lines, atOnce, stride);
        Copy(to, from + 3L * step, 3, lines, atOnce, stride);
        Copy(to, from + 4L * step, 4, lines, atOnce, stride);
        Copy(to, from + 5L * step, 5, lines, atOnce, stride);
        Copy(to, from + 6L * step, 6, lines, atOnce, stride);
        Copy(to, from + 7L * step, 7, lines, atOnce, stride);
    }

    void Copy(int to, long from, int i, int lines, int atOnce, int stride)
    {
        if (i * atOnce < lines) Ptx.CpAsync(to + i * atOnce * stride, from, i * atOnce, left);
    }

    public RowCpAsync Next(int passing, int atOnce) => new(
        a + (long)(passing / atOnce) * stepOfA, b + (long)(passing / atOnce) * stepOfB, stepOfA, stepOfB, offset, left - passing);
}
