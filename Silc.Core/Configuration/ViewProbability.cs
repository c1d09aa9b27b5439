using System.Text.Json;
using System.Text.Json.Serialization;

namespace Silc;

/// <summary>
/// How likely a change is, by kind of view: DINO blurs its first global view always, the second seldom (Caron et al. 2021,
/// arXiv:2104.14294). A plain number converts to the same probability for all views. Threads: immutable; any number may share it.
/// </summary>
/// <param name="FirstGlobal">For the first global view.</param>
/// <param name="OtherGlobals">For every further global view.</param>
/// <param name="Locals">For local views.</param>
[JsonConverter(typeof(Converter))]
public readonly record struct ViewProbability(double FirstGlobal, double OtherGlobals, double Locals)
{
    /// <summary>The same for all views.</summary>
    public static implicit operator ViewProbability(double all) => new(all, all, all);

    internal void Check(string what)
    {
        Require.Within(FirstGlobal, 0, 1, $"{what} probability");
        Require.Within(OtherGlobals, 0, 1, $"{what} probability of further global views");
        Require.Within(Locals, 0, 1, $"{what} probability of local views");
    }

    /// <summary>JSON: a number where all views have the same probability, as older files have it; otherwise an array of three.</summary>
    sealed class Converter : JsonConverter<ViewProbability>
    {
        public override ViewProbability Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Number) return reader.GetDouble();
            return JsonSerializer.Deserialize<double[]>(ref reader, options) is [var first, var others, var locals]
                ? new(first, others, locals)
                : throw new JsonException("a probability is one number, or three: first global view, other global views, local views");
        }

        public override void Write(Utf8JsonWriter writer, ViewProbability value, JsonSerializerOptions options)
        {
            var (first, others, locals) = value;
            if (first == others && others == locals) writer.WriteNumberValue(first);
            else JsonSerializer.Serialize(writer, new[] { first, others, locals }, options);
        }
    }
}
