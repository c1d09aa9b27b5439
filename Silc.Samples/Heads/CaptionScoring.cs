using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>A head's captions of a set, beside what can be said without looking.</summary>
/// <param name="source">Images with captions.</param>
/// <param name="head">Asked.</param>
/// <param name="beam">Texts that it follows at once.</param>
sealed class CaptionScoring(IImageTextSource source, DecoderHead head, int beam) : IWritingScores
{
    const int ImagesAtOnce = 16, MostReferences = 2;

    readonly Dictionary<long, string> written = [];
    readonly WorstFirst<(int Index, string Said, IReadOnlyList<string> References, double Score)> answers = new(HeadPictures.Most);

    /// <summary>Captions by the id of their image: COCO's, elsewhere its place in the set.</summary>
    public IReadOnlyDictionary<long, string> Written => written;

    /// <summary>The scores of the head, first, and of floors.</summary>
    public IReadOnlyList<Score> Scores()
    {
        var unread = new UnreadImages(source);
        var (captions, references, places) = (new List<string>(), new List<IReadOnlyList<string>>(), new List<int>());
        Progress.Show("images", source.Count, report =>
        {
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                var pairs = indices.Select(index => (Id: index, Pair: unread.Try(index, () => source.Read(index))))
                    .Where(one => one.Pair is { Captions.Count: > 0 }).ToList();
                var said = head.Captions([.. pairs.Select(one => one.Pair!.Image)], beam);
                foreach (var (one, text) in pairs.Zip(said))
                {
                    captions.Add(text.Text);
                    references.Add(one.Pair!.Captions);
                    places.Add(one.Id);
                    written[source is CaptionJsonSource coco ? coco.IdOf(one.Id) : one.Id] = text.Text;
                }
                report(indices[^1] + 1);
            }
        });
        unread.Say();
        _ = unread.Others();
        if (captions.Count < 2) throw new InvalidDataException($"{source.Name}: captions are compared over two images or more, and it has "
            + $"{captions.Count} with captions");
        foreach (var (i, score) in CaptionScores.Of(captions, references).CiderDOfEach.Index())
            answers.Add(score, (places[i], captions[i], references[i], score));
        // Of the other half of the images, so that no image's own captions count.
        var constants = Enumerable.Range(0, 2).Select(half => references.Where((_, i) => i % 2 != half).SelectMany(own => own)
            .GroupBy(text => text).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).First().Key)
            .ToArray();
        return
        [
            Line($"head, step {head.Steps}, beam {beam}", captions, references),
            Line("the head's caption of the next image", [.. captions.Skip(1), captions[0]], references),
            Line($"always '{constants[0]}', the most frequent", [.. references.Select((_, i) => constants[i % 2])], references),
            .. source is not DemoSource demo ? Array.Empty<Score>()
                : [Line("true colours, random shapes", [.. places.Select(demo.WithoutShapes)], references)],
        ];
    }

    /// <summary>Images with what the head said and what people did, those of the lowest CIDEr-D first.</summary>
    public IReadOnlyList<HeadPictures> Pictures()
    {
        HeadPictures Of(string name, string title, IEnumerable<(int Index, string Said, IReadOnlyList<string> References, double Score)> some) =>
            new(name, title, [.. some.Select(one => new ContactSheetRow($"head: {one.Said}", [new(source.Read(one.Index).Image,
                $"truth: {string.Join(" / ", one.References.Distinct().Take(MostReferences))}; CIDEr-D {100 * one.Score:F0}",
                one.References.Any(reference => CaptionWords.Of(reference).SequenceEqual(CaptionWords.Of(one.Said))))]))], [], IsText: true);
        return [Of(HeadPictures.Worst, "The worst mistakes: lowest CIDEr-D", answers.Worst), Of(HeadPictures.First, "As they come", answers.First)];
    }

    Score Line(string method, IReadOnlyList<string> captions, IReadOnlyList<IReadOnlyList<string>> references)
    {
        var scores = CaptionScores.Of(captions, references);
        return new(source.Name, captions.Count, method, [new("CIDEr-D", scores.CiderD), .. scores.Bleu.Select((bleu, i) =>
            new MetricValue($"BLEU-{i + 1}", bleu)), new("ROUGE-L", scores.RougeL), new("exact", scores.Exact)]);
    }
}
