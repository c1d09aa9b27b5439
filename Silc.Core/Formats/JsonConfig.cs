using System.Text.Json;

namespace Silc;

/// <summary>A configuration file of another library: values with their usual ones, and refusals that name file and value.</summary>
sealed class JsonConfig(string path, JsonElement root, string where = "")
{
    const long MostBytes = 16 << 20;

    /// <summary>Opens the file that must stand beside <paramref name="weights"/>.</summary>
    public static JsonConfig Beside(string weights, string name, string why)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(weights))!, name);
        if (!File.Exists(path)) throw new InvalidDataException($"{weights} needs {name} beside it: {why}");
        if (new FileInfo(path).Length > MostBytes)
            throw new InvalidDataException($"{path} has more than {MostBytes >> 20} MiB, it is no configuration");
        try
        {
            return new(path, JsonDocument.Parse(File.ReadAllBytes(path)).RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no JSON: {e.Message}", e);
        }
    }

    public JsonConfig Section(string name) => new(path, Find(name) ?? default, $"{where}{name}.");

    public bool Has(string name) => Find(name) is not null;

    public int Int(string name, int usual) =>
        Get(name, usual, (JsonElement e, out int value) => e.TryGetInt32(out value), JsonValueKind.Number);

    public double Real(string name, double usual) =>
        Get(name, usual, (JsonElement e, out double value) => e.TryGetDouble(out value), JsonValueKind.Number);

    public bool Flag(string name, bool usual) => Find(name)?.ValueKind switch
    {
        null => usual,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Odd(name, "it should be true or false"),
    };

    public string Text(string name, string usual) => Find(name) is not { } found ? usual
        : found.ValueKind == JsonValueKind.String ? found.GetString()! : throw Odd(name, "it should be a string");

    /// <summary>A size in pixels, which may be given twice, for height and width.</summary>
    public int Side(string name, int usual)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Array } list) return Int(name, usual);
        int[] sizes = [.. list.EnumerateArray().Select(size => size.ValueKind == JsonValueKind.Number
            && size.TryGetInt32(out var n) ? n : -1)];
        return sizes is [var height, var width] && height == width ? height : throw Odd(name, "only squares are supported");
    }

    /// <summary>A value for each of three channels.</summary>
    public double[] Three(string name, double[] usual)
    {
        if (Find(name) is not { } found) return usual;
        double[] values = found.ValueKind != JsonValueKind.Array ? []
            : [.. found.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var real) ? real
                : double.NaN)];
        return values.Length == 3 && values.All(double.IsFinite) ? values : throw Odd(name, "it should be three numbers");
    }

    public void Require(bool condition, string name, string otherwise)
    {
        if (!condition) throw Odd(name, otherwise);
    }

    /// <summary>Refuses any value that is not one of <paramref name="known"/>; null ones do not count.</summary>
    public void RequireOnly(string otherwise, params string[] known)
    {
        if (root.ValueKind != JsonValueKind.Object) return;
        foreach (var property in root.EnumerateObject())
            Require(property.Value.ValueKind is JsonValueKind.Null or JsonValueKind.False || known.Contains(property.Name), property.Name, otherwise);
    }

    delegate bool Reader<T>(JsonElement element, out T value);

    T Get<T>(string name, T usual, Reader<T> read, JsonValueKind kind)
    {
        if (Find(name) is not { } found) return usual;
        return found.ValueKind == kind && read(found, out var value) ? value : throw Odd(name, "it should be a number");
    }

    JsonElement? Find(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var found)
        && found.ValueKind != JsonValueKind.Null ? found : null;

    InvalidDataException Odd(string name, string why) =>
        new($"{path}: {where}{name} is {Find(name)?.GetRawText() ?? "missing"}, {why}");
}
