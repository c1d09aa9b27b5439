namespace Silc.Samples.Ablation;

/// <summary>
/// One training run of the ladder in SILC's ablation (Naeem et al. 2024, arXiv:2310.13355): contrastive only; + additional views,
/// with the image-text loss on each; + EMA, the average of the weights in their place; + self-distillation. A recipe with more losses
/// has a rung for each on top, in the order of <see cref="LossTerm.All"/>, and one that centers by Sinkhorn-Knopp a rung for that.
/// Samples are equal, computation is not: views cost time.
/// </summary>
/// <param name="Name">Of the run.</param>
/// <param name="AdditionalViews">All global views of the recipe instead of one.</param>
/// <param name="Losses">What it trains with, at the recipe's weights.</param>
/// <param name="Rungs">What is measured after it: the rung, and whether it is the average that is.</param>
sealed record LadderRun(string Name, bool AdditionalViews, IReadOnlyList<LossTerm> Losses, IReadOnlyList<(string Name, bool Averaged)> Rungs)
{
    const string Contrastive = "contrastive only", Views = "+ additional views", Average = "+ EMA", Distillation = "+ self-distillation",
        Sinkhorn = "+ Sinkhorn-Knopp";

    /// <summary>How the teacher's targets are centered.</summary>
    public Centering Centering { get; private init; }

    bool Distils => Losses.Contains(LossTerm.Distillation);

    /// <summary>The runs from the bottom of the ladder to its top; two rungs differ in the weights that are looked at, not in training.</summary>
    public static IReadOnlyList<LadderRun> Of(TrainConfig recipe)
    {
        List<LadderRun> runs =
        [
            new(Contrastive, AdditionalViews: false, [LossTerm.Contrastive], [(Contrastive, false)]),
            new(Views, AdditionalViews: true, [LossTerm.Contrastive], [(Views, false), (Average, true)]),
        ];
        foreach (var term in LossTerm.Of(recipe).Where(term => term != LossTerm.Contrastive))
        {
            var name = term == LossTerm.Distillation ? Distillation : $"+ {term.Title}";
            runs.Add(new(name, AdditionalViews: true, [.. runs[^1].Losses, term], [(name, true)]) { Centering = runs[^1].Centering });
            if (term == LossTerm.Distillation && recipe.Centering == Centering.Sinkhorn)
                runs.Add(runs[^1] with { Name = Sinkhorn, Rungs = [(Sinkhorn, true)], Centering = Centering.Sinkhorn });
        }
        return runs;
    }

    /// <summary>The recipe with this run's views and losses.</summary>
    public AblationRun Of(SilcConfig recipe, TrainConfig train, ContrastiveKind loss, int seed) =>
        new(Name, Model(recipe, loss), Training(train, seed), Rungs, [.. LossTerm.Of(train)]);

    /// <summary>The recipe's model with this run's views.</summary>
    public SilcConfig Model(SilcConfig recipe, ContrastiveKind loss) => recipe with
    {
        Contrastive = loss,
        Views = recipe.Views with
        {
            Global = AdditionalViews ? recipe.Views.Global : 1,
            Local = Distils ? recipe.Views.Local : 0,
            AnchorScale = Losses.Contains(LossTerm.Gram) ? recipe.Views.AnchorScale : 0,
            SecondCaption = Losses.Contains(LossTerm.Dual),
            Located = Losses.Contains(LossTerm.Located) ? recipe.Views.Located : 0,
        },
    };

    /// <summary>The recipe's training with this run's losses.</summary>
    public TrainConfig Training(TrainConfig recipe, int seed)
    {
        foreach (var term in LossTerm.Of(recipe).Except(Losses)) recipe = term.WithWeight(recipe, 0);
        return recipe with
        {
            Seed = seed,
            Centering = Centering,
            GlobalToGlobal = Distils && recipe.GlobalToGlobal,
            AverageWeights = Rungs.Any(rung => rung.Averaged),
        };
    }
}
