using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;

namespace Silc.Samples.Serve;

/// <summary>A request for embeddings, as OpenAI's clients send it.</summary>
sealed record EmbeddingsRequest
{
    [Description("A text, an image as a data URI, or a list of texts, data URIs, {\"type\":\"text\",\"text\":…} and "
        + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,…\"}}.")]
    public JsonElement Input { get; init; }

    [Description("The model's id, or nothing.")]
    public string? Model { get; init; }

    [Description("float (the default), or base64 of float32, least byte first.")]
    public string? EncodingFormat { get; init; }

    [Description("The model's own width, or nothing.")]
    public int? Dimensions { get; init; }
}

/// <summary>Embeddings in the order of the inputs.</summary>
sealed record EmbeddingsAnswer(string Object, IReadOnlyList<EmbeddingRow> Data, string Model, EmbeddingUsage Usage);

/// <summary>One embedding: numbers, or text in base64.</summary>
sealed record EmbeddingRow(string Object, int Index, JsonElement Embedding);

/// <summary>Tokens of the texts; an image has none.</summary>
sealed record EmbeddingUsage(long PromptTokens, long TotalTokens);

/// <summary><c>POST /v1/embeddings</c>.</summary>
static class EmbeddingsEndpoint
{
    public static async Task<EmbeddingsAnswer> Answer(HttpContext http, ServedModel served, ServedImages images, ServeSettings settings)
    {
        var (request, stop) = (await RequestBody.Read<EmbeddingsRequest>(http), http.RequestAborted);
        Check(request, served);
        var (texts, pictures) = Inputs(request.Input, settings);
        foreach (var (_, text) in texts) served.CheckText(text, "input");
        var inText = served.Embed([.. texts.Select(entry => entry.Text)], stop);
        var inImages = served.Embed([.. pictures.Select(entry => (Func<RgbImage>)(() => images.Decode(entry.Data, "input")))], stop);
        await Task.WhenAll(inText, inImages);
        var rows = new EmbeddingRow[texts.Count + pictures.Count];
        foreach (var (place, embedding) in texts.Select(entry => entry.Place).Zip(await inText)
            .Concat(pictures.Select(entry => entry.Place).Zip(await inImages)))
            rows[place] = new("embedding", place, Written(embedding, request.EncodingFormat == "base64"));
        var tokens = (await inText).Usage?.InputTokenCount ?? 0;
        return new("list", rows, served.Id, new(tokens, tokens));
    }

    static void Check(EmbeddingsRequest request, ServedModel served)
    {
        var width = served.Model.Config.EmbedDim;
        if (request.Model is { Length: > 0 } name && name != served.Id)
            throw new ServeError(StatusCodes.Status404NotFound, $"there is no model of that name here; it is called '{served.Id}'", "model");
        if (request.EncodingFormat is not (null or "float" or "base64"))
            throw ServeError.Bad("encoding_format", "encoding_format is float or base64");
        if (request.Dimensions is { } asked && asked != width)
            throw ServeError.Bad("dimensions", $"dimensions is {asked}, this model makes {width}; leave it out");
    }

    static (List<(int Place, string Text)> Texts, List<(int Place, string Data)> Images) Inputs(JsonElement input, ServeSettings settings)
    {
        if (input.ValueKind == JsonValueKind.Undefined) throw ServeError.Bad("input", "input is missing; send a text, or a list of texts and images");
        JsonElement[] items = input.ValueKind == JsonValueKind.Array ? [.. input.EnumerateArray()] : [input];
        if (items.Length == 0) throw ServeError.Bad("input", "input is an empty list");
        if (items.Length > settings.MaxInputs)
            throw ServeError.Bad("input", $"input has {items.Length} items, at most {settings.MaxInputs} are taken at once");
        var (texts, images) = (new List<(int, string)>(), new List<(int, string)>());
        foreach (var (place, item) in items.Index())
        {
            if (item.ValueKind is JsonValueKind.Number or JsonValueKind.Array)
                throw ServeError.Bad("input", "input holds token ids; they are another model's: send texts");
            if (item.ValueKind == JsonValueKind.String && item.GetString()! is var text)
            {
                if (ServedImages.IsData(text)) images.Add((place, text));
                else texts.Add((place, text));
            }
            else if (At(item, "text") is { } inside) texts.Add((place, inside));
            else if (At(item, "image_url", "url") is { } url) images.Add((place, url));
            else throw ServeError.Bad("input", $"item {place} of input is neither a text nor an image");
        }
        return (texts, images);
    }

    static string? At(JsonElement item, params string[] names)
    {
        foreach (var name in names)
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out item)) return null;
        return item.ValueKind == JsonValueKind.String ? item.GetString() : null;
    }

    static JsonElement Written(Embedding<float> embedding, bool base64)
    {
        if (!base64) return JsonSerializer.SerializeToElement(embedding.Vector.ToArray());
        // OpenAI's clients ask for it: four bytes a value, as they lie in memory.
        var bytes = MemoryMarshal.AsBytes(embedding.Vector.Span);
        if (!BitConverter.IsLittleEndian) throw new NotSupportedException("embeddings in base64 want a little-endian machine");
        return JsonSerializer.SerializeToElement(Convert.ToBase64String(bytes));
    }
}
