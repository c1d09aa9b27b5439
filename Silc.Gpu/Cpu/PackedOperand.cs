using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// One operand of a block, as panels of mr rows of A or nr columns of B ("lanes"). Whole panels may be read in place; the others, and
/// always the one that reaches past the edge, are packed.
/// </summary>
readonly unsafe struct PackedOperand
{
    readonly float* source, packed;
    readonly nint lane, step;
    readonly int width, depth, inPlace;

    /// <summary>Packs what needs packing. <paramref name="contiguousLanes"/> as in <see cref="Panels.Pack"/>.</summary>
    public PackedOperand(float* source, nint stride, bool contiguousLanes, bool readInPlace, int lanes, int depth, int width, float* packed)
    {
        (lane, step) = contiguousLanes ? (1, stride) : (stride, (nint)1);
        (this.width, this.depth) = (width, depth);
        this.source = source;
        this.packed = packed;
        inPlace = readInPlace ? lanes / width * width : 0;
        Panels.Pack(source + inPlace * lane, stride, contiguousLanes, lanes - inPlace, depth, width, packed);
    }

    /// <summary>The panel that begins at a lane, with the strides to the next lane and to the next k.</summary>
    public float* Panel(int first, out nint toLane, out nint toStep)
    {
        if (first < inPlace)
        {
            (toLane, toStep) = (lane, step);
            return source + first * lane;
        }
        (toLane, toStep) = (1, width);
        return packed + (nint)(first - inPlace) * depth;
    }

    /// <summary>Adds to each of <paramref name="lanes"/> floats the sum of that lane over the steps. Lanes must lie together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddSums(int lanes, float* sums)
    {
        int vector = Vector<float>.Count;
        for (int first = 0; first < lanes; first += width)
        {
            var panel = Panel(first, out _, out var toStep);
            for (int lane = 0; lane < width && first + lane < lanes; lane += vector)
            {
                // Two accumulators, to hide the latency of additions.
                Vector<float> even = default, odd = default;
                var from = panel + lane;
                int k = 0;
                for (; k <= depth - 2; k += 2, from += 2 * toStep)
                {
                    even += Vector.Load(from);
                    odd += Vector.Load(from + toStep);
                }
                if (k < depth) even += Vector.Load(from);
                even += odd;
                var to = sums + first + lane;
                int count = Math.Min(vector, lanes - first - lane);
                if (count == vector) (Vector.Load(to) + even).Store(to);
                else for (int i = 0; i < count; i++) to[i] += even[i];
            }
        }
    }
}
