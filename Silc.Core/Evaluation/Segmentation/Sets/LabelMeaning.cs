namespace Silc;

/// <summary>What the values of a set's label maps mean. Threads: immutable; any number may share it.</summary>
/// <param name="Words">The rule in words, for errors: <c>0 does not count, 1 to 150 are the classes</c>.</param>
/// <param name="Of">Class of a value, <see cref="LabelMap.Ignore"/>, or null for a value that the set does not have.</param>
sealed record LabelMeaning(string Words, Func<int, int?> Of)
{
    /// <summary>Values that are listed are classes in that order, <paramref name="ignored"/> do not count, any other is an error.</summary>
    public static LabelMeaning Listed(string words, IReadOnlyList<int> values, params IReadOnlyList<int> ignored)
    {
        var classes = values.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        foreach (int value in ignored) classes[value] = LabelMap.Ignore;
        return new(words, value => classes.TryGetValue(value, out int label) ? label : null);
    }

    /// <summary>The classes of a label map.</summary>
    /// <exception cref="InvalidDataException">A value that the set does not have; the message names pixel, value and rule.</exception>
    public LabelMap Apply(LabelMap map, string file)
    {
        var labels = new int[map.Labels.Length];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = Of(map.Labels[i]) ?? throw new InvalidDataException(
                $"{file}: pixel {i % map.Width}, {i / map.Width} has the value {map.Labels[i]}; of this set {Words}");
        return map with { Labels = labels };
    }
}
