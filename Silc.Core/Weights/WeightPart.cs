using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>How another library lays out the values of a parameter.</summary>
enum WeightOrder
{
    /// <summary>As big_vision does.</summary>
    Same,

    /// <summary>Kernel (in, out) as PyTorch's linear layers have it, (out, in).</summary>
    Transposed,

    /// <summary>Patch kernel (p, p, 3, C), or of other channels than 3, as PyTorch's convolutions have it, (C, 3, p, p).</summary>
    Patches,
}

/// <summary>One parameter inside a tensor of a file.</summary>
/// <param name="Parameter">big_vision's name.</param>
/// <param name="Rows">Inputs of a kernel.</param>
/// <param name="Cols">Its outputs.</param>
/// <param name="Order">Layout in the file.</param>
sealed record WeightPart(string Parameter, int Rows, int Cols, WeightOrder Order)
{
    const int Block = 16;

    /// <summary>Channels of a pixel under a kernel of patches.</summary>
    public int Channels { get; init; } = 3;

    public int Count => Rows * Cols;

    /// <summary>From the file's layout to big_vision's.</summary>
    public void FromFile(ReadOnlySpan<float> file, Span<float> values)
    {
        if (Order == WeightOrder.Patches) Permute(file, values, fromFile: true);
        else Transpose(file, values, Cols, Rows);
    }

    /// <summary>From big_vision's layout to the file's.</summary>
    public void ToFile(ReadOnlySpan<float> values, Span<float> file)
    {
        if (Order == WeightOrder.Patches) Permute(values, file, fromFile: false);
        else Transpose(values, file, Rows, Cols);
    }

    // In blocks of 16 x 16, through a buffer: a row of a block is one cache line on either side, read or written whole and once. Without the buffer
    // the rows of a block, a power of 2 apart in most models, would evict each other from their one set of the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static unsafe void Transpose(ReadOnlySpan<float> source, Span<float> target, int rows, int cols)
    {
        if (source.Length < rows * cols || target.Length < rows * cols) throw new ArgumentException($"{rows} x {cols} values do not fit");
        int wholeRows = rows / Block * Block, wholeCols = cols / Block * Block;
        float* block = stackalloc float[Block * Block];
        fixed (float* from = source, to = target)
        {
            for (int top = 0; top < wholeRows; top += Block)
                for (int left = 0; left < wholeCols; left += Block)
                {
                    for (int row = 0; row < Block; row++)
                    {
                        float* line = from + (nint)(top + row) * cols + left, copy = block + row * Block;
                        for (int i = 0; i < Block; i += 4) Vector128.Load(line + i).Store(copy + i);
                    }
                    for (int col = 0; col < Block; col += 4)
                        for (int row = 0; row < Block; row += 4)
                            TransposeFour(block + row * Block + col, to + (nint)(left + col) * rows + top + row, rows);
                }
            for (int row = 0; row < rows; row++)
                for (int col = row < wholeRows ? wholeCols : 0; col < cols; col++) to[(nint)col * rows + row] = from[(nint)row * cols + col];
        }
    }

    // Four by four floats of a block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void TransposeFour(float* from, float* to, int rows)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + Block), c = Vector128.Load(from + 2 * Block),
            d = Vector128.Load(from + 3 * Block);
        // a0 b0 a1 b1 and a2 b2 a3 b3, then pairs of these.
        Vector128<float> ab = Low(a, b), ab2 = High(a, b), cd = Low(c, d), cd2 = High(c, d);
        LowPairs(ab, cd).Store(to);
        HighPairs(ab, cd).Store(to + rows);
        LowPairs(ab2, cd2).Store(to + 2 * (nint)rows);
        HighPairs(ab2, cd2).Store(to + 3 * (nint)rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Low(Vector128<float> x, Vector128<float> y) => Sse.IsSupported ? Sse.UnpackLow(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x, y) : Vector128.Create(x[0], y[0], x[1], y[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> High(Vector128<float> x, Vector128<float> y) => Sse.IsSupported ? Sse.UnpackHigh(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x, y) : Vector128.Create(x[2], y[2], x[3], y[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> LowPairs(Vector128<float> x, Vector128<float> y) => Sse.IsSupported ? Sse.MoveLowToHigh(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x.AsDouble(), y.AsDouble()).AsSingle() : Vector128.Create(x[0], x[1], y[0], y[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> HighPairs(Vector128<float> x, Vector128<float> y) => Sse.IsSupported ? Sse.MoveHighToLow(y, x)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x.AsDouble(), y.AsDouble()).AsSingle() : Vector128.Create(x[2], x[3], y[2], y[3]);

    void Permute(ReadOnlySpan<float> from, Span<float> to, bool fromFile)
    {
        int pixels = Rows / Channels;
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int channel = 0; channel < Channels; channel++)
                for (int col = 0; col < Cols; col++)
                {
                    int ours = (pixel * Channels + channel) * Cols + col, theirs = (col * Channels + channel) * pixels + pixel;
                    if (fromFile) to[ours] = from[theirs];
                    else to[theirs] = from[ours];
                }
    }
}

/// <summary>One tensor of a file: the values of its parameters one after the other.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Parts">The parameters.</param>
sealed record WeightTensor(string Name, int[] Shape, params WeightPart[] Parts);
