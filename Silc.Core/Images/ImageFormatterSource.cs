namespace Silc;

/// <summary>
/// Says how notebooks show a type. .NET Interactive finds the attribute by its name, so that the library needs none of its packages.
/// </summary>
/// <param name="formatterSourceType">Has a method <c>CreateTypeFormatters()</c>; each formatter has <c>MimeType</c> and <c>Format</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;
}

/// <summary>Images are images in notebooks, and not tables of bytes.</summary>
sealed class ImageFormatterSource
{
    public IEnumerable<object> CreateTypeFormatters() => [new Formatter()];

    sealed class Formatter
    {
        public string MimeType => "text/html";

        public bool Format(object value, TextWriter writer)
        {
            if (value is not RgbImage image) return false;
            writer.Write($"<img src=\"data:image/png;base64,{Convert.ToBase64String(ImageFile.Encode(image))}\" "
                + $"width=\"{image.Width}\" height=\"{image.Height}\" alt=\"{image.Width} x {image.Height} pixels\">");
            return true;
        }
    }
}
