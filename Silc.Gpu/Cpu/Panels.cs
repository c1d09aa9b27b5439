using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// Packing: lays an operand out in the order in which the micro-kernel reads it. A panel is <c>width</c>
/// lines (mr rows of A or nr columns of B) by <c>depth</c> steps of k, the lines contiguous for each k:
/// <c>panel[k * width + line]</c>. Lines past the matrix are zero, so edge tiles need no kernel of their own.
/// </summary>
static unsafe class Panels
{
    /// <summary>
    /// Packs <paramref name="lines"/> lines into ceil(lines / width) panels one after another. <paramref name="contiguousLines"/>
    /// is the layout of the source: source[k * stride + line] if true, source[line * stride + k] if false.
    /// </summary>
    public static void Pack(float* source, nint stride, bool contiguousLines, int lines, int depth, int width, float* panels)
    {
        int group = contiguousLines && stride >= Page ? PanelsAtOnce * width : width;
        for (int line = 0; line < lines; line += group, panels += (nint)group * depth)
        {
            int filled = Math.Min(group, lines - line);
            if (contiguousLines) CopyPanels(source + line, stride, filled, depth, width, panels);
            else TransposePanel(source + line * stride, stride, filled, depth, width, panels);
        }
    }

    // If every row of the source is in another memory page, several panels are packed at a time, which saves TLB misses, and rows are fetched ahead:
    // the processor foresees no loads from another page.
    const int Page = 1024, PanelsAtOnce = 8, RowsAhead = 8;

    const int CacheLine = 64 / sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CopyPanels(float* source, nint stride, int lines, int depth, int width, float* panels)
    {
        nint panelSize = (nint)width * depth, ahead = stride >= Page ? RowsAhead * stride : 0;
        for (int k = 0; k < depth; k++, source += stride, panels += width)
        {
            var panel = panels;
            for (int begin = 0; begin < lines; begin += width, panel += panelSize)
            {
                var from = source + begin;
                int line = 0, filled = Math.Min(width, lines - begin);
                if (ahead > 0 && Sse.IsSupported)
                    for (int next = 0; next < filled; next += CacheLine) Sse.Prefetch0(from + ahead + next);
                if (Vector512.IsHardwareAccelerated)
                    for (; line <= filled - 16; line += 16) Vector512.Load(from + line).Store(panel + line);
                else if (Vector256.IsHardwareAccelerated)
                    for (; line <= filled - 8; line += 8) Vector256.Load(from + line).Store(panel + line);
                for (; line <= filled - 4; line += 4) Vector128.Load(from + line).Store(panel + line);
                for (; line < filled; line++) panel[line] = from[line];
                for (; line < width; line++) panel[line] = 0;
            }
        }
    }

    static void TransposePanel(float* source, nint stride, int filled, int depth, int width, float* panel)
    {
        if (filled < width) new Span<float>(panel, width * depth).Clear();
        int line = 0;
        for (; line <= filled - 4; line += 4) TransposeFour(source + line * stride, stride, depth, width, panel + line);
        if (line <= filled - 2)
        {
            TransposeTwo(source + line * stride, stride, depth, width, panel + line);
            line += 2;
        }
        for (; line < filled; line++)
            for (int k = 0; k < depth; k++) panel[k * width + line] = source[line * stride + k];
    }

    // Four lines by four steps at a time: 4 loads, 8 shuffles, 4 stores for 16 floats.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void TransposeFour(float* source, nint stride, int depth, int width, float* panel)
    {
        float* s0 = source, s1 = source + stride, s2 = source + 2 * stride, s3 = source + 3 * stride;
        int k = 0;
        for (; k <= depth - 4; k += 4, panel += 4 * width)
        {
            Vector128<float> r0 = Vector128.Load(s0 + k), r1 = Vector128.Load(s1 + k);
            Vector128<float> r2 = Vector128.Load(s2 + k), r3 = Vector128.Load(s3 + k);
            Vector128<float> low02 = Low(r0, r2), high02 = High(r0, r2), low13 = Low(r1, r3), high13 = High(r1, r3);
            Low(low02, low13).Store(panel);
            High(low02, low13).Store(panel + width);
            Low(high02, high13).Store(panel + 2 * width);
            High(high02, high13).Store(panel + 3 * width);
        }
        for (; k < depth; k++, panel += width) (panel[0], panel[1], panel[2], panel[3]) = (s0[k], s1[k], s2[k], s3[k]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void TransposeTwo(float* source, nint stride, int depth, int width, float* panel)
    {
        float* s0 = source, s1 = source + stride;
        int k = 0;
        for (; k <= depth - 4; k += 4, panel += 4 * width)
        {
            Vector128<float> r0 = Vector128.Load(s0 + k), r1 = Vector128.Load(s1 + k);
            Vector128<float> low = Low(r0, r1), high = High(r0, r1);
            low.GetLower().Store(panel);
            low.GetUpper().Store(panel + width);
            high.GetLower().Store(panel + 2 * width);
            high.GetUpper().Store(panel + 3 * width);
        }
        for (; k < depth; k++, panel += width) (panel[0], panel[1]) = (s0[k], s1[k]);
    }

    // Low: x0 y0 x1 y1. High: x2 y2 x3 y3. One instruction on x64 and on ARM64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Low(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackLow(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x, y)
        : Vector128.Create(x[0], y[0], x[1], y[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> High(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackHigh(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x, y)
        : Vector128.Create(x[2], y[2], x[3], y[3]);
}
