using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>
/// Nearest neighbours, few shots and a linear probe on the image embeddings before L2 normalisation; neighbours go by their cosines.
/// </summary>
/// <param name="model">Embeds images.</param>
/// <param name="crop">How images become squares.</param>
/// <param name="linear">Fit the linear probe too, which takes longer than all others.</param>
sealed class ProbeScores(SilcModel model, EvalCrop crop = EvalCrop.Squash, bool linear = true)
{
    const int MostForLinear = 20_000;

    readonly Dictionary<IImageTextSource, ReadableImages> embedded = [];
    readonly Dictionary<(IImageTextSource Known, string What), (LinearProbe Probe, double Penalty)> fitted = [];

    public IEnumerable<Score> Of(ProbeTask task)
    {
        int classes = task.Labels.Max() + 1;
        var (readKnown, readAsked) = (Embed(task.Known), Embed(task.Asked));
        var (known, asked) = (readKnown.Rows, readAsked.Rows);
        task = task with { Labels = readKnown.Of(task.Labels), Truth = readAsked.Of(task.Truth) };
        // One neighbour, where there are fewer images than the fewest that DINO reports.
        int[] ks = [.. KnnClassifier.UsualK.Where(k => k <= task.Labels.Count)];
        if (ks.Length == 0) ks = [1];
        foreach (var (k, votes) in KnnClassifier.Votes(known, task.Labels, asked, classes, ks, model.Device.FindNeighbours))
            yield return Line(k == 1 ? "nearest neighbour" : $"{k} nearest neighbours", Classification.Of(votes, task.Truth));

        int[] perClass = [.. task.Labels.CountBy(label => label).Select(count => count.Value)];
        int fewest = perClass.Min(), most = perClass.Max();
        foreach (var shots in FewShot.UsualShots.Where(shots => shots <= fewest))
        {
            var score = FewShot.Score(known, task.Labels, asked, task.Truth, shots);
            yield return Top($"{shots} shot{(shots == 1 ? "" : "s")}, least squares", score.Mean, spread: score.Spread);
        }

        if (linear && most < LinearProbe.Fold)
            Console.Error.WriteLine($"no linear probe by {task.What}: its penalty is chosen on one of {LinearProbe.Fold} images of a class, "
                + $"and no class of {task.Known.Name} has as many; give --data more images");
        else if (linear)
        {
            var (probe, penalty) = Fitted(task, known, classes);
            yield return Line($"linear probe, penalty {penalty:g1}", Classification.Of(probe.Scores(asked), task.Truth));
        }
        var frequent = task.Labels.CountBy(label => label).MaxBy(count => count.Value).Key;
        yield return Top("always the most frequent", task.Truth.Count(label => label == frequent) / (double)task.Truth.Count);

        Score Line(string method, Classification found) => Top(method, found.Top1, found.Top5);

        Score Top(string method, double top1, double top5 = double.NaN, double spread = double.NaN) =>
            new($"{task.Asked.Name}, by {task.What}", task.Truth.Count, method,
                [new("top 1", top1), new("top 5", top5), new("spread over draws", spread)]);
    }

    // Tasks that learn from the same images share their probe.
    (LinearProbe Probe, double Penalty) Fitted(ProbeTask task, Vectors known, int classes)
    {
        if (fitted.TryGetValue((task.Known, task.What), out var probe)) return probe;
        var (rows, labels) = Thinned(known, task.Labels);
        Console.Error.WriteLine($"fitting the linear probe by {task.What} on {labels.Length:N0} images");
        return fitted[(task.Known, task.What)] = LinearProbe.Tune(rows, labels, classes);
    }

    // The probe is fitted on the processor: of a very large set every n-th image.
    static (Vectors Rows, int[] Labels) Thinned(Vectors rows, IReadOnlyList<int> labels)
    {
        int step = (labels.Count + MostForLinear - 1) / MostForLinear;
        int[] kept = [.. Enumerable.Range(0, labels.Count).Where(i => i % step == 0)];
        return (rows.Rows(kept), [.. kept.Select(i => labels[i])]);
    }

    ReadableImages Embed(IImageTextSource source) =>
        embedded.TryGetValue(source, out var known) ? known : embedded[source] = ReadableImages.Embed(model, source, crop, normalize: false);
}
