namespace Silc.Samples.Ablation;

/// <summary>
/// One training run of the ladder in SILC's ablation (Naeem et al. 2024, arXiv:2310.13355): contrastive only; + additional views, with the image-text loss on
/// each; + EMA, the average of the weights in their place; + self-distillation. Samples are equal, computation is not: views cost time.
/// </summary>
/// <param name="Name">Of the run.</param>
/// <param name="AdditionalViews">All global views of the recipe instead of one.</param>
/// <param name="Distils">Self-distillation by an EMA teacher.</param>
/// <param name="Rungs">What is measured after it: the rung, and whether it is the average that is.</param>
sealed record LadderRun(string Name, bool AdditionalViews, bool Distils, IReadOnlyList<(string Name, bool Averaged)> Rungs)
{
    const string Contrastive = "contrastive only", Views = "+ additional views", Average = "+ EMA", Distillation = "+ self-distillation";

    /// <summary>The runs from the bottom of the ladder to its top; two rungs differ in the weights that are looked at, not in training.</summary>
    public static IReadOnlyList<LadderRun> All { get; } =
    [
        new(Contrastive, AdditionalViews: false, Distils: false, [(Contrastive, false)]),
        new(Views, AdditionalViews: true, Distils: false, [(Views, false), (Average, true)]),
        new(Distillation, AdditionalViews: true, Distils: true, [(Distillation, true)]),
    ];

    /// <summary>The recipe's model with this run's views.</summary>
    public SilcConfig Model(SilcConfig recipe, ContrastiveKind loss) => recipe with
    {
        Contrastive = loss,
        Views = recipe.Views with { Global = AdditionalViews ? recipe.Views.Global : 1, Local = Distils ? recipe.Views.Local : 0 },
    };

    /// <summary>The recipe's training with this run's losses.</summary>
    public TrainConfig Training(TrainConfig recipe, int seed) => recipe with
    {
        Seed = seed,
        DistillationWeight = Distils ? recipe.DistillationWeight : 0,
        GlobalToGlobal = Distils && recipe.GlobalToGlobal,
        AverageWeights = Rungs.Any(rung => rung.Averaged),
    };
}
