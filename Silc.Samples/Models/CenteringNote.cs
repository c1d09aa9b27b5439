namespace Silc.Samples.Models;

/// <summary>Says where Sinkhorn-Knopp has too few views for its prototypes.</summary>
static class CenteringNote
{
    // With 64 views and 4,096 prototypes nearly every view gets some of its own.
    const int MostPrototypes = 16;

    /// <summary>One line on the error output, or nothing.</summary>
    public static void Say(SilcConfig config, TrainConfig train)
    {
        int views = train.BatchSize / train.Accumulate * config.Views.Global, prototypes = config.Head.Prototypes;
        if (train.Centering != Centering.Sinkhorn || train.DistillationWeight == 0 || prototypes <= MostPrototypes * views) return;
        Console.Error.WriteLine($"warning: --centering sinkhorn spreads {views} views over {prototypes:N0} prototypes, so that nearly each gets "
            + $"prototypes of its own: a larger --batch, a smaller --accumulate, or --set model.head.prototypes={MostPrototypes * views} helps");
    }
}
