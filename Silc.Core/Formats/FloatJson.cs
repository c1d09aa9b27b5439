using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Silc;

/// <summary>
/// Writes floating point numbers with a point or an exponent, 1.0 for 1: Python reads 1 as an integer, which transformers 5
/// refuses for a field that is a float.
/// </summary>
sealed class FloatJson : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        writer.WriteRawValue(text.AsSpan().ContainsAny('.', 'E') ? text : $"{text}.0");
    }
}
