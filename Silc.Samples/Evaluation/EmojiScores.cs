using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>
/// Emoji that training did not see, in its own styles and in OpenMoji's: which of all concepts, by text and by the nearest known
/// image, in our embedding and in plain pixels. A predicted concept also says a subgroup and a group.
/// </summary>
/// <param name="model">Embeds images and texts.</param>
/// <param name="set">The prepared folder.</param>
/// <param name="templates">Sentences around an annotation.</param>
/// <param name="crop">How images become squares.</param>
/// <param name="report">Takes the confusion of groups.</param>
/// <param name="floors">Score what needs no model as well: pixels, the most frequent, chance.</param>
sealed class EmojiScores(
    SilcModel model, EmojiSet set, IReadOnlyList<string> templates, EvalCrop crop = EvalCrop.Squash, ClassReport? report = null, bool floors = true)
{
    const int Guesses = 5;

    // The classes of every query: the concepts of OpenMoji without flags, which hold those of all other styles.
    readonly EmojiConcept[] concepts = [.. set.UnseenStyle().Rows.Select(row => row.Concept).DistinctBy(concept => concept.Key)];

    public IEnumerable<Score> All()
    {
        // As training captions spell them, colons and all.
        var zText = ClassPrototypes.Of(ClassList.Of(concepts.Select(concept => concept.Annotation)), prompts => EmbeddedTexts.Of(model, prompts),
            templates, canonical: false).Rows;
        var all = set.Train(heldOutToo: true);
        var read = ReadableImages.Embed(model, all, crop);
        var (known, zKnown) = (all.Only(read.Kept), read.Rows);
        // In its own styles a held-out image may only meet those that were trained on.
        var trained = known.Only(known.Rows.Index().Where(row => row.Item.Split == EmojiRow.TrainSplit).Select(row => row.Index));
        var rowOf = known.Rows.Index().ToDictionary(pair => pair.Item.FilePath, pair => pair.Index);
        var zTrained = zKnown.Rows([.. trained.Rows.Select(row => rowOf[row.FilePath])]);
        return Of("held-out tenth, train styles", set.HeldOut(), zText, trained, zTrained)
            .Concat(Of("OpenMoji, unseen style", set.UnseenStyle(), zText, known, zKnown));
    }

    IEnumerable<Score> Of(string name, EmojiSource asked, Vectors zText, EmojiSource known, Vectors zKnown)
    {
        var read = ReadableImages.Embed(model, asked, crop);
        var (queries, zImage) = (asked.Only(read.Kept), read.Rows);
        var best = ZeroShot.TopK(zImage, zText, Guesses);
        yield return Line("text, zero-shot", best.Select(guesses => concepts[guesses[0]]));
        yield return new(name, queries.Count, $"text, one of {Guesses} guesses", [.. Levels.Select(level => new MetricValue(level.Name, best.Index()
            .Average(entry => entry.Item.Any(guess => level.Of(concepts[guess]) == level.Of(queries.Rows[entry.Index].Concept)) ? 1.0 : 0.0)))]);
        ReportGroups(name, queries, best);
        yield return Line("nearest train image, our embedding", ZeroShot.Predict(zImage, zKnown).Select(i => known.Rows[i].Concept));
        if (!floors) yield break;
        yield return Line("nearest train image, 24 x 24 pixels", PixelNeighbours.Nearest(known, queries).Select(i => known.Rows[i].Concept));
        yield return new(name, queries.Count, "always the most frequent", [.. Levels.Select(level =>
            new MetricValue(level.Name, queries.Rows.CountBy(row => level.Of(row.Concept)).Max(count => count.Value) / (double)queries.Count))]);
        yield return new(name, queries.Count, "chance: a random concept", [.. Levels.Select(level => new MetricValue(level.Name, Chance(level.Of)))]);

        Score Line(string method, IEnumerable<EmojiConcept> predicted)
        {
            var pairs = predicted.Zip(queries.Rows, (guess, row) => (Guess: guess, Truth: row.Concept)).ToList();
            return new(name, queries.Count, method, [.. Levels.Select(level =>
                new MetricValue(level.Name, pairs.Average(pair => level.Of(pair.Guess) == level.Of(pair.Truth) ? 1.0 : 0.0)))]);
        }

        double Chance(Func<EmojiConcept, string> of)
        {
            var share = concepts.CountBy(of).ToDictionary(count => count.Key, count => count.Value / (double)concepts.Length);
            return queries.Rows.Average(row => share.GetValueOrDefault(of(row.Concept)));
        }
    }

    void ReportGroups(string name, EmojiSource queries, int[][] best)
    {
        string[] groups = [.. concepts.Select(concept => concept.Group).Distinct().Order(StringComparer.Ordinal)];
        var confusion = new ConfusionMatrix(groups.Length);
        int Group(EmojiConcept concept) => Array.IndexOf(groups, concept.Group);
        confusion.Add([.. queries.Rows.Select(row => Group(row.Concept))], [.. best.Select(guesses => Group(concepts[guesses[0]]))]);
        report?.Add($"Groups of {queries.Count} emoji ({name}), named by text", confusion, groups);
    }

    static (string Name, Func<EmojiConcept, string> Of)[] Levels { get; } =
        [("concept", concept => concept.Key), ("subgroup", concept => concept.Subgroup), ("group", concept => concept.Group)];
}
