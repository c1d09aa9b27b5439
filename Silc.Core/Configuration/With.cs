namespace Silc;

// Copies with some values changed, for F#, which has no `with` for C# records: SilcConfig.B16.With(vocabSize = 512). Parameters are called as the
// values, but for globalViews and localViews: `global` is a word of F#.

public sealed partial record SilcConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public SilcConfig With(
        TowerConfig? image = null, TowerConfig? text = null, int? imageSize = null, int? patchSize = null, int? textLength = null,
        int? vocabSize = null, HeadConfig? head = null, ViewConfig? views = null, ContrastiveKind? contrastive = null,
        double? temperatureInit = null, double? biasInit = null, PositionResize? positionResize = null, int? imageHead = null,
        TextPooling? textPooling = null,
        ImageRule? images = null,
        int? textEnd = null,
        ImagePooling? imagePooling = null,
        bool? patchBias = null,
        bool? projectionBias = null,
        PixelNorm? pixels = null,
        bool? hasText = null,
        int? preLogits = null,
        int? stemPatch = null,
        int? stemWidth = null,
        PositionKind? positions = null,
        int? topBlocks = null) =>
        this with
        {
            Image = image ?? Image,
            Text = text ?? Text,
            ImageSize = imageSize ?? ImageSize,
            PatchSize = patchSize ?? PatchSize,
            TextLength = textLength ?? TextLength,
            VocabSize = vocabSize ?? VocabSize,
            Head = head ?? Head,
            Views = views ?? Views,
            Contrastive = contrastive ?? Contrastive,
            TemperatureInit = temperatureInit ?? TemperatureInit,
            BiasInit = biasInit ?? BiasInit,
            PositionResize = positionResize ?? PositionResize,
            ImageHead = imageHead ?? ImageHead,
            TextPooling = textPooling ?? TextPooling,
            Images = images ?? Images,
            TextEnd = textEnd ?? TextEnd,
            ImagePooling = imagePooling ?? ImagePooling,
            PatchBias = patchBias ?? PatchBias,
            ProjectionBias = projectionBias ?? ProjectionBias,
            Pixels = pixels ?? Pixels,
            HasText = hasText ?? HasText,
            PreLogits = preLogits ?? PreLogits,
            StemPatch = stemPatch ?? StemPatch,
            StemWidth = stemWidth ?? StemWidth,
            Positions = positions ?? Positions,
            TopBlocks = topBlocks ?? TopBlocks,
        };
}

public sealed partial record TowerConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public TowerConfig With(
        int? width = null, int? depth = null, int? heads = null, int? mlpDim = null, GeluKind? gelu = null,
        double? epsilon = null,
        bool? classToken = null,
        bool? preNorm = null,
        bool? causal = null,
        bool? qkNorm = null,
        double? layerScale = null,
        int? registers = null) =>
        this with
        {
            Width = width ?? Width,
            Depth = depth ?? Depth,
            Heads = heads ?? Heads,
            MlpDim = mlpDim ?? MlpDim,
            Gelu = gelu ?? Gelu,
            Epsilon = epsilon ?? Epsilon,
            ClassToken = classToken ?? ClassToken,
            PreNorm = preNorm ?? PreNorm,
            Causal = causal ?? Causal,
            QkNorm = qkNorm ?? QkNorm,
            LayerScale = layerScale ?? LayerScale,
            Registers = registers ?? Registers,
        };
}

public sealed partial record HeadConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public HeadConfig With(
        int? hidden = null, int? bottleneck = null, int? prototypes = null,
        bool? gains = null) =>
        this with
        {
            Hidden = hidden ?? Hidden,
            Bottleneck = bottleneck ?? Bottleneck,
            Prototypes = prototypes ?? Prototypes,
            Gains = gains ?? Gains,
        };
}

public sealed partial record ViewConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public ViewConfig With(
        int? globalViews = null, int? localViews = null, int? localSize = null, double? globalScaleMin = null, double? globalScaleMax = null,
        double? localScaleMin = null, double? localScaleMax = null, ViewProbability? flip = null, ViewProbability? jitter = null,
        double? brightness = null, double? contrast = null, double? saturation = null, double? hue = null, ViewProbability? grey = null,
        ViewProbability? blur = null, ViewProbability? solarize = null, double? blurMin = null, double? blurMax = null,
        double? aspectMin = null, double? aspectMax = null, ResampleFilter? filter = null, bool? plain = null,
        ViewProbability? randConv = null, int? anchorScale = null, bool? secondCaption = null,
        int? naflex = null, int? naflexMin = null, int? located = null, string? naflexChoices = null, bool? eightBit = null) =>
        this with
        {
            Global = globalViews ?? Global,
            Local = localViews ?? Local,
            LocalSize = localSize ?? LocalSize,
            GlobalScaleMin = globalScaleMin ?? GlobalScaleMin,
            GlobalScaleMax = globalScaleMax ?? GlobalScaleMax,
            LocalScaleMin = localScaleMin ?? LocalScaleMin,
            LocalScaleMax = localScaleMax ?? LocalScaleMax,
            Flip = flip ?? Flip,
            Jitter = jitter ?? Jitter,
            Brightness = brightness ?? Brightness,
            Contrast = contrast ?? Contrast,
            Saturation = saturation ?? Saturation,
            Hue = hue ?? Hue,
            Grey = grey ?? Grey,
            Blur = blur ?? Blur,
            Solarize = solarize ?? Solarize,
            BlurMin = blurMin ?? BlurMin,
            BlurMax = blurMax ?? BlurMax,
            AspectMin = aspectMin ?? AspectMin,
            AspectMax = aspectMax ?? AspectMax,
            Filter = filter ?? Filter,
            Plain = plain ?? Plain,
            RandConv = randConv ?? RandConv,
            AnchorScale = anchorScale ?? AnchorScale,
            SecondCaption = secondCaption ?? SecondCaption,
            Naflex = naflex ?? Naflex,
            NaflexMin = naflexMin ?? NaflexMin,
            Located = located ?? Located,
            NaflexChoices = naflexChoices ?? NaflexChoices,
            EightBit = eightBit ?? EightBit,
        };
}

public sealed partial record TrainConfig
{
    /// <summary>
    /// A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same. The schedule
    /// stays, also where the number of steps changes.
    /// </summary>
    public TrainConfig With(
        int? batchSize = null, int? totalSteps = null, int? seed = null, OptimizerKind? optimizer = null, double? learningRate = null,
        double? weightDecay = null, double? beta1 = null, double? beta2 = null, double? clipNorm = null, Schedule? schedule = null,
        double? distillationWeight = null, double? contrastiveWeight = null, double? studentTemperature = null,
        double? teacherTemperature = null, double? centerMomentum = null, double? emaMomentum = null, bool? globalToGlobal = null,
        int? maxSkippedSteps = null, bool? bfloat16Momentum = null, bool? recompute = null, int? accumulate = null,
        IReadOnlyList<DecayRule>? decayRules = null, IReadOnlyList<RateRule>? rateRules = null, bool? averageWeights = null,
        double? koLeoWeight = null,
        double? epsilon = null,
        bool? clipByTensor = null,
        double? weightDecayEnd = null,
        double? emaMomentumEnd = null,
        double? teacherTemperatureStart = null,
        int? teacherTemperatureWarmup = null,
        int? frozenLastLayerSteps = null,
        double? logitScaleMax = null,
        Centering? centering = null,
        IReadOnlyList<LossSpan>? spans = null,
        double? maskWeight = null,
        MaskConfig? masks = null,
        double? gramWeight = null,
        GramConfig? gram = null,
        double? decoderWeight = null,
        double? decoderParallel = null,
        double? dualWeight = null,
        double? locatedWeight = null) =>
        this with
        {
            BatchSize = batchSize ?? BatchSize,
            TotalSteps = totalSteps ?? TotalSteps,
            Seed = seed ?? Seed,
            Optimizer = optimizer ?? Optimizer,
            LearningRate = learningRate ?? LearningRate,
            WeightDecay = weightDecay ?? WeightDecay,
            Beta1 = beta1 ?? Beta1,
            Beta2 = beta2 ?? Beta2,
            ClipNorm = clipNorm ?? ClipNorm,
            Schedule = schedule ?? Schedule,
            DistillationWeight = distillationWeight ?? DistillationWeight,
            ContrastiveWeight = contrastiveWeight ?? ContrastiveWeight,
            StudentTemperature = studentTemperature ?? StudentTemperature,
            TeacherTemperature = teacherTemperature ?? TeacherTemperature,
            CenterMomentum = centerMomentum ?? CenterMomentum,
            EmaMomentum = emaMomentum ?? EmaMomentum,
            GlobalToGlobal = globalToGlobal ?? GlobalToGlobal,
            MaxSkippedSteps = maxSkippedSteps ?? MaxSkippedSteps,
            BFloat16Momentum = bfloat16Momentum ?? BFloat16Momentum,
            Recompute = recompute ?? Recompute,
            Accumulate = accumulate ?? Accumulate,
            DecayRules = decayRules ?? DecayRules,
            RateRules = rateRules ?? RateRules,
            AverageWeights = averageWeights ?? AverageWeights,
            KoLeoWeight = koLeoWeight ?? KoLeoWeight,
            Epsilon = epsilon ?? Epsilon,
            ClipByTensor = clipByTensor ?? ClipByTensor,
            WeightDecayEnd = weightDecayEnd ?? WeightDecayEnd,
            EmaMomentumEnd = emaMomentumEnd ?? EmaMomentumEnd,
            TeacherTemperatureStart = teacherTemperatureStart ?? TeacherTemperatureStart,
            TeacherTemperatureWarmup = teacherTemperatureWarmup ?? TeacherTemperatureWarmup,
            FrozenLastLayerSteps = frozenLastLayerSteps ?? FrozenLastLayerSteps,
            LogitScaleMax = logitScaleMax ?? LogitScaleMax,
            Centering = centering ?? Centering,
            Spans = spans ?? Spans,
            MaskWeight = maskWeight ?? MaskWeight,
            Masks = masks ?? Masks,
            GramWeight = gramWeight ?? GramWeight,
            Gram = gram ?? Gram,
            DecoderWeight = decoderWeight ?? DecoderWeight,
            DecoderParallel = decoderParallel ?? DecoderParallel,
            DualWeight = dualWeight ?? DualWeight,
            LocatedWeight = locatedWeight ?? LocatedWeight,
        };
}

public sealed partial record GramConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public GramConfig With(int? anchor = null, int? every = null, int? copies = null) =>
        this with
        {
            Anchor = anchor ?? Anchor,
            Every = every ?? Every,
            Copies = copies ?? Copies,
        };
}

public sealed partial record MaskConfig
{
    /// <summary>A copy with the values that are given; what is not named, or null, stays. In C# <c>with { … }</c> does the same.</summary>
    public MaskConfig With(
        double? ratio = null, double? ratioMax = null, double? images = null, MaskKind? kind = null, bool? allPatches = null,
        bool? sharedHead = null) =>
        this with
        {
            Ratio = ratio ?? Ratio,
            RatioMax = ratioMax ?? RatioMax,
            Images = images ?? Images,
            Kind = kind ?? Kind,
            AllPatches = allPatches ?? AllPatches,
            SharedHead = sharedHead ?? SharedHead,
        };
}
