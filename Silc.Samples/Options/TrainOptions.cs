using System.CommandLine;
using Silc.Samples.Training;
using static Silc.Samples.Options.OptionForm;

namespace Silc.Samples.Options;

/// <summary>The options of <c>silc train</c> and what they say about model and training.</summary>
static partial class TrainOptions
{
    public static readonly Option<string> Data = DataOption.Create(required: false);
    public static readonly Option<string?> Out =
        new("--out") { Description = "Folder for weights, checkpoints, metrics and plot.", HelpName = "DIR" };
    public static readonly Option<string> Device = DeviceOption();
    public static readonly Option<Precision> Precision = PrecisionOption();
    public static readonly Option<string> Tokenizer =
        Text("--tokenizer", "bytes, words (words:N of N ids), a SentencePiece FILE.model, a tokenizer.json or CLIP's FILE.txt.gz; emoji sets "
            + "bring one.", "", "FILE");
    public static readonly Option<string?> Resume = new("--resume")
    {
        Description = "Go on with the run in a folder, that of --out unless named, from its newest whole checkpoint; it knows the other options. "
            + "A checkpoint FILE begins a new run in --out.",
        HelpName = "DIR|FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };
    public static readonly Option<string?> Init = new("--init")
    {
        Description = "Begin with the weights of a run or of a file of Silc, big_vision, Hugging Face or open_clip, which bring the sizes of the "
            + "towers; "
            + "--image-size resizes positions. A checkpoint also brings its teacher.",
        HelpName = "DIR|FILE",
    };
    public static readonly Option<string?> Positions = PositionOptions.Create();
    public static readonly Option<int> TopBlocks = Number("--top-blocks",
        "dino.txt: N new blocks on the image tower of --init, which is frozen, and a text tower from scratch, of the sizes of --preset.", 0).From(0);
    public static readonly Option<string[]> Freeze = new("--freeze")
    {
        Description = "Parameters that do not learn: a regular expression over whole names, e.g. 'img/.*' for a locked image tower; can be given "
            + "several times.",
        HelpName = "PATTERN",
    };
    public static readonly Option<string[]> RateMultipliers = new("--lr-mult")
    {
        Description = "Learning rate of the parameters that match, as a multiple of --lr, e.g. 'img/.*=0.1'; the first match counts. Weight decay "
            + "stays.",
        HelpName = "PATTERN=X",
    };
    public static readonly Option<bool> Overwrite = new("--overwrite") { Description = "Delete the run that --out holds." };
    public static readonly Option<int?> SaveEvery =
        new("--save-every") { Description = "Steps between checkpoints, besides those of --save-minutes.", HelpName = "N" };
    public static readonly Option<double> SaveMinutes = Real("--save-minutes",
        "Minutes between checkpoints; 0 leaves it to --save-every.", 10).From(0);
    public static readonly Option<int> Keep = Number("--keep", "Checkpoints that stay, the newest.", 3);
    public static readonly Option<int?> KeepEvery =
        new("--keep-every") { Description = "Also write and keep a checkpoint at every multiple of N steps.", HelpName = "N" };
    public static readonly Option<int> Steps = Number("--steps",
        "Updates; the schedule ends there. A run that is resumed may get another end.", 1000);
    public static readonly Option<bool?> CudaGraph = CudaGraphOption();
    public static readonly Option<bool> Recompute = new("--recompute", "--activation-checkpointing")
    {
        Description = "Activation checkpointing, less memory for more time: run every block again for its gradient. The results are the same.",
    };
    public static readonly Option<double> MaxBad =
        Real("--max-bad", "Share of unreadable samples, of at least 100 read, above which the run stops.", 0.1);
    public static readonly Option<string?> ValData = new("--val-data")
    {
        Description = "Images that are not trained on, named as those of --data and read the same way: measured while it trains, by image-text loss, "
            + "retrieval and, where there are classes, zero-shot classification.",
        HelpName = Data.HelpName,
    };
    public static readonly Option<string?> ValClasses = new("--val-classes")
    {
        Description = "Names of the classes of --val-data: a text file whose line n names class n, further names separated by commas; for classes "
            + "that the data number, and for better names than theirs.",
        HelpName = "FILE",
    };
    public static readonly Option<int?> ValEvery = new Option<int?>("--val-every")
    {
        Description = "Steps from one validation to the next; a tenth of the run unless given. The last step is validated, too.",
        HelpName = "N",
    }.From(1);
    public static readonly Option<string?> KeepBest = new Option<string?>("--keep-best")
    {
        Description = "Also keep the weights of the best validation, as best.safetensors.",
        HelpName = string.Join('|', ValidationWords),
    }.OneOf(ValidationWords);
    public static readonly Option<int?> Patience = new Option<int?>("--patience")
    {
        Description = "End the run after N validations none of which was better than the best, by --keep-best or by the loss.",
        HelpName = "N",
    }.From(1);
    public static readonly Option<CollapseAction> OnCollapse = Choice("--on-collapse",
        "What follows when reports tell that self-distillation collapses: warn, or stop with a checkpoint and exit code 1.", CollapseAction.Warn);
    public static readonly Option<int> LogEvery = Number("--log-every", "Steps between reports.", 10).From(1);
    public static readonly Option<double?> Minutes = new Option<double?>("--minutes")
    {
        Description = "Stop after this long, with all files written.",
        HelpName = "M",
    }.Above(0);

    public static readonly Option<string?> Collective = new Option<string?>("--collective")
    {
        Description = "What carries the exchange between the ranks that mpirun, srun or torchrun has started: auto takes NCCL on NVIDIA GPUs where "
            + "it is, else MPI; with none each process trains alone.",
        HelpName = string.Join('|', Launch.Engines),
        DefaultValueFactory = _ => Launch.Auto,
    }.OneOf([.. Launch.Engines]);
    public static readonly Option<double> CollectiveTimeout = Real("--collective-timeout",
        "Seconds that a rank waits for others before the run ends, with code 70.", Watchdog.UsualTimeout.TotalSeconds).Above(0);

    public static readonly Option<bool> ShardMoments = new("--shard-moments")
    {
        Description = "Each of N ranks holds 1/N of AdamW's moments, or of Adafactor's momentum, and updates that part of the weights: "
            + "8 (1 - 1/N) bytes a parameter less on every device, 4 (1 - 1/N) of Adafactor, the same bits, and one more exchange a step.",
    };

    public static readonly Option<string?> Recipes = new("--recipe")
    {
        Description = $"Published values: {string.Join(", ", RecipeFile.Names)}, or a file like what silc recipes NAME prints. Options on the "
            + "line override it.",
        HelpName = $"{string.Join('|', RecipeFile.Names)}|FILE",
    };
    public static readonly Option<string> Preset =
        Text("--preset", $"Size of the model: {string.Join(", ", SilcConfig.PresetNames)}.", "mini", "NAME");
    public static readonly Option<int> Batch = Number("--batch", "Images a step.", 64);
    public static readonly Option<int> Seed = Number("--seed", "Of weights, order and views.", 0);
    public static readonly Option<ContrastiveKind> Contrastive =
        Choice("--contrastive", "Image-text loss: softmax (InfoNCE) or sigmoid (SigLIP).", ContrastiveKind.Softmax);
    public static readonly Option<OptimizerKind> Optimizer = Choice("--optimizer", "adamw or adafactor.", OptimizerKind.AdamW);
    public static readonly Option<double> LearningRate = Real("--lr", "Base learning rate.", 1e-3);
    public static readonly Option<double?> WeightDecayEnd = Perhaps("--wd-end", "Weight decay at the end of the run, to which it goes by half a "
        + "cosine; --wd all along unless given.").From(0);
    public static readonly Option<double> Beta1 = Real("--beta1", "Share of the first moment that stays in an update; of Adafactor, its momentum.",
        0.9);
    public static readonly Option<double> Beta2 = Real("--beta2", "Share of the second moment that stays; of Adafactor, the most that stays. SigLIP "
        + "has 0.95.", 0.999);
    public static readonly Option<double> Epsilon = Real("--epsilon", "In AdamW's denominator.", 1e-8).Above(0);
    public static readonly Option<bool> HalfMomentum = new("--bf16-momentum")
    {
        Description = "Keep Adafactor's momentum in bfloat16, as "
        + "big_vision does."
    };
    public static readonly Option<double> ClipNorm = Real("--clip-norm", "Norm of the gradient above which it is scaled down; 0 switches that off.",
        1).From(0);
    public static readonly Option<bool> ClipByTensor = new("--clip-by-tensor")
    {
        Description = "Scale each parameter's gradient down by its own norm, "
        + "as DINO does."
    };
    public static readonly Option<double> WeightDecay = Real("--wd", "Weight decay a step, not multiplied by --lr: 1e-4 at 1e-3 is PyTorch's 0.1.",
        1e-4);
    public static readonly Option<ScheduleKind> Schedule = Choice("--schedule", "Learning rate over the run: cosine, rsqrt, constant, linear, "
        + "polynomial or stair.", ScheduleKind.Cosine);
    public static readonly Option<double> Timescale = Real("--timescale", "Steps after which rsqrt has fallen to 0.71.", 10_000).Above(0);
    public static readonly Option<double> Shift = Real("--shift", "Steps of its fall that rsqrt has behind it when the warm-up ends.", 0).From(0);
    public static readonly Option<double> Power = Real("--power", "Power of polynomial.", 1).Above(0);
    public static readonly Option<double> RateEnd = Real("--lr-end", "Learning rate at the end of cosine, linear and polynomial, as a part of "
        + "--lr.", 0).From(0);
    public static readonly Option<double> ScheduleFrom = Real("--schedule-from", "Share of the schedule of cosine, linear and polynomial that an "
        + "earlier run has behind it: --steps takes the rest.", new Schedule().From).From(0);
    public static readonly Option<string?> Stairs = new("--stairs")
    {
        Description = "For stair: from which steps on the learning rate is which part of --lr, e.g. 3000=0.1,6000=0.01.",
        HelpName = "STEP=X,...",
    };
    public static readonly Option<int?> Warmup = new Option<int?>("--warmup")
    {
        Description = "Steps of linear warm-up; 5 % of the run unless given.",
        HelpName = "N",
    }.From(0);
    public static readonly Option<int> Cooldown = Number("--cooldown", "Steps of linear fall to 0 at the end, for rsqrt, constant and stair.",
        0).From(0);
    public static readonly Option<double?> Ema = new("--ema")
    {
        Description = "Momentum of the teacher; 0.966^(batch / 16384) unless given. Short runs "
        + "need less: 0.99.",
        HelpName = "M"
    };
    public static readonly Option<double?> EmaEnd = Perhaps("--ema-end", "Momentum of the teacher at the end of the run, to which it goes by half a "
        + "cosine; DINO has 1. --ema all along unless given.").From(0);
    public static readonly Option<double> ContrastiveWeight = Real("--contrastive-weight", "Weight of the image-text loss; 0 switches it off.",
        1).From(0);
    public static readonly Option<double> StudentTemperature = Real("--student-temp", "Temperature of the student in self-distillation.",
        0.1).Above(0);
    public static readonly Option<double> TeacherTemperature = Real("--teacher-temp", "Temperature of the teacher; lower is sharper.", 0.04).Above(0);
    public static readonly Option<double?> TeacherTemperatureStart = Perhaps("--teacher-temp-start",
        "Temperature of the teacher in the first step, from which it goes to --teacher-temp.").Above(0);
    public static readonly Option<int> TeacherTemperatureWarmup = Number("--teacher-temp-warmup", "Steps in which it goes there.", 0).From(0);
    public static readonly Option<double> CenterMomentum = Real("--center-momentum", "Momentum of the teacher's center.", 0.9).From(0);
    public static readonly Option<Centering> Centers = Choice("--centering", "What keeps the teacher's targets apart: mean takes their running mean "
        + "off, sinkhorn balances them over the prototypes, as DINOv2 does.", Centering.Mean);
    public static readonly Option<int> FrozenLastLayer = Number("--freeze-last-layer", "Steps in which the prototypes of the head stand still; an "
        + "epoch in DINO.", 0).From(0);
    public static readonly Option<bool> HeadGains = new("--head-gains")
    {
        Description = "Train the lengths of the prototypes, which are 1 otherwise: "
        + "DINO's norm_last_layer=False."
    };
    public static readonly Option<double?> Temperature = Perhaps("--temperature", "Factor on cosines to begin with; 10 unless given, 14.3 in "
        + "CLIP.").Above(0);
    public static readonly Option<double?> Bias = Perhaps("--bias", "Bias of the sigmoid loss to begin with; -10 unless given.");
    public static readonly Option<double?> MaxScale = Perhaps("--max-scale",
        "The largest factor on cosines; CLIP has 100. None unless given.").Above(0);
    public static readonly Option<bool> GlobalToGlobal = new("--global-to-global") { Description = "Add DINO's terms between the two global views." };
    public static readonly Option<int> Accumulate = Number("--accumulate",
        "Less memory for more time: slices of a batch that go through the towers one by one. Negatives stay the whole batch.", 1);
    public static readonly Option<string?> Pooling = TextPoolingOption.Create();
    public static readonly Option<int?> TextLength =
        new("--text-length") { Description = "Tokens of a caption; the preset's, but at least 48 for bytes.", HelpName = "N" };
    public static readonly Option<int?> ImageSize = new("--image-size")
    {
        Description = "Side of a global view in pixels; the preset's unless given.",
        HelpName = "PIXELS"
    };
    public static readonly Option<int?> GlobalViews = new("--global-views")
    {
        Description = "Large views of each image; the preset's unless "
        + "given.",
        HelpName = "N"
    };
    public static readonly Option<int?> LocalViews =
        new("--local-views") { Description = "Small views of each image; the preset's unless given.", HelpName = "N" };
    public static readonly Option<double> MinCrop = Real("--min-crop", "Smallest area of a global view, as a part of the image.", 0.4);

    public static readonly Option<string[]> Set = SetOption.Create();
    public static readonly Option<string?> Config = new("--config")
    {
        Description = "A JSON file of these options, and of the sizes of towers and head; the command line wins. --print-config prints one, "
            + "--print-schema its schema for editors.",
        HelpName = "FILE.json",
    };
    public static readonly Option<bool> PrintConfig = new("--print-config")
    {
        Description = "Print every value that the run would have, as a file for --config, and end.",
    };
    public static readonly Option<bool> PrintSchema = new("--print-schema") { Description = "Print the JSON schema of that file, and end." };
    public static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Do a few steps, say sizes, memory and time, and end; nothing is written, and --out is not needed.",
    };

    /// <summary>What a model is and how it learns, but for the image-text loss.</summary>
    public static IReadOnlyList<Option> Recipe { get; } =
    [
        Preset, Steps, Batch, Device, Precision, Tokenizer, TextLength, Pooling, ImageSize, .. LossOptions.All, Ema, EmaEnd,
        ContrastiveWeight, StudentTemperature, TeacherTemperature, TeacherTemperatureStart, TeacherTemperatureWarmup, CenterMomentum,
        Centers, FrozenLastLayer, HeadGains, Temperature, Bias, MaxScale, GlobalToGlobal, GlobalViews, LocalViews, MinCrop, .. ViewOptions.All,
        Optimizer, LearningRate, RateEnd, WeightDecay, WeightDecayEnd, Beta1, Beta2, Epsilon, HalfMomentum, ClipNorm, ClipByTensor,
        Schedule, Warmup, Cooldown, Timescale, Shift, Power, ScheduleFrom, Stairs, Recompute, Accumulate, Seed, Set,
    ];

    public static IReadOnlyList<Option> All { get; } =
    [
        Recipes, Data, .. DataOption.Reading, MaxBad, Out, Init, Positions, TopBlocks, Contrastive, .. Recipe, CudaGraph, Freeze, RateMultipliers,
        ValData, ValClasses, ValEvery, KeepBest, Patience, LogEvery, OnCollapse, Minutes,
        SaveEvery, SaveMinutes, Keep, KeepEvery, Resume, Overwrite, Config, PrintConfig, PrintSchema, DryRun,
        Collective, CollectiveTimeout, ShardMoments,
    ];

    /// <summary>Options that a file cannot give: about the file itself, about an earlier run or the other ranks, and what ends at once.</summary>
    public static IReadOnlyList<Option> OfTheLine { get; } = [Resume, Overwrite, Set, Config, PrintConfig, PrintSchema, DryRun,
        Collective, CollectiveTimeout, ShardMoments];

    /// <summary>What <c>--keep-best</c> may be: the numbers of a validation.</summary>
    // A property, for options are made before fields below them.
    static string[] ValidationWords => [.. ValidationMetric.All.Select(metric => metric.Word)];

    /// <summary>Options that count steps, which a recipe may give as a share of all.</summary>
    public static IReadOnlyList<Option> StepCounts { get; } = [Warmup, Cooldown, Timescale, Shift, TeacherTemperatureWarmup, FrozenLastLayer,
        .. LossOptions.StepCounts];

    public static Option<string> DeviceOption() => Text("--device", "auto, cuda, opencl, cpu, or one of silc devices, e.g. cuda:1.", "auto", "ID");

    public static SavePolicy PolicyOf(ParseResult parsed) => new SavePolicy(
        parsed.GetValue(SaveEvery) ?? 0, parsed.GetValue(SaveMinutes), parsed.GetValue(Keep), parsed.GetValue(KeepEvery) ?? 0);

    public static Option<Precision> PrecisionOption() =>
        Choice("--precision", "How products multiply; tf32 and bf16 need NVIDIA tensor cores. Sums and weights stay float32.",
            Silc.Precision.Float32, except: Silc.Precision.Int8);

    public static Option<bool?> CudaGraphOption() => new("--cuda-graph")
    {
        Description = "On an NVIDIA GPU, record a step's launches and send them as one graph, a fifth faster at ti; true in bf16 unless given.",
    };

    /// <summary>Opens the device of a line that trains.</summary>
    public static Device OpenDevice(ParseResult parsed)
    {
        var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(Precision));
        SetGraphs(device, parsed.GetValue(CudaGraph));
        return device;
    }

    /// <summary>CUDA graphs as a line says; as the device has them if it says nothing.</summary>
    public static void SetGraphs(Device device, bool? wanted) => device.CudaGraphs = wanted ?? device.CudaGraphs;

    public static int? ImageSizeOf(ParseResult parsed) => parsed.GetValue(ImageSize);

    public static int SeedOf(ParseResult parsed) => parsed.GetValue(Seed);
}
