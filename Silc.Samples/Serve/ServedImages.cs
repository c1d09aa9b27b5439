using Microsoft.AspNetCore.Http;
using SkiaSharp;

namespace Silc.Samples.Serve;

/// <summary>Images that requests bring or name, within their limits.</summary>
sealed class ServedImages(ServeSettings settings, ServedIndex? index)
{
    const string Prefix = "data:", Base64 = ";base64,";

    /// <summary>True for a string that is an image rather than a text.</summary>
    public static bool IsData(string text) => text.StartsWith($"{Prefix}image/", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith($"{Prefix}application/octet-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>The image of a request: its bytes, or that of a row of the index.</summary>
    public RgbImage Of(string? image, int? row)
    {
        if (image is null == row is null) throw ServeError.Bad("image", "say which image: image (base64 or a data URI), or row of the index");
        return image is not null ? Decode(image, "image") : (index ?? throw ServedIndex.None("row")).Image(row!.Value);
    }

    /// <summary>Decodes base64 or a data URI. Addresses are not fetched.</summary>
    public RgbImage Decode(string text, string field)
    {
        var bytes = Bytes(text, field);
        using (var data = SKData.CreateCopy(bytes))
        using (var codec = SKCodec.Create(data))
        {
            // By the header, before memory is set aside.
            if (codec is not null && (long)codec.Info.Width * codec.Info.Height > settings.MaxPixels)
                throw new ServeError(StatusCodes.Status413PayloadTooLarge, $"{field} has {codec.Info.Width} x {codec.Info.Height} pixels, at most "
                    + $"{settings.MaxMegapixels:0.###} million are taken; shrink it first", field);
        }
        try
        {
            return ImageFile.Decode(bytes, field);
        }
        catch (InvalidDataException wrong)
        {
            throw ServeError.Bad(field, wrong.Message);
        }
    }

    static byte[] Bytes(string text, string field)
    {
        var content = text.AsSpan();
        if (text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            var at = text.IndexOf(Base64, StringComparison.OrdinalIgnoreCase);
            if (at < 0) throw ServeError.Bad(field, $"{field} is a data URI without {Base64}");
            content = text.AsSpan(at + Base64.Length);
        }
        else if (text.Contains("://", StringComparison.Ordinal))
        {
            throw ServeError.Bad(field, $"{field} is an address; nothing is fetched: send the image itself, as base64 or a data URI");
        }
        var bytes = new byte[content.Length / 4 * 3 + 3];
        return Convert.TryFromBase64Chars(content, bytes, out var length) ? bytes[..length]
            : throw ServeError.Bad(field, $"{field} is no base64");
    }
}
