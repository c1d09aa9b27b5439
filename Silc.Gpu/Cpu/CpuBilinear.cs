using System.Numerics;

namespace Silc;

/// <summary>
/// Maps at another size, and the adjoint; an item is an image. Which places make up a row or a column is found once for it, and not once a
/// place: that took most of the time of maps with one channel.
/// </summary>
readonly unsafe struct CpuBilinear(float* small, float* large, int height, int width, int toHeight, int toWidth, int channels, bool corners,
    bool adjoint) : ICpuWork
{
    public void Run(int image)
    {
        var from = small + (nint)image * height * width * channels;
        var to = large + (nint)image * toHeight * toWidth * channels;
        if (adjoint) new Span<float>(from, height * width * channels).Clear();
        var across = stackalloc Tap[Math.Min(toWidth, Columns)];
        for (int left = 0; left < toWidth; left += Columns)
        {
            int columns = Math.Min(Columns, toWidth - left);
            for (int j = 0; j < columns; j++) across[j] = Of(new(left + j, width, toWidth, corners ? 1 : 0));
            for (int i = 0; i < toHeight; i++)
            {
                var down = Of(new(i, height, toHeight, corners ? 1 : 0));
                float* high = from + (nint)down.Low * width * channels, low = from + (nint)down.High * width * channels;
                var at = to + ((nint)i * toWidth + left) * channels;
                for (int j = 0; j < columns; j++, at += channels)
                {
                    var (a, b) = (across[j].Low * channels, across[j].High * channels);
                    float wa = (1 - down.Part) * (1 - across[j].Part), wb = (1 - down.Part) * across[j].Part;
                    float wc = down.Part * (1 - across[j].Part), wd = down.Part * across[j].Part;
                    if (adjoint)
                    {
                        AddScaled(at, wa, high + a);
                        AddScaled(at, wb, high + b);
                        AddScaled(at, wc, low + a);
                        AddScaled(at, wd, low + b);
                    }
                    else Mix(high + a, wa, high + b, wb, low + a, wc, low + b, wd, at);
                }
            }
        }
    }

    // Columns of a strip: their taps fit on the stack.
    const int Columns = 512;

    readonly record struct Tap(int Low, int High, float Part);

    static Tap Of(BilinearTap tap) => new(tap.Low, tap.High, tap.Part);

    void Mix(float* a, float wa, float* b, float wb, float* c, float wc, float* d, float wd, float* to)
    {
        int k = 0;
        for (; k <= channels - Vector<float>.Count; k += Vector<float>.Count)
            (Vector.Load(a + k) * wa + Vector.Load(b + k) * wb + Vector.Load(c + k) * wc + Vector.Load(d + k) * wd).Store(to + k);
        for (; k < channels; k++) to[k] = a[k] * wa + b[k] * wb + c[k] * wc + d[k] * wd;
    }

    void AddScaled(float* x, float weight, float* to)
    {
        int k = 0;
        for (; k <= channels - Vector<float>.Count; k += Vector<float>.Count) (Vector.Load(to + k) + Vector.Load(x + k) * weight).Store(to + k);
        for (; k < channels; k++) to[k] += x[k] * weight;
    }
}
