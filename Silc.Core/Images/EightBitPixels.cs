using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Pixels of an 8-bit image in [-1, 1]: byte b is b / 255 · 2 - 1, by the operations of <see cref="Photometric.ToSigned"/>, so that what was a
/// byte is known again by its bits.
/// </summary>
static class EightBitPixels
{
    const float Most = 255;

    /// <summary>The values of the 256 bytes.</summary>
    public static ReadOnlySpan<float> Values => values;

    static readonly float[] values = [.. Enumerable.Range(0, 256).Select(code => code / Most * 2 - 1)];

    /// <summary>The nearest steps of 1 / 255, of values in [0, 1]; what lies outside is cut off.</summary>
    public static void Round(Span<float> pixels)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(pixels);
        foreach (ref var vector in vectors)
            vector = Vector.Round(Vector.Min(Vector.Max(vector, Vector<float>.Zero), Vector<float>.One) * Most) / new Vector<float>(Most);
        foreach (ref var value in pixels[(vectors.Length * Vector<float>.Count)..]) value = MathF.Round(Math.Clamp(value, 0, 1) * Most) / Most;
    }

    /// <summary>Writes the bytes of pixels in [-1, 1]; false at the first that is none to the last bit, which leaves the rest unwritten.</summary>
    public static bool TryPack(ReadOnlySpan<float> pixels, Span<byte> bytes)
    {
        int i = 0;
        for (; i <= pixels.Length - 32; i += 32)
        {
            var fits = Codes(pixels[i..], out var a) & Codes(pixels[(i + 8)..], out var b)
                & Codes(pixels[(i + 16)..], out var c) & Codes(pixels[(i + 24)..], out var d);
            if (fits != Vector256<int>.AllBitsSet) return false;
            Vector256.Narrow(Vector256.Narrow(a, b).AsUInt16(), Vector256.Narrow(c, d).AsUInt16()).CopyTo(bytes[i..]);
        }
        for (; i < pixels.Length; i++)
        {
            int code = Math.Clamp((int)((pixels[i] + 1) * (Most / 2) + 0.5f), 0, 255);
            if (values[code] != pixels[i]) return false;
            bytes[i] = (byte)code;
        }
        return true;
    }

    // All bits of a lane are set where the code gives the pixel back. NaN equals nothing.
    static Vector256<int> Codes(ReadOnlySpan<float> pixels, out Vector256<int> codes)
    {
        var x = Vector256.Create(pixels);
        codes = Vector256.Clamp(Vector256.ConvertToInt32((x + Vector256<float>.One) * (Most / 2) + Vector256.Create(0.5f)),
            Vector256<int>.Zero, Vector256.Create(255));
        var back = Vector256.ConvertToSingle(codes) / Vector256.Create(Most) * 2f - Vector256<float>.One;
        return Vector256.Equals(back, x).AsInt32();
    }
}
