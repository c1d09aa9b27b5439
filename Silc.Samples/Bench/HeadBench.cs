using System.Diagnostics;

namespace Silc.Samples.Bench;

/// <summary>What the training of a head takes on one device.</summary>
/// <param name="Values">Values that are trained.</param>
/// <param name="Grid">Patches along a side of an image.</param>
/// <param name="Step">Time of a step, the median: features from memory to the device, forward, backward, clipping, AdamW.</param>
/// <param name="PeakMiB">Most memory this process had in use, from the operating system; on a GPU, what was allocated there.</param>
/// <param name="Costs">Where the time of a step goes, if that was asked for.</param>
sealed record HeadTiming(long Values, int Grid, TimeSpan Step, long PeakMiB, IReadOnlyList<OpCost> Costs);

/// <summary>
/// Times steps of a head's training on the frozen features of mini with random weights: CAT-Seg, small, or OWL-ViT's head with a block, on scenes
/// of nine colours. <c>heads_torch.py</c> does the same work in PyTorch.
/// </summary>
static class HeadBench
{
    /// <summary>Heads that can be timed.</summary>
    public static IReadOnlyList<string> Names { get; } = ["catseg", "owl"];

    const int BatchesOfImages = 2;

    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static HeadTiming Run(Device device, string head, int batch, int side, int steps, OpProfile? profile = null)
    {
        var tokenizer = new WordTokenizer();
        using var model = SilcModel.Create(device, SilcConfig.Mini with { VocabSize = tokenizer.VocabSize }, seed: 0, tokenizer);
        int images = BatchesOfImages * batch, grid = side / model.Config.PatchSize;
        var config = new HeadTrainConfig(int.MaxValue, batch, 1e-3);
        if (head == "owl")
        {
            var things = new DemoDetection(images, seed: 0, side);
            using var owl = DetectionHead.Create(model, things.Truth.Classes().Names, Prompts.NameOnly, canonical: false, resolution: side);
            using var run = new DetectionRun(owl, things, config);
            return Timed(owl.ParameterCount, run.Run);
        }
        var masks = new DemoSegmentation(images, seed: 0, side);
        var colours = new ChosenClasses(masks, [.. Enumerable.Range(1, masks.Classes.Count - 1)]);
        using var cat = SegmentationHead.Create(model, HeadKind.CatSeg, colours.Classes.Names, Prompts.NameOnly, canonical: false,
            CatSegConfig.Small.ForGrid(grid), side);
        using var training = new HeadRun(cat, colours, config with { Loss = HeadLoss.Binary });
        return Timed(cat.ParameterCount, training.Run);

        HeadTiming Timed(long values, Func<Action<HeadReport>?, int, CancellationToken, RunEnd> train)
        {
            using var stop = new CancellationTokenSource();
            List<TimeSpan> times = [];
            var clock = Stopwatch.StartNew();
            train(report =>
            {
                if (times.Count == 0 && clock.Elapsed < WarmUp)
                {
                    profile?.Reset();
                    return;
                }
                times.Add(TimeSpan.FromSeconds(batch / report.ImagesPerSecond));
                if (times.Count >= steps) stop.Cancel();
            }, 1, stop.Token);
            using var process = Process.GetCurrentProcess();
            times.Sort();
            return new(values, grid, times[times.Count / 2], (device.Info.IsProcessor ? process.PeakWorkingSet64 : device.PeakBytes) >> 20,
                profile?.Costs ?? []);
        }
    }
}
