namespace Silc.Tests;

/// <summary>Pixels of 8-bit images among floats.</summary>
[TestClass]
public sealed class EightBitPixelsTests
{
    [TestMethod]
    public void Values_have_the_bits_of_pixels_that_were_bytes()
    {
        float[] pixels = [.. Enumerable.Range(0, 256).Select(code => code / 255f)];
        Photometric.ToSigned(pixels);
        Close.Bits(pixels, EightBitPixels.Values.ToArray(), "values");
        // As the last of a vector and alone.
        foreach (var code in (int[])[0, 1, 127, 255])
        {
            float[] one = [code / 255f];
            Photometric.ToSigned(one);
            Assert.AreEqual(EightBitPixels.Values[code], one[0]);
        }
    }

    [TestMethod]
    public void Packing_gives_the_bytes_back_and_takes_nothing_else()
    {
        var random = new Random(2);
        foreach (var length in (int[])[0, 1, 31, 32, 33, 64, 1000])
        {
            var codes = new byte[length];
            random.NextBytes(codes);
            if (length > 1) (codes[0], codes[1]) = (0, 255);
            float[] pixels = [.. codes.Select(code => EightBitPixels.Values[code])];
            var packed = new byte[length];
            Assert.IsTrue(EightBitPixels.TryPack(pixels, packed));
            CollectionAssert.AreEqual(codes, packed);
            foreach (var other in (float[])[float.NaN, float.PositiveInfinity, -1.0000001f, 256 / 255f * 2 - 1, -1 / 255f * 2 - 1, 0,
                MathF.BitIncrement(EightBitPixels.Values[77])])
                for (int at = 0; at < length; at += 1 + length / 7)
                {
                    var with = pixels.ToArray();
                    with[at] = other;
                    Assert.IsFalse(EightBitPixels.TryPack(with, packed), $"{other} at {at} of {length}");
                }
        }
    }

    [TestMethod]
    public void Rounding_takes_the_nearest_and_cuts_off_what_lies_outside()
    {
        float[] pixels = [.. Enumerable.Range(-20, 341).Select(i => i / 300f)], rounded = [.. pixels];
        EightBitPixels.Round(rounded);
        for (int i = 0; i < pixels.Length; i++)
        {
            var inside = Math.Clamp(pixels[i], 0, 1);
            Assert.AreEqual(inside, rounded[i], 0.5 / 255 + 1e-6);
            Assert.AreEqual(Math.Round(rounded[i] * 255.0), rounded[i] * 255.0, 1e-4);
        }
        Photometric.ToSigned(rounded);
        Assert.IsTrue(EightBitPixels.TryPack(rounded, new byte[rounded.Length]));
    }
}
