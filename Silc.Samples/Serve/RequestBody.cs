using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Silc.Samples.Serve;

/// <summary>
/// Requests as JSON, or as forms (<c>curl -F image=@cat.jpg -F labels=cat -F labels=dog</c>): a file becomes a data URI, a field that comes several
/// times a list.
/// </summary>
static class RequestBody
{
    public const string Json = "application/json", Form = "multipart/form-data";

    /// <summary>How requests and answers are written.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.AllowReadingFromString;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
    }

    static readonly JsonSerializerOptions options = Create();

    static JsonSerializerOptions Create()
    {
        var made = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Apply(made);
        made.Converters.Add(new TextOrList());
        return made;
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="ServeError">It is no JSON or form, or has a value of another kind.</exception>
    public static async Task<T> Read<T>(HttpContext http)
    {
        var request = http.Request;
        try
        {
            if (request.HasFormContentType) return (await Fields(request, http.RequestAborted)).Deserialize<T>(options)!;
            if (!request.HasJsonContentType())
                throw new ServeError(StatusCodes.Status415UnsupportedMediaType, $"send {Json}, or {Form}");
            return await JsonSerializer.DeserializeAsync<T>(request.Body, options, http.RequestAborted)
                ?? throw new ServeError(StatusCodes.Status400BadRequest, "the body is null; send an object");
        }
        catch (JsonException wrong)
        {
            var field = wrong.Path is { Length: > 2 } path ? path[2..] : null;
            throw new ServeError(StatusCodes.Status400BadRequest, field is null ? "the body is no JSON object that is understood here"
                : $"{field} is missing or not of the kind that is wanted; /openapi/v1.json says which", field);
        }
        catch (InvalidDataException)
        {
            throw new ServeError(StatusCodes.Status400BadRequest, "the form is damaged, or has too many or too large fields");
        }
    }

    static async Task<JsonObject> Fields(HttpRequest request, CancellationToken stop)
    {
        var (form, fields) = (await request.ReadFormAsync(stop), new JsonObject());
        foreach (var (name, values) in form)
            fields[name] = values.Count == 1 ? Value(values[0]!) : new JsonArray([.. values.Select(value => (JsonNode?)value)]);
        foreach (var file in form.Files)
        {
            using var bytes = new MemoryStream();
            await file.CopyToAsync(bytes, stop);
            fields[file.Name] = $"data:application/octet-stream;base64,{Convert.ToBase64String(bytes.GetBuffer(), 0, (int)bytes.Length)}";
        }
        return fields;
    }

    static JsonNode Value(string text) => bool.TryParse(text, out var flag) ? flag : text;

    /// <summary>A list of one may come without its brackets, as it does from a form.</summary>
    sealed class TextOrList : JsonConverter<string[]>
    {
        public override string[] Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String) return [reader.GetString()!];
            if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
            var list = new List<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                list.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
            return [.. list];
        }

        public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var text in value) writer.WriteStringValue(text);
            writer.WriteEndArray();
        }
    }
}
