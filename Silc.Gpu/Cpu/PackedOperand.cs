using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// One operand of a block, as panels of mr rows of A or nr columns of B; a "line" is such a row of A or column of
/// B. Whole panels may be read in place; the others, and always the one that reaches past the edge, are packed.
/// </summary>
readonly unsafe struct PackedOperand
{
    readonly float* source, packed;
    readonly nint line, step;
    readonly int width, depth, inPlace;
    readonly nint panel;

    /// <summary>Packs what needs packing. <paramref name="contiguousLines"/> as in <see cref="Panels.Pack"/>.</summary>
    public PackedOperand(float* source, nint stride, bool contiguousLines, bool readInPlace, int lines, int depth, int width, float* packed)
    {
        (line, step) = contiguousLines ? (1, stride) : (stride, (nint)1);
        (this.width, this.depth, panel) = (width, depth, (nint)width * depth);
        this.source = source;
        this.packed = packed;
        inPlace = readInPlace ? lines / width * width : 0;
        Panels.Pack(source + inPlace * line, stride, contiguousLines, lines - inPlace, depth, width, packed);
    }

    /// <summary>One that is packed already: its first line and step lie at <paramref name="panels"/>, and the next panel so many floats on.</summary>
    public PackedOperand(float* panels, int width, int depth, nint panel)
    {
        packed = panels;
        (this.width, this.depth, this.panel) = (width, depth, panel);
    }

    /// <summary>The panel that begins at a line, with the strides to the next line and to the next k.</summary>
    public float* Panel(int first, out nint toLine, out nint toStep)
    {
        if (first < inPlace)
        {
            (toLine, toStep) = (line, step);
            return source + first * line;
        }
        (toLine, toStep) = (1, width);
        return packed + (first - inPlace) / width * panel;
    }

    /// <summary>
    /// Adds to each of <paramref name="lines"/> floats the sum of that line over the steps. Neighbouring lines must be contiguous for each k.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddSums(int lines, float* sums)
    {
        int vector = Vector<float>.Count;
        for (int first = 0; first < lines; first += width)
        {
            var panel = Panel(first, out _, out var toStep);
            for (int line = 0; line < width && first + line < lines; line += vector)
            {
                // Two accumulators, to hide the latency of additions.
                Vector<float> even = default, odd = default;
                var from = panel + line;
                int k = 0;
                for (; k <= depth - 2; k += 2, from += 2 * toStep)
                {
                    even += Vector.Load(from);
                    odd += Vector.Load(from + toStep);
                }
                if (k < depth) even += Vector.Load(from);
                even += odd;
                var to = sums + first + line;
                int count = Math.Min(vector, lines - first - line);
                if (count == vector) (Vector.Load(to) + even).Store(to);
                else for (int i = 0; i < count; i++) to[i] += even[i];
            }
        }
    }
}
