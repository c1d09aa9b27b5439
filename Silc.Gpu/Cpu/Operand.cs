namespace Silc;

/// <summary>
/// One operand's part in a block, as panels of mr rows of A or nr columns of B ("lanes"). Whole panels may be read where they lie;
/// the others, and always the one that hangs over the edge, are packed.
/// </summary>
readonly unsafe struct Operand
{
    readonly float* source, packed;
    readonly nint lane, step;
    readonly int width, depth, inPlace;

    /// <summary>Packs what needs packing. <paramref name="contiguousLanes"/> as in <see cref="Panels.Pack"/>.</summary>
    public Operand(float* source, nint stride, bool contiguousLanes, bool readInPlace, int lanes, int depth, int width, float* packed)
    {
        (lane, step) = contiguousLanes ? (1, stride) : (stride, (nint)1);
        (this.width, this.depth) = (width, depth);
        this.source = source;
        this.packed = packed;
        inPlace = readInPlace ? lanes / width * width : 0;
        Panels.Pack(source + inPlace * lane, stride, contiguousLanes, lanes - inPlace, depth, width, packed);
    }

    /// <summary>Where the panel that begins at a lane begins, and how far it is to the next lane and to the next step of k.</summary>
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
}
