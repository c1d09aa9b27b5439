using System.Text.Json;

namespace Silc;

/// <summary>Files of results that say one text for each id. Threads: any number may call.</summary>
static class ResultFile
{
    const int Named = 5;

    /// <exception cref="InvalidDataException">A value is missing, or an id occurs twice.</exception>
    public static IReadOnlyDictionary<long, string> Read(string path, string id, string text)
    {
        var found = new Dictionary<long, string>();
        JsonRecords.Read(path, [""], record =>
        {
            if (!found.TryAdd(record.Id(id), record.Text(text)))
                throw record.Odd(id, $"an earlier record has it, too; results have one {text} for each {id}");
        });
        return found;
    }

    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public static void Write(string path, string id, string text, IEnumerable<KeyValuePair<long, string>> results) =>
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream);
            json.WriteStartArray();
            foreach (var (key, value) in results)
            {
                json.WriteStartObject();
                json.WriteNumber(id, key);
                json.WriteString(text, value);
                json.WriteEndObject();
                if (json.BytesPending > 1 << 16) json.Flush();
            }
            json.WriteEndArray();
        });

    /// <summary>Refuses results of other things than those asked about: the official programs refuse files with a part as well.</summary>
    /// <exception cref="ArgumentException">The message names a few.</exception>
    public static void RequireSame(IEnumerable<long> results, IEnumerable<long> asked, string thing, string text)
    {
        var (given, wanted) = (results.ToHashSet(), asked.ToHashSet());
        long[] missing = [.. wanted.Except(given).Order()], unknown = [.. given.Except(wanted).Order()];
        Require.That(missing.Length == 0, $"{missing.Length:N0} of {wanted.Count:N0} {thing}s have no {text}: {Some(missing)}; give each one, "
            + "an empty one where there is nothing to say");
        Require.That(unknown.Length == 0,
            $"{unknown.Length:N0} {text}s are of a {thing} that the set does not have: {Some(unknown)}; the results belong to another set");
    }

    static string Some(long[] ids) => string.Join(", ", ids.Take(Named)) + (ids.Length > Named ? ", ..." : "");
}
