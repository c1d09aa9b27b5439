using System.Text;

namespace Silc;

/// <summary>
/// Text files of users. They are UTF-8, or UTF-16 with its mark; any other byte is
/// an error with its line, and never becomes U+FFFD, which a model would learn.
/// </summary>
static class Utf8File
{
    /// <summary>The whole text, without a byte order mark.</summary>
    /// <exception cref="InvalidDataException">Not UTF-8.</exception>
    public static string ReadText(string path)
    {
        using var reader = new StreamReader(Open(path), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>The lines one by one.</summary>
    /// <inheritdoc cref="ReadText"/>
    public static IEnumerable<string> ReadLines(string path)
    {
        using var reader = new StreamReader(Open(path), Encoding.UTF8);
        while (reader.ReadLine() is { } line) yield return line;
    }

    /// <summary>The bytes, for a reader that decodes by itself; a read of what is not UTF-8 throws.</summary>
    public static Stream Open(string path) => Check(File.OpenRead(path), path);

    /// <summary>The same for bytes that come from elsewhere.</summary>
    public static Stream Check(Stream bytes, string name) => new Utf8Stream(bytes, name);
}
