using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Training;

namespace Silc.Samples.Evaluation;

/// <summary>Images of <c>--val-data</c>, and what a model makes of them while it trains.</summary>
/// <param name="pairs">Images with captions.</param>
/// <param name="labelled">Images with classes; the same, or others, or null.</param>
/// <param name="labels">Their classes.</param>
/// <param name="batchSize">Pairs that stand against each other in the loss.</param>
/// <param name="captions">The class names are captions as they are.</param>
sealed class ValidationSet(IImageTextSource pairs, IImageTextSource? labelled, LabelSet? labels, int batchSize, bool captions = false)
{
    const int AtOnce = 1024;
    const long CacheBytes = 1L << 30;

    readonly UnreadImages unread = new(pairs);
    bool said;

    /// <summary>What to call it.</summary>
    public string Name => pairs.Name;

    /// <summary>Whether there is zero-shot classification.</summary>
    public bool HasClasses => labels is not null;

    /// <summary>How much there is.</summary>
    public string Describe() => $"{pairs.Name}: {pairs.Count:N0} images"
        + (labels is null ? "" : $", {labels.Names.Distinct().Count():N0} classes{(labelled == pairs ? "" : $" in {labelled!.Count:N0} others")}");

    /// <summary>Opens what <c>--val-data</c> names, by the words of <c>--data</c>.</summary>
    public static ValidationSet Open(string data, ParseResult parsed, int batchSize)
    {
        var list = parsed.GetValue(TrainOptions.ValClasses);
        if (list is not null && (DemoSet.LevelOf(data) is not null || DataOption.EmojiFolder(data) is not null))
            throw new ArgumentException($"{TrainOptions.ValClasses.Name} {list}: the classes of {data} have their names already; leave it out");
        if (DemoSet.LevelOf(data) is { } level)
        {
            var shapes = DemoSet.HeldOut(level);
            var classes = new LabelSet(shapes.Kinds.Captions, shapes.Classes.Of);
            return new(Cached(DemoSet.HeldOutScenes(level)), Cached(shapes), classes, batchSize, captions: true);
        }
        if (DataOption.EmojiFolder(data) is { } folder && DataOption.OpenEmoji(folder).HeldOut() is var emoji)
            return One(emoji, emoji.Concepts, captions: true);
        var source = DataOption.Open(data, seed: 0, parsed, option: TrainOptions.ValData.Name);
        return One(source, Named((source as ILabelled)?.Classes, list, source.Name), captions: false);

        ValidationSet One(IImageTextSource all, LabelSet? classes, bool captions)
        {
            var kept = Cached(all);
            return new(kept, classes is null ? null : kept, classes, batchSize, captions);
        }
    }

    // Numbers say nothing to a text model.
    static LabelSet? Named(LabelSet? found, string? list, string data)
    {
        if (list is null) return found is null || ClassScores.HasNumbers(found) ? null : found;
        if (found is null) throw new ArgumentException($"{TrainOptions.ValClasses.Name} {list}: {data} has no classes to name");
        var classes = ClassList.Read(list);
        return new(classes.Names, ClassScores.Labels(found, classes, "a class of --val-data"));
    }

    /// <summary>Measures the model as it is.</summary>
    /// <exception cref="InvalidDataException">Not one image can be read.</exception>
    /// <exception cref="OperationCanceledException">The end was asked for.</exception>
    public ValidationScores Measure(SilcModel model, CancellationToken stop)
    {
        var captionsOf = new IReadOnlyList<string>[pairs.Count];
        var zImage = Embed(model, pairs, (i, pair) => captionsOf[i] = pair.Captions, unread.Add, stop);
        var kept = unread.Others();
        if (!said) unread.Say();
        said = true;
        string[] first = [.. kept.Select(i => captionsOf[i][0])];
        string[] all = [.. kept.SelectMany(i => captionsOf[i])];
        int[] owners = [.. kept.Index().SelectMany(entry => captionsOf[entry.Item].Select(_ => entry.Index))];
        // A caption of several images is right for each.
        var (matches, images, texts) = RetrievalPairs.Merge([.. kept.Select(i => $"{i}")], all, owners);
        all = [.. texts.Select(text => all[text])];
        var zText = Texts(model, all, stop);
        var row = all.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        NeighbourSearch search = model.Device.FindNeighbours;
        return new(Loss(model, zImage, zText.Rows([.. first.Select(caption => row[caption])]), batchSize),
            Retrieval.ImageToText(zImage, zText, matches, search).At1, Retrieval.TextToImage(zImage, zText, matches, search).At1,
            ZeroShotOf(model, zImage, kept, stop));
    }

    /// <summary>Mean image-text loss over batches of pairs; a smaller last one is left out where there is a full one.</summary>
    internal static double Loss(SilcModel model, Vectors zImage, Vectors zText, int batchSize)
    {
        var (size, factor, bias) = (Math.Min(batchSize, zImage.Count), model.Temperature, model.Bias ?? 0);
        double sum = 0;
        int batches = zImage.Count / size;
        for (int batch = 0; batch < batches; batch++)
        {
            int[] rows = [.. Enumerable.Range(batch * size, size)];
            var cosines = zImage.Rows(rows).Similarities(zText.Rows(rows));
            sum += model.Config.Contrastive == ContrastiveKind.Sigmoid ? Sigmoid(cosines, factor, bias) : Softmax(cosines, factor);
        }
        return sum / batches;
    }

    // Radford et al. 2021: the mean of both directions' cross-entropies.
    static double Softmax(Vectors cosines, double factor)
    {
        int n = cosines.Count;
        return Enumerable.Range(0, n).Sum(i => LogSumExp(j => factor * cosines[i, j]) + LogSumExp(j => factor * cosines[j, i])
            - 2 * factor * cosines[i, i]) / (2 * n);

        double LogSumExp(Func<int, double> z)
        {
            var most = Enumerable.Range(0, n).Max(z);
            return most + Math.Log(Enumerable.Range(0, n).Sum(j => Math.Exp(z(j) - most)));
        }
    }

    // Zhai et al. 2023.
    static double Sigmoid(Vectors cosines, double factor, double bias)
    {
        int n = cosines.Count;
        double loss = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
            {
                var z = (i == j ? 1 : -1) * (factor * cosines[i, j] + bias);
                loss += z > 0 ? Math.Log(1 + Math.Exp(-z)) : Math.Log(1 + Math.Exp(z)) - z;
            }
        return loss / n;
    }

    double? ZeroShotOf(SilcModel model, Vectors zPairs, IReadOnlyList<int> kept, CancellationToken stop)
    {
        if (labels is null) return null;
        var lost = new UnreadImages(labelled!);
        var zImage = labelled == pairs ? zPairs : Embed(model, labelled!, null, lost.Add, stop);
        if (labelled != pairs) kept = lost.Others();
        var classes = ClassPrototypes.Of(ClassList.Of(labels.Names), prompts => Texts(model, [.. prompts], stop),
            captions ? Prompts.NameOnly : Prompts.Photo, canonical: false);
        return Classification.Of(classes.Scores(zImage), [.. kept.Select(i => labels.Of[i])]).Top1;
    }

    static Vectors Embed(SilcModel model, IImageTextSource source, Action<int, ImageTextPair>? seen, Action<int, Exception> unread,
        CancellationToken stop)
    {
        var (rows, at) = (new Vectors(source.Count, model.Config.EmbedDim), 0);
        // As the model is trained.
        var crop = model.Config.Views.Naflex > 0 ? EvalCrop.Naflex : EvalCrop.Squash;
        foreach (var piece in model.EmbedPieces(source, crop, seen, normalize: true, unread, stop))
        {
            rows.Put(piece, at);
            at += piece.Count;
        }
        return at == source.Count ? rows : rows.First(at);
    }

    static Vectors Texts(SilcModel model, string[] texts, CancellationToken stop)
    {
        var (rows, at) = (new Vectors(texts.Length, model.Config.EmbedDim), 0);
        foreach (var some in texts.Chunk(AtOnce))
        {
            stop.ThrowIfCancellationRequested();
            rows.Put(model.EmbedTexts(some), at);
            at += some.Length;
        }
        return rows;
    }

    static CachedSource Cached(IImageTextSource source) => new(source, CacheBytes);
}
