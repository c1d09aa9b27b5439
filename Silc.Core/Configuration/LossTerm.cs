namespace Silc;

/// <summary>
/// A loss of training: one entry of <see cref="All"/> gives it an element of the loss buffer on the device, a
/// place in the step's check for values that are not finite and in its sums, a value in the metrics, a column of
/// metrics.csv, a TensorBoard tag, a line in the plots, a word on the progress line, a card in the report, an
/// option of <c>silc train</c> and a rung of the ablation ladder. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Name">Column of metrics.csv and, after <c>loss/</c>, TensorBoard tag; also its name in plots and tables.</param>
/// <param name="Title">Heading of its card and its rung.</param>
/// <param name="Short">Word on the progress line.</param>
/// <param name="Weight">Its factor λ in the total; a run has the terms whose weight is above 0.</param>
/// <param name="WithWeight">The same training with another weight.</param>
/// <param name="Option">Option of <c>silc train</c> that sets the weight; null for the image-text loss, which always has weight 1 there.</param>
/// <param name="Help">Help text of that option.</param>
/// <param name="Level">Value at chance level, as a reference line in plots; null where there is none.</param>
public sealed record LossTerm(
    string Name, string Title, string Short, Func<TrainConfig, double> Weight, Func<TrainConfig, double, TrainConfig> WithWeight,
    string? Option = null, string Help = "", LossLevel? Level = null)
{
    /// <summary>The image-text loss: InfoNCE or the pairwise sigmoid, see <see cref="ContrastiveKind"/>.</summary>
    public static LossTerm Contrastive { get; } = new(
        "contrastive", "Contrastive", "contrast", train => train.ContrastiveWeight, (train, weight) => train with { ContrastiveWeight = weight },
        Level: new("chance", "ln(batch)", (model, train) => model.Contrastive == ContrastiveKind.Softmax ? Math.Log(train.BatchSize) : null));

    /// <summary>Local-to-global self-distillation.</summary>
    public static LossTerm Distillation { get; } = new(
        "distillation", "Distillation", "distill", train => train.DistillationWeight, (train, weight) => train with { DistillationWeight = weight },
        "--distillation", "Weight of local-to-global self-distillation; 0 switches it off.",
        new("uniform", "ln K", (model, _) => Math.Log(model.Head.Prototypes)));

    /// <summary>Distance to the nearest other image of the batch.</summary>
    public static LossTerm KoLeo { get; } = new(
        "koleo", "KoLeo", "koleo", train => train.KoLeoWeight, (train, weight) => train with { KoLeoWeight = weight },
        "--koleo", "Weight of KoLeo, which keeps the images of a batch apart; 0 switches it off, 0.2 is DINOv2's.");

    /// <summary>Masked patch prediction.</summary>
    public static LossTerm Mask { get; } = new(
        "mask", "Masked patches", "mask", train => train.MaskWeight, (train, weight) => train with { MaskWeight = weight },
        "--mask", "Weight of masked patch prediction: the student predicts what the teacher says of patches that are hidden from it; 0 "
            + "switches it off.",
        new("uniform", "ln K", (model, _) => Math.Log(model.Head.Prototypes)));

    /// <summary>Gram anchoring.</summary>
    public static LossTerm Gram { get; } = new(
        "gram", "Gram anchoring", "gram", train => train.GramWeight, (train, weight) => train with { GramWeight = weight },
        "--gram", "Weight of Gram anchoring, which keeps the cosines of patches with each other as an earlier teacher had them; 0 switches it off.");

    /// <summary>Captions, said by a decoder.</summary>
    public static LossTerm Decoder { get; } = new(
        "decoder", "Decoder", "decoder", train => train.DecoderWeight, (train, weight) => train with { DecoderWeight = weight },
        "--decoder", "Weight of the loss of a decoder that says the captions, 1 in SigLIP 2; 0 switches it off.",
        new("uniform", "ln V", (model, _) => Math.Log(model.VocabSize + DecoderIds)));

    /// <summary>A second caption of each image, compared with a second embedding of it.</summary>
    public static LossTerm Dual { get; } = new(
        "dual", "Second captions", "dual", train => train.DualWeight, (train, weight) => train with { DualWeight = weight },
        "--dual", "Weight of the image-text loss between second captions and second embeddings of their images (TIPS); 0 switches it off.",
        new("chance", "ln(batch)", (model, train) => model.Contrastive == ContrastiveKind.Softmax ? Math.Log(train.BatchSize) : null));

    /// <summary>Boxes with their names, said by the decoder.</summary>
    public static LossTerm Located { get; } = new(
        "located", "Located captions", "located", train => train.LocatedWeight, (train, weight) => train with { LocatedWeight = weight },
        "--located", "Weight of located captions (LocCa): the decoder of --decoder says the box of a name, and the name of a box; 0 switches them "
            + "off, the weight of --decoder is LocCa's.");

    /// <summary>Ids beyond the vocabulary that a decoder reads: one that begins, and one that hides.</summary>
    internal const int DecoderIds = 2;

    /// <summary>All there are. New ones come last: checkpoints hold sums by <see cref="Index"/>.</summary>
    public static IReadOnlyList<LossTerm> All { get; } = [Contrastive, Distillation, KoLeo, Mask, Gram, Decoder, Dual, Located];

    /// <summary>Its place in <see cref="All"/> and in the loss buffer.</summary>
    public int Index => All.TakeWhile(term => term != this).Count();

    /// <summary>Options of <c>silc train</c> for the steps in which it runs, <c>--koleo-start</c> and <c>--koleo-end</c>; null as its own.</summary>
    internal (string Start, string End)? SpanOptions => Option is null ? null : ($"{Option}-start", $"{Option}-end");

    /// <summary>Those that a run has, in the order of <see cref="All"/>.</summary>
    public static IEnumerable<LossTerm> Of(TrainConfig train) => All.Where(term => term.Weight(train) > 0);
}

/// <summary>The value of a loss at chance level, e.g. ln(batch) for InfoNCE. Threads: immutable; any number may share it.</summary>
/// <param name="Name">One word.</param>
/// <param name="Formula">How it follows from the sizes.</param>
/// <param name="Value">In nats; null where it depends on more than sizes.</param>
public sealed record LossLevel(string Name, string Formula, Func<SilcConfig, TrainConfig, double?> Value);
