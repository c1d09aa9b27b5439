using System.Text.Json;
using System.Text.Json.Serialization;

namespace Silc.Samples.Serve;

/// <summary>
/// What <c>silc serve</c> allows, as <c>--config FILE.json</c> has it in snake_case; options of the command line win. Every limit holds for each
/// request alone, but for <see cref="Concurrency"/> and <see cref="Queue"/>.
/// </summary>
sealed record ServeSettings
{
    static readonly JsonSerializerOptions json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Address to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port; 0 takes a free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Most MiB of a request's body.</summary>
    public int MaxBodyMib { get; init; } = 20;

    /// <summary>Most millions of pixels of an image.</summary>
    public double MaxMegapixels { get; init; } = 50;

    /// <summary>Requests at work at once; those that wait for a batch of the device count.</summary>
    public int Concurrency { get; init; } = 64;

    /// <summary>Requests that wait for one of these places; further ones are answered with 429.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Seconds from a request's arrival, waiting included, after which it is answered with 504.</summary>
    public double TimeoutSeconds { get; init; } = 60;

    /// <summary>Seconds that requests at work have after Ctrl-C or TERM.</summary>
    public double DrainSeconds { get; init; } = 30;

    /// <summary>Most texts and images of a request for embeddings.</summary>
    public int MaxInputs { get; init; } = 256;

    /// <summary>Most letters of a text.</summary>
    public int MaxTextLength { get; init; } = 4096;

    /// <summary>Most labels of a classification or segmentation, and most sentences that they make with their templates.</summary>
    public int MaxLabels { get; init; } = 1000;

    /// <summary>A file whose first line is the key that requests must bring; null asks for none, unless the variable SILC_API_KEY does.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>Least important messages that are logged: Debug, Information, Warning, Error.</summary>
    public string LogLevel { get; init; } = "Information";

    [JsonIgnore]
    public long MaxBodyBytes => (long)MaxBodyMib << 20;

    [JsonIgnore]
    public long MaxPixels => (long)(MaxMegapixels * 1e6);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no JSON, or has a value that is not one of these; the message names it.</exception>
    public static ServeSettings Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"--config {path}: no such file");
        try
        {
            return JsonSerializer.Deserialize<ServeSettings>(File.ReadAllBytes(path), json)
                ?? throw new InvalidDataException($"--config {path} holds null; write an object, such as {{ \"port\": 8080 }}");
        }
        catch (JsonException wrong)
        {
            var where = wrong.Path is { Length: > 2 } at ? $"{at[2..]} " : "";
            throw new InvalidDataException($"--config {path}, line {wrong.LineNumber + 1}: {where}is not understood; there are "
                + string.Join(", ", Names), wrong);
        }
    }

    static IEnumerable<string> Names => typeof(ServeSettings).GetProperties().Where(property => property.CanWrite)
        .Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));

    /// <summary>Throws unless every value is in its range; returns itself.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    public ServeSettings Check()
    {
        Within(Port, 0, 65535, "port");
        Within(MaxBodyMib, 1, 1024, "max_body_mib");
        Within(MaxMegapixels, 0.001, ImageFile.MaxPixelsReduced / 1e6, "max_megapixels");
        Within(Concurrency, 1, 10_000, "concurrency");
        Within(Queue, 0, 100_000, "queue");
        Within(TimeoutSeconds, 0.001, 86_400, "timeout_seconds");
        Within(DrainSeconds, 0, 86_400, "drain_seconds");
        Within(MaxInputs, 1, 100_000, "max_inputs");
        Within(MaxTextLength, 1, 1_000_000, "max_text_length");
        Within(MaxLabels, 1, 100_000, "max_labels");
        return this;
    }

    static void Within(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most)) throw new ArgumentException($"{name} is {value}, it must lie in {least:N0} to {most:N0}");
    }
}
