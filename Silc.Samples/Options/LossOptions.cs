using System.CommandLine;
using static Silc.Samples.Options.OptionForm;

namespace Silc.Samples.Options;

/// <summary>Weights of the losses beside the image-text loss, the steps between which each runs, and what they have for themselves.</summary>
static class LossOptions
{
    public static readonly (LossTerm Term, Option<double> Option)[] Weights =
        [.. LossTerm.All.Where(term => term.Option is not null).Select(term => (term, Real(term.Option!, term.Help, term.Weight(new()))))];
    public static readonly Option<double> MaskRatio = Real("--mask-ratio",
        "Share of the patches of a global view that --mask hides: 0.5 in SigLIP 2, 0.75 in TIPS.", new MaskConfig().Ratio).From(0);
    public static readonly Option<double?> MaskRatioMax = Perhaps("--mask-ratio-max",
        "The largest share, up to which a batch's are spread evenly; all hide the same unless given. DINOv2 has 0.1 to 0.5.").From(0);
    public static readonly Option<double> MaskImages = Real("--mask-images",
        "Share of the images of a batch that have hidden patches; half in DINOv2.",
        new MaskConfig().Images).From(0);
    public static readonly Option<MaskKind> MaskPatches = Choice("--mask-kind",
        "Which patches: random ones, blocks as in DINOv2 and ibotblocks as in iBOT, which may hide fewer than asked, or filledblocks as in DINOv3.",
        MaskKind.Random);
    public static readonly Option<bool> MaskAllPatches =
        new("--mask-all-patches") { Description = "Predictions for visible patches count too: iBOT++ of TIPSv2." };
    public static readonly Option<bool> SharedHead = new("--shared-head")
    {
        Description = "Patches go through the head of self-distillation instead of one of their own.",
    };
    public static readonly Option<int?> Anchor = new Option<int?>("--anchor")
    {
        Description = "Steps after which the teacher is copied for --gram; those of --gram-start unless given.",
        HelpName = "N",
    }.From(0);
    public static readonly Option<int> AnchorEvery = Number("--anchor-every",
        "Steps from one copy of the teacher for --gram to the next; 0 keeps the first.", 0).From(0);
    public static readonly Option<int> AnchorCopies = Number("--anchor-copies", "Most copies of the teacher for --gram.",
        new GramConfig().Copies).From(1);
    public static readonly Option<int> AnchorScale = Number("--anchor-scale",
        "What the teacher of --gram sees: 0 the student's views, 1 their crops without changes of colour, 2 those at twice the side (DINOv3).",
        new ViewConfig().AnchorScale).From(0);
    public static readonly Option<double> DecoderParallel = Real("--decoder-parallel",
        "Share of the steps in which --decoder says all tokens of a caption at once.", new TrainConfig().DecoderParallel).From(0);
    public static readonly Option<int?> LocatedLength = new Option<int?>("--located-length")
    {
        Description = "Tokens of a text of --located; those of a caption and what a box takes unless given, or 0.",
        HelpName = "N",
    }.From(0);
    public static readonly Option<string?> Boxes = new("--boxes")
    {
        Description = "Of captions: and karpathy:, COCO's file of instances in the same images, whose boxes --located takes.",
        HelpName = "FILE.json",
    };
    public static readonly (LossTerm Term, Option<int?> Start, Option<int?> End)[] Spans =
    [
        .. from loss in Weights
           let name = loss.Term.Title.ToLowerInvariant()
           select (loss.Term,
               new Option<int?>(loss.Term.SpanOptions!.Value.Start)
               {
                   Description = $"Steps after which the loss '{name}' begins; until then the run is that without it.",
                   HelpName = "N",
               }.From(0),
               new Option<int?>(loss.Term.SpanOptions!.Value.End) { Description = $"Steps after which the loss '{name}' ends.", HelpName = "N" }
                   .From(1)),
    ];

    /// <summary>Those that count steps.</summary>
    public static IReadOnlyList<Option> StepCounts { get; } =
        [Anchor, AnchorEvery, .. Spans.SelectMany(span => new Option[] { span.Start, span.End })];

    public static IReadOnlyList<Option> All { get; } =
    [
        .. Weights.Select(loss => loss.Option), .. Spans.SelectMany(span => new Option[] { span.Start, span.End }), MaskRatio, MaskRatioMax,
        MaskImages, MaskPatches, MaskAllPatches, SharedHead, Anchor, AnchorEvery, AnchorCopies, AnchorScale, DecoderParallel,
        LocatedLength, Boxes,
    ];

    /// <summary>Training with the losses of a line.</summary>
    public static TrainConfig Apply(TrainConfig train, ParseResult parsed)
    {
        train = train with
        {
            Spans = SpansOf(parsed),
            Gram = new(parsed.GetValue(Anchor), parsed.GetValue(AnchorEvery), parsed.GetValue(AnchorCopies)),
            DecoderParallel = parsed.GetValue(DecoderParallel),
            Masks = new(parsed.GetValue(MaskRatio), parsed.GetValue(MaskRatioMax), parsed.GetValue(MaskImages), parsed.GetValue(MaskPatches),
                parsed.GetValue(MaskAllPatches), parsed.GetValue(SharedHead)),
        };
        foreach (var (term, option) in Weights) train = term.WithWeight(train, parsed.GetValue(option));
        return train;
    }

    static List<LossSpan>? SpansOf(ParseResult parsed)
    {
        List<LossSpan> spans = [.. from span in Spans
                                   let start = parsed.GetValue(span.Start)
                                   let end = parsed.GetValue(span.End)
                                   where start is not null || end is not null
                                   select new LossSpan(span.Term.Name, start ?? 0, end)];
        return spans is [] ? null : spans;
    }
}
