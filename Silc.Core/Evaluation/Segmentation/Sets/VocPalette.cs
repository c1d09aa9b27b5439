namespace Silc;

/// <summary>Label maps of PASCAL VOC, also those whose palette somebody turned into colours. Threads: any number may call.</summary>
static class VocPalette
{
    const int Border = 255, Classes = 21;

    static readonly Dictionary<int, int> indexOf =
        Enumerable.Range(0, Classes).Append(Border).ToDictionary(Colour, index => index);

    /// <summary>The values of a label map.</summary>
    /// <exception cref="InvalidDataException">A colour that the palette does not have; the message names the pixel.</exception>
    public static LabelMap Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (!LabelMapFile.IsColour(bytes)) return LabelMapFile.Read(bytes, path);
        var colours = LabelMapFile.ReadColours(bytes, path);
        var labels = new int[colours.Labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            if (indexOf.TryGetValue(colours.Labels[i], out labels[i])) continue;
            // Indices that were written three times, as grey, are no colours of the palette.
            if (Array.TrueForAll(colours.Labels, colour => colour % 256 * 0x010101 == colour)) return LabelMapFile.Read(bytes, path);
            int wrong = colours.Labels[i];
            throw new InvalidDataException($"{path}: pixel {i % colours.Width}, {i / colours.Width} has the colour {wrong % 256}, "
                + $"{wrong / 256 % 256}, {wrong / 65536}, which VOC's palette does not have; use the PNG as it was published");
        }
        return colours with { Labels = labels };
    }

    // The devkit's rule: bits 0, 3, 6 of the index are the high bits of red, 1, 4, 7 of green, 2, 5, 8 of blue. Packed as LabelMapFile packs them.
    static int Colour(int index)
    {
        int packed = 0;
        for (int bit = 0; bit < 8; bit++)
            packed |= (index >> bit & 1) << 7 - bit / 3 + 8 * (bit % 3);
        return packed;
    }
}
