using System.Text;
using System.Text.Json;

namespace Silc;

/// <summary>Captions in the .txt and .json files of a WebDataset, as img2dataset and others write them.</summary>
static class CaptionFile
{
    /// <summary>A longer file is refused: no text model reads so much, and cutting it would train on half a sentence.</summary>
    public const int MaxText = 1 << 16;

    /// <summary>As <see cref="MaxText"/>; beside captions these files hold sizes, EXIF and more.</summary>
    public const int MaxJson = 1 << 20;

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>One caption, its line breaks included, as webdataset, img2dataset and open_clip read it; none if the file is blank.</summary>
    /// <exception cref="InvalidDataException">Not UTF-8.</exception>
    public static IEnumerable<string> Text(byte[] bytes, string name) => Decode(bytes, name).Trim() is { Length: > 0 } caption ? [caption] : [];

    /// <summary>The strings under some keys, single or in arrays; null and empty ones do not count.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="keys">Keys of captions.</param>
    /// <param name="others">Takes the other keys of the file.</param>
    /// <exception cref="InvalidDataException">Not UTF-8, not JSON, or a caption is no string or too long.</exception>
    public static IEnumerable<string> Json(byte[] bytes, string name, IReadOnlyList<string> keys, List<string> others) =>
        Parse<IEnumerable<string>>(bytes, name, root =>
    {
        others.AddRange(Keys(root).Except(keys));
        return [.. keys.SelectMany(key => Strings(root, key, name))];
    });

    /// <summary>All keys of a file.</summary>
    /// <exception cref="InvalidDataException">Not UTF-8, or not JSON.</exception>
    public static IReadOnlyList<string> Keys(byte[] bytes, string name) => Parse(bytes, name, Keys);

    static List<string> Keys(JsonElement root) => [.. root.EnumerateObject().Select(property => property.Name)];

    static T Parse<T>(byte[] bytes, string name, Func<JsonElement, T> take)
    {
        var text = Decode(bytes, name);
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? take(json.RootElement) : throw new InvalidDataException($"{name} holds no JSON object");
        }
        // The latter is a string with half a surrogate pair.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{name} is no valid JSON: {error.Message}", error);
        }
    }

    /// <summary>The strings under one key, single or in an array; null and empty ones do not count.</summary>
    /// <exception cref="InvalidDataException">Something else lies there, or a string is too long.</exception>
    public static IEnumerable<string> Strings(JsonElement root, string key, string name)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) yield break;
        foreach (var item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            if (item.ValueKind != JsonValueKind.String)
                throw new InvalidDataException($"{name}: '{key}' holds {Kind(item.ValueKind)}, not a string or strings");
            var caption = item.GetString()!.Trim();
            if (caption.Length > MaxText)
                throw new InvalidDataException($"{name}: a caption of {caption.Length:N0} letters, {MaxText:N0} are the limit");
            if (caption != "") yield return caption;
        }
    }

    static string Kind(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Number => "a number",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    static string Decode(byte[] bytes, string name)
    {
        try
        {
            return Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{name} is not UTF-8; convert it", error);
        }
    }
}
