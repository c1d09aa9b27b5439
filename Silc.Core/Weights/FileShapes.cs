using System.Globalization;

namespace Silc;

/// <summary>Looks up the shapes that tell an architecture; what is missing or odd is named with what was expected.</summary>
sealed class FileShapes(ArrayFile file, string prefix = "")
{
    const int MostLayers = 1000;

    public bool Has(string name) => file.Arrays.ContainsKey(prefix + name);

    /// <summary>How many sizes the shape of an array has; 0 if there is no such array.</summary>
    public int Rank(string name) => file.Arrays.TryGetValue(prefix + name, out var array) ? array.Shape.Length : 0;

    /// <summary>An error about the whole file.</summary>
    public InvalidDataException Refused(string why) => new($"{file.Path} {why}");

    /// <summary>The shape of an array that must be there; <paramref name="meaning"/> reads like <c>(width, heads, head size)</c>.</summary>
    public int[] Of(string name, string meaning)
    {
        if (!file.Arrays.TryGetValue(prefix + name, out var array))
            throw new InvalidDataException($"{file.Path} lacks '{prefix}{name}' of shape {meaning}");
        if (array.Shape.Length != meaning.Count(letter => letter == ',') + 1 || array.Shape.Any(size => size <= 0))
            throw new InvalidDataException($"{file.Path}: '{prefix}{name}' has shape {array.ShapeText}, it should be {meaning}");
        return array.Shape;
    }

    /// <summary>
    /// How many layers there are: one more than the highest number in place of {0} that any array has, so that one that is missing in between
    /// is found missing, and not the end of a shallower tower.
    /// </summary>
    public int Depth(string name)
    {
        var start = prefix + name[..name.IndexOf("{0}", StringComparison.Ordinal)];
        int depth = 0;
        foreach (var array in file.Arrays.Keys.Where(array => array.StartsWith(start, StringComparison.Ordinal)))
        {
            var digits = array.AsSpan(start.Length);
            digits = digits[..Math.Max(0, digits.IndexOfAny('.', '/'))];
            if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && layer < int.MaxValue) depth =
                Math.Max(depth, layer + 1);
        }
        return depth > 0 ? depth
            : throw new InvalidDataException($"{file.Path} has no layers: it lacks '{prefix}{string.Format(null, name, 0)}'");
    }

    /// <summary>The same where a configuration beside the file also says it: layers that are missing at the end are found then.</summary>
    public int Depth(string name, JsonConfig config, string key)
    {
        int depth = Depth(name);
        if (config.Has(key) && config.Int(key, depth) is var said)
            config.Require(said == depth, key, $"but the file has {depth} layers: " + (said > depth
                ? $"it lacks '{prefix}{string.Format(null, name, depth)}' and what belongs to it" : "take the configuration that belongs to it"));
        return depth;
    }

    /// <summary>Side of the square grid of positions.</summary>
    public int Grid(string name, int positions)
    {
        int side = (int)Math.Round(Math.Sqrt(positions));
        return side * side == positions ? side : throw new InvalidDataException(
            $"{file.Path}: '{prefix}{name}' has {positions} positions, which are no square grid: "
            + "images of other shapes and towers with registers are not supported");
    }

    /// <summary>A tower whose heads divide its width; the number of layers is bounded, since a name is made for each.</summary>
    public TowerConfig Tower(string which, int width, int depth, int heads, int mlpDim, GeluKind gelu)
    {
        if (heads <= 0 || width % heads != 0)
            throw new InvalidDataException(
                $"{file.Path}: the {which} tower has width {width}, which {heads} heads do not divide");
        if (depth > MostLayers)
            throw new InvalidDataException(
                $"{file.Path}: the {which} tower has {depth} layers, at most {MostLayers} are supported");
        return new(width, depth, heads, mlpDim, gelu);
    }
}
