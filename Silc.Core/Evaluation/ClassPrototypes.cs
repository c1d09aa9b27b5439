namespace Silc;

/// <summary>
/// Text embeddings that stand for classes, L2-normalised: one row a class, or with <see cref="AliasUse.Best"/> one a name.
/// Threads: any number may use it at once.
/// </summary>
/// <example>
/// <code>
/// ClassPrototypes animals = model.Prototypes(ClassList.Of(["cat", "dog"]));      // once
/// var best = model.Classify(model.EmbedImages(Directory.GetFiles("photos")), animals).Select(labels => labels[0].Label);
/// </code>
/// </example>
public sealed class ClassPrototypes
{
    // Of the last channels of every prompt, where patches are compared with those alone.
    ClassPrototypes? patches;

    ClassPrototypes(Vectors rows, int[] classOf, IReadOnlyList<string> names) => (Rows, ClassOf, Names) = (rows, classOf, names);

    /// <summary>Embeddings (R, C); those of a class lie together, in the order of the classes.</summary>
    public Vectors Rows { get; }

    /// <summary>Class of each row.</summary>
    public IReadOnlyList<int> ClassOf { get; }

    /// <summary>The first name of each class.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What embedded them where that is not the model's own text tower; otherwise null.</summary>
    internal object? Origin { get; private init; }

    /// <summary>The same, embedded by something else than the model's own text tower.</summary>
    internal ClassPrototypes From(object origin) => new(Rows, [.. ClassOf], Names) { Origin = origin, patches = patches };

    /// <summary>What patches of that many channels are compared with: the last channels of texts, or all of them.</summary>
    /// <exception cref="ArgumentException">The classes were embedded without <c>SilcModel.Prototypes</c> of a model of such patches.</exception>
    internal ClassPrototypes OfPatches(int channels)
    {
        var found = patches ?? this;
        Require.That(found.Rows.Width == channels, $"patches have {channels} channels, and the classes {found.Rows.Width}: embed the classes by the "
            + "Prototypes of the model that embeds the patches");
        return found;
    }

    /// <summary>The prompts that are averaged for each class.</summary>
    internal static IReadOnlyList<IReadOnlyList<string>> PromptsOf(ClassList classes, IReadOnlyList<string> templates, AliasUse aliases,
        bool canonical)
    {
        var used = Used(classes, aliases);
        var prompts = Prompts.ForClasses(used.SelectMany(names => names), templates, canonical);
        int at = 0;
        return [.. used.Select(names => (IReadOnlyList<string>)[.. Enumerable.Range(0, names.Count * templates.Count).Select(_ => prompts[at++])])];
    }

    /// <summary>Number of classes K.</summary>
    public int Count => Names.Count;

    /// <summary>
    /// Fills the templates with the names, embeds every prompt, and averages: mean of the L2-normalised prompts, normalised again
    /// (Radford et al. 2021, arXiv:2103.00020, section 3.1.4).
    /// </summary>
    /// <param name="classes">Names.</param>
    /// <param name="embedTexts">A model's <c>EmbedTexts</c>.</param>
    /// <param name="templates">Sentences with {}; null means <see cref="Prompts.Photo"/>.</param>
    /// <param name="aliases">Which names count.</param>
    /// <param name="canonical">Prompts are made canonical first.</param>
    /// <exception cref="ArgumentException">A template has no {}, or <paramref name="embedTexts"/> returns another number of rows.</exception>
    public static ClassPrototypes Of(
        ClassList classes, Func<IReadOnlyList<string>, Vectors> embedTexts, IReadOnlyList<string>? templates = null,
        AliasUse aliases = AliasUse.First, bool canonical = true) =>
        WithPatches(classes, embedTexts, templates, aliases, canonical, null);

    // With the last channels of each prompt, normalised by themselves, for patches: dino.txt's evaluation of segmentation averages those.
    internal static ClassPrototypes WithPatches(ClassList classes, Func<IReadOnlyList<string>, Vectors> embedTexts, IReadOnlyList<string>? templates,
        AliasUse aliases, bool canonical, int? patchChannels)
    {
        var used = Used(classes, aliases);
        var prompts = Prompts.ForClasses(used.SelectMany(names => names), templates, canonical);
        var unit = embedTexts(prompts).Normalize();
        int each = (templates ?? Prompts.Photo).Count;
        Require.That(unit.Count == prompts.Count, $"{unit.Count} embeddings for {prompts.Count} prompts");
        var groups = used.Index().SelectMany(entry => aliases == AliasUse.Best
            ? Enumerable.Repeat((Class: entry.Index, Prompts: each), entry.Item.Count)
            : [(Class: entry.Index, Prompts: entry.Item.Count * each)]).ToList();
        int[] counts = [.. groups.Select(group => group.Prompts)], of = [.. groups.Select(group => group.Class)];
        return new(Means(unit, counts), of, classes.Names)
        {
            patches = patchChannels is { } last && last < unit.Width ? new(Means(Last(unit, last), counts), of, classes.Names) : null,
        };
    }

    static Vectors Last(Vectors rows, int channels)
    {
        var last = new Vectors(rows.Count, channels);
        for (int row = 0; row < rows.Count; row++) rows.Row(row)[^channels..].CopyTo(last.Row(row));
        return last.Normalize();
    }

    /// <summary>
    /// Groups of classes that a model cannot tell apart, because their prompts have the same tokens: equal
    /// names, or names that its tokenizer merges or cuts off. Only the first class of a group is ever predicted.
    /// </summary>
    /// <param name="classes">Names.</param>
    /// <param name="tokens">The model's tokens of a text.</param>
    /// <param name="templates">As for <see cref="Of"/>.</param>
    /// <param name="aliases">Which names count.</param>
    /// <param name="canonical">Prompts are made canonical first.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Alike(
        ClassList classes, Func<string, int[]> tokens, IReadOnlyList<string>? templates = null,
        AliasUse aliases = AliasUse.First, bool canonical = true)
    {
        var used = Used(classes, aliases);
        var prompts = Prompts.ForClasses(used.SelectMany(names => names), templates, canonical);
        int each = (templates ?? Prompts.Photo).Count, next = 0;
        string Tokens() => string.Join(' ', tokens(prompts[next++]));
        var keys = used.Select(names => string.Join('|', Enumerable.Range(0, names.Count * each).Select(_ => Tokens()))).ToList();
        return [.. keys.Index().GroupBy(entry => entry.Item, entry => entry.Index).Select(group => group.ToList()).Where(group => group.Count > 1)];
    }

    static List<IReadOnlyList<string>> Used(ClassList classes, AliasUse aliases) =>
        [.. classes.Called.Select(names => aliases == AliasUse.First ? [names[0]] : names)];

    /// <summary>Cosine similarities of features (N, C) to the classes, (N, K): to the closest row of each.</summary>
    public Vectors Scores(Vectors features) => OfClasses(features.Normalize().Similarities(Rows));

    /// <summary>Scores (N, R) of the rows as scores (N, K) of the classes; a class without rows scores -∞.</summary>
    internal Vectors OfClasses(Vectors rowScores)
    {
        if (ClassOf.Count == Count && ClassOf.Index().All(entry => entry.Item == entry.Index)) return rowScores;
        var scores = new Vectors(rowScores.Count, Count);
        Parallel.For(0, scores.Count, i =>
        {
            var from = rowScores.Row(i);
            var to = scores.Row(i);
            to.Fill(float.NegativeInfinity);
            for (int row = 0; row < from.Length; row++) to[ClassOf[row]] = Math.Max(to[ClassOf[row]], from[row]);
        });
        return scores;
    }

    /// <summary>The same classes, of which the first has no prompts and scores -∞: a background that is predicted by a threshold alone.</summary>
    /// <exception cref="ArgumentException">There is no other class.</exception>
    public ClassPrototypes WithoutFirst()
    {
        int named = ClassOf.Index().FirstOrDefault(entry => entry.Item > 0).Index;
        Require.Positive(named, "number of names of the background, or of classes beside it,");
        return new(Rows.Rows([.. Enumerable.Range(named, ClassOf.Count - named)]), [.. ClassOf.Skip(named)], Names)
        {
            Origin = Origin,
            patches = patches?.WithoutFirst(),
        };
    }

    static Vectors Means(Vectors unit, int[] counts)
    {
        var means = new Vectors(counts.Length, unit.Width);
        int row = 0;
        for (int group = 0; group < counts.Length; group++)
            for (int end = row + counts[group]; row < end; row++)
                for (int c = 0; c < means.Width; c++) means[group, c] += unit[row, c] / counts[group];
        return means.Normalize();
    }
}
