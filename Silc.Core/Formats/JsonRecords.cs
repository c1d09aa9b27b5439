using System.Buffers;
using System.Text.Json;

namespace Silc;

/// <summary>
/// The records of a JSON file of any size, one after another: the elements of an array, or those of arrays in an object, as
/// <c>{"images": [...], "annotations": [...]}</c>. What is not asked for is passed over, and no more than one record is in memory. Threads: one.
/// </summary>
sealed class JsonRecords : IDisposable
{
    const int FirstBuffer = 1 << 16;

    readonly string path;
    readonly Stream file;
    readonly IReadOnlyCollection<string> sections;
    byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    int start, end;
    bool atEnd, rootIsArray, inWanted, begun;
    long index;
    string section = "";
    JsonReaderState state = new(new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = false });

    JsonRecords(string path, IReadOnlyCollection<string> sections)
    {
        (this.path, this.sections) = (path, sections);
        file = Utf8File.Open(path);
    }

    /// <summary>The names of arrays that the file has, of those asked for.</summary>
    HashSet<string> Found { get; } = [];

    /// <summary>Hands over one record after another; a record is gone when the call returns.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sections">Names of the arrays; "" stands for a file that is an array itself.</param>
    /// <param name="use">Is called for each.</param>
    /// <returns>The names of the arrays that the file has.</returns>
    /// <exception cref="InvalidDataException">Not JSON, or neither object nor array; the message names the file and the place.</exception>
    public static IReadOnlySet<string> Read(string path, IReadOnlyCollection<string> sections, Action<JsonRecord> use)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file", path);
        using var records = new JsonRecords(path, sections);
        try
        {
            while (records.Next() is { } item)
                using (item.Document) use(item.Record);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"{path} is no valid JSON, or cut short: {error.Message} The last record read is {records.Place}; fetch the file again", error);
        }
        // Half a pair of surrogates, written as \ud800.
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"{path}: {records.Place} has a text that is no Unicode: {error.Message}", error);
        }
        return records.Found;
    }

    string Place => $"{section}[{index}]";

    (JsonDocument Document, JsonRecord Record)? Next()
    {
        while (true)
        {
            if (!begun) Begin();
            var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), atEnd, state);
            var document = Step(ref reader);
            start += (int)reader.BytesConsumed;
            state = reader.CurrentState;
            if (document is not null) return (document, new(path, Place, document.RootElement));
            if (atEnd) return null;
            Refill();
        }
    }

    // The mark of UTF-8 is no JSON.
    void Begin()
    {
        begun = true;
        Refill();
        if (buffer.AsSpan(start, end - start).StartsWith("\uFEFF"u8)) start += 3;
    }

    // Goes on to the next record that is whole; null where more bytes are needed.
    JsonDocument? Step(ref Utf8JsonReader reader)
    {
        while (true)
        {
            var before = reader;
            if (!reader.Read()) return null;
            int depth = reader.CurrentDepth;
            if (inWanted && depth == (rootIsArray ? 1 : 2) && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                if (!JsonDocument.TryParseValue(ref reader, out var document))
                {
                    reader = before;
                    return null;
                }
                index++;
                return document;
            }
            Follow(ref reader, depth);
        }
    }

    void Follow(ref Utf8JsonReader reader, int depth)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray when depth == 0:
                rootIsArray = true;
                Enter("");
                break;
            case JsonTokenType.PropertyName when depth == 1 && !rootIsArray:
                section = reader.GetString()!;
                break;
            case JsonTokenType.StartArray when depth == 1 && !rootIsArray:
                Enter(section);
                break;
            case JsonTokenType.EndArray when depth == 1 && !rootIsArray:
                inWanted = false;
                break;
            case JsonTokenType.StartObject or JsonTokenType.EndObject:
                break;
            default:
                if (depth == 0 && reader.TokenType != JsonTokenType.EndArray)
                    throw new InvalidDataException($"{path} holds a single value, not records; it is another file");
                break;
        }
    }

    void Enter(string name)
    {
        (section, index, inWanted) = (name, -1, sections.Contains(name));
        if (inWanted) Found.Add(name);
    }

    // Keeps what is not used yet; makes room where a record does not fit.
    void Refill()
    {
        int kept = end - start;
        if (kept > buffer.Length / 2)
        {
            var larger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
            buffer.AsSpan(start, kept).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        else buffer.AsSpan(start, kept).CopyTo(buffer);
        (start, end) = (0, kept);
        int got = file.Read(buffer, end, buffer.Length - end);
        end += got;
        atEnd = got == 0;
    }

    public void Dispose()
    {
        file.Dispose();
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
