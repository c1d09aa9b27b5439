using System.Buffers;
using System.Numerics;

namespace Silc;

/// <summary>
/// Random convolutions (RandConv, Xu et al. 2021, arXiv:2007.13003): y = a x + (1 - a) (W * x), where the k x k x 3 x 3 weights W are drawn from
/// N(0, 1 / (3 k^2)) for every image, k from 1, 3, 5 and 7, and a uniformly from [0, 1]. Shapes stay where they are while colours, contrasts
/// and textures change, so that a model has to go by shapes. Values are taken from mid-grey, and cut to [0, 1] in the end; the border
/// pixels extend outwards, where the paper pads with zeros.
/// </summary>
static class RandomConvolution
{
    const int Channels = 3, Sizes = 4, LargestSide = 2 * Sizes - 1;
    const float Middle = 0.5f;

    /// <summary>Changes (height, width, 3) values in [0, 1], in place.</summary>
    public static void Apply(Span<float> rgb, int width, int height, Philox random)
    {
        int side = 2 * random.NextInt(Sizes) + 1;
        Span<float> weights = stackalloc float[Channels * Channels * LargestSide * LargestSide];
        weights = weights[..(Channels * Channels * side * side)];
        var deviation = 1 / Math.Sqrt(side * side * Channels);
        foreach (ref var weight in weights) weight = (float)(random.Normal() * deviation);
        Mix(rgb, width, height, weights, side, keep: (float)random.NextDouble());
    }

    /// <summary>
    /// <paramref name="keep"/> of the image and the rest of its convolution with (3 to, 3 from, side, side) weights, the side odd.
    /// </summary>
    public static void Mix(Span<float> rgb, int width, int height, ReadOnlySpan<float> weights, int side, float keep)
    {
        int reach = side / 2, stride = width + 2 * reach, plane = (height + 2 * reach) * stride;
        var scratch = ArrayPool<float>.Shared.Rent(Channels * plane + width);
        var sums = scratch.AsSpan(Channels * plane, width);
        Split(rgb, width, height, reach, scratch);
        for (int to = 0; to < Channels; to++)
            for (int y = 0; y < height; y++)
            {
                sums.Clear();
                int weight = to * Channels * side * side;
                for (int from = 0; from < Channels; from++)
                    for (int dy = 0; dy < side; dy++)
                        for (int dx = 0; dx < side; dx++)
                            Add(sums, scratch.AsSpan(from * plane + (y + dy) * stride + dx, width), weights[weight++]);
                for (int x = 0; x < width; x++)
                {
                    ref var value = ref rgb[(y * width + x) * Channels + to];
                    value = Math.Clamp(keep * value + (1 - keep) * (sums[x] + Middle), 0, 1);
                }
            }
        ArrayPool<float>.Shared.Return(scratch);
    }

    // Channel by channel, so that a row shifted by a pixel is contiguous, with the border's pixels repeated.
    static void Split(ReadOnlySpan<float> rgb, int width, int height, int reach, Span<float> planes)
    {
        int at = 0;
        for (int c = 0; c < Channels; c++)
            for (int y = -reach; y < height + reach; y++)
            {
                int row = Math.Clamp(y, 0, height - 1) * width;
                for (int x = -reach; x < width + reach; x++) planes[at++] = rgb[(row + Math.Clamp(x, 0, width - 1)) * Channels + c] - Middle;
            }
    }

    static void Add(Span<float> target, ReadOnlySpan<float> source, float weight)
    {
        int count = Vector<float>.Count, i = 0;
        for (; i + count <= target.Length; i += count)
            (new Vector<float>(target[i..]) + new Vector<float>(source[i..]) * weight).CopyTo(target[i..]);
        for (; i < target.Length; i++) target[i] += source[i] * weight;
    }
}
