using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// Packing: lays an operand out in the order in which the micro-kernel reads it. A panel is <c>width</c> lanes (mr rows of A or nr columns
/// of B) by <c>depth</c> steps of k, lanes together: <c>panel[k * width + lane]</c>. Lanes past the matrix are zero, so edge tiles need no
/// kernel of their own.
/// </summary>
static unsafe class Panels
{
    /// <summary>
    /// Packs <paramref name="lanes"/> lanes into ceil(lanes / width) panels one after another. <paramref name="contiguousLanes"/> tells
    /// how the source lies: lanes together (source[k * stride + lane]) or steps together (source[lane * stride + k]).
    /// </summary>
    public static void Pack(float* source, nint stride, bool contiguousLanes, int lanes, int depth, int width, float* panels)
    {
        int group = contiguousLanes && stride >= Page ? PanelsAtOnce * width : width;
        for (int lane = 0; lane < lanes; lane += group, panels += (nint)group * depth)
        {
            int filled = Math.Min(group, lanes - lane);
            if (contiguousLanes) CopyPanels(source + lane, stride, filled, depth, width, panels);
            else TransposePanel(source + lane * stride, stride, filled, depth, width, panels);
        }
    }

    // If every row of the source is in another memory page, several panels are packed at a time, which saves TLB misses.
    const int Page = 1024, PanelsAtOnce = 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CopyPanels(float* source, nint stride, int lanes, int depth, int width, float* panels)
    {
        nint panelSize = (nint)width * depth;
        for (int k = 0; k < depth; k++, source += stride, panels += width)
        {
            var panel = panels;
            for (int begin = 0; begin < lanes; begin += width, panel += panelSize)
            {
                var from = source + begin;
                int lane = 0, filled = Math.Min(width, lanes - begin);
                for (; lane <= filled - 4; lane += 4) Vector128.Load(from + lane).Store(panel + lane);
                for (; lane < filled; lane++) panel[lane] = from[lane];
                for (; lane < width; lane++) panel[lane] = 0;
            }
        }
    }

    static void TransposePanel(float* source, nint stride, int filled, int depth, int width, float* panel)
    {
        int lane = 0;
        for (; lane <= filled - 4; lane += 4) TransposeFour(source + lane * stride, stride, depth, width, panel + lane);
        if (lane <= filled - 2)
        {
            TransposeTwo(source + lane * stride, stride, depth, width, panel + lane);
            lane += 2;
        }
        for (; lane < filled; lane++)
            for (int k = 0; k < depth; k++) panel[k * width + lane] = source[lane * stride + k];
        for (; lane < width; lane++)
            for (int k = 0; k < depth; k++) panel[k * width + lane] = 0;
    }

    // Four lanes by four steps at a time: 4 loads, 8 shuffles, 4 stores for 16 floats.
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
