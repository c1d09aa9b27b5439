using Silc.Samples.Models;

namespace Silc.Samples.Heads;

/// <summary>
/// A column of <c>silc head compare</c>: one tower, or towers that were trained alike from other seeds, one for each seed of the heads.
/// </summary>
/// <param name="Name">Above the column.</param>
/// <param name="Paths">Folders or files of models, as <c>--model</c> takes them; one, or one a seed.</param>
sealed record ComparedTower(string Name, IReadOnlyList<string> Paths)
{
    /// <summary>What the tower with random weights is called.</summary>
    public const string Untrained = "untrained";

    /// <summary>The tower that the heads of a seed stand on.</summary>
    public string PathOf(int seed) => Paths.Count == 1 ? Paths[0] : Paths[seed];

    /// <summary>Reads <c>runs/a runs/b</c>, each called by the last part of its path, or <c>name=runs/a0,runs/a1 other=runs/b0,runs/b1</c>.</summary>
    /// <exception cref="ArgumentException">Two are called alike, or a column has other towers than there are seeds.</exception>
    /// <exception cref="FileNotFoundException">There is no such model.</exception>
    public static IReadOnlyList<ComparedTower> Parse(string[] words, int seeds)
    {
        ComparedTower[] towers = [.. words.Select(Parse)];
        foreach (var tower in towers)
        {
            if (tower.Paths.FirstOrDefault(path => !Path.Exists(ShippedModel.Locate(path))) is { } none)
                throw new FileNotFoundException($"--models {none}: there is no such file or folder; train one with silc train --out {none}");
            if (tower.Paths.Count is not 1 and var count && count != seeds)
                throw new ArgumentException($"--models {tower.Name}: {count} towers for heads of {seeds} {(seeds == 1 ? "seed" : "seeds")}; give one "
                    + $"for each, or --seeds {count}");
        }
        // Two runs may end alike, as in a/model and b/model.
        if (towers.GroupBy(tower => tower.Name).FirstOrDefault(same => same.Count() > 1 || same.Key == Untrained) is { } named)
            throw new ArgumentException($"--models: {named.First().Paths[0]} would be called '{named.Key}' in the table, as another tower is; "
                + $"give it a name, as in name={named.First().Paths[0]}");
        return towers;
    }

    // A path may itself have an equals sign: what is there as a whole is a path.
    static ComparedTower Parse(string word)
    {
        if (word.IndexOf('=') is > 0 and var end && !Path.Exists(word) && word[..end].IndexOfAny(['/', '\\']) < 0)
        {
            var paths = word[(end + 1)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return paths.Length > 0 ? new(word[..end], paths)
                : throw new ArgumentException($"--models {word}: no tower stands after the equals sign");
        }
        return new(Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(word)), [word]);
    }
}
