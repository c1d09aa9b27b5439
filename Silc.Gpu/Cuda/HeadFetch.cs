namespace Silc;

/// <summary>
/// A thread's part of the tiles of one head on their way to shared memory, 16 bytes a copy. Addresses are moved on, not found again.
/// Heads of 80 channels are no power of two of units: eight units of a line go first, then the other two.
/// </summary>
readonly struct HeadFetch<TSize>(LineFetch most, LineFetch rest) where TSize : struct, IHeadSize
{
    const int Rest = 2;

    static bool HasRest => TSize.Size == Head80.Size;
    static int Most => HasRest ? HeadLines<TSize>.Units - Rest : HeadLines<TSize>.Units;

    /// <summary>The part of the tile that begins with row <paramref name="first"/> of <paramref name="rows"/>.</summary>
    public static HeadFetch<TSize> At(MatrixAt x, int first, int rows, int size, int thread) => new(
        LineFetch.At(x, first, rows, size, thread, 0, Most, HeadLines<TSize>.Stride, HeadLines<TSize>.Passing),
        HasRest ? LineFetch.At(x, first, rows, size, thread, Most, Rest, HeadLines<TSize>.Stride, HeadLines<TSize>.Passing) : default);

    /// <summary>Begins to copy so many lines; what lies outside becomes zeros.</summary>
    public void Begin(int tile, int lines)
    {
        most.Begin(tile, lines, HeadLines<TSize>.Threads / Most, HeadLines<TSize>.Stride);
        if (HasRest) rest.Begin(tile, lines, HeadLines<TSize>.Threads / Rest, HeadLines<TSize>.Stride);
    }

    /// <summary>The same part of the tile that passes by next.</summary>
    public HeadFetch<TSize> Next() => new(most.Next(HeadLines<TSize>.Passing), HasRest ? rest.Next(HeadLines<TSize>.Passing) : default);
}

/// <summary>Units of lines that a thread copies, lines a fixed number apart; <paramref name="left"/> lines are there from its first on.</summary>
readonly struct LineFetch(long address, long step, long advance, int offset, int left)
{
    public static LineFetch At(MatrixAt x, int first, int rows, int size, int thread, int firstUnit, int units, int stride, int passing)
    {
        int line = (int)((uint)thread / (uint)units), unit = firstUnit + thread - line * units;
        long bytesOfLine = 2L * x.Stride;
        return new(x.At(first + line, 8 * unit), Ptx.Hold(HeadLines<Head64>.Threads / units * bytesOfLine), Ptx.Hold(passing * bytesOfLine),
            Ptx.Hold(line * stride + 16 * unit), 8 * unit < size ? rows - first - line : int.MinValue / 2);
    }

    /// <summary>The threads copy <paramref name="atOnce"/> lines at once.</summary>
    public void Begin(int tile, int lines, int atOnce, int stride)
    {
        int to = tile + offset;
        Copy(to, 0, 0, lines, atOnce, stride);
        Copy(to, 1, step, lines, atOnce, stride);
        Copy(to, 2, 2 * step, lines, atOnce, stride);
        Copy(to, 3, 3 * step, lines, atOnce, stride);
        Copy(to, 4, 4 * step, lines, atOnce, stride);
        Copy(to, 5, 5 * step, lines, atOnce, stride);
        Copy(to, 6, 6 * step, lines, atOnce, stride);
        Copy(to, 7, 7 * step, lines, atOnce, stride);
    }

    void Copy(int to, int i, long further, int lines, int atOnce, int stride)
    {
        if (i * atOnce < lines) Ptx.CopyAsync(to + i * atOnce * stride, address + further, i * atOnce, left);
    }

    public LineFetch Next(int passing) => new(address + advance, step, advance, offset, left - passing);
}
