using System.CommandLine;
using System.Globalization;

namespace Silc.Samples.Options;

// The model and the training that a line means.
static partial class TrainOptions
{
    /// <summary>The name that <see cref="Tokenizers.Open"/> takes: what was given, or the data set's own, or bytes.</summary>
    public static string TokenizerOf(ParseResult parsed)
    {
        var given = parsed.GetValue(Tokenizer)!;
        if (given is "" && parsed.GetValue(Data) is { } data && DataOption.EmojiFolder(data) is { } folder)
            return DataOption.OpenEmoji(folder).SentencePiecePath;
        if (given is "" || Tokenizers.IsBuiltIn(given)) return given is "" ? "bytes" : given;
        return File.Exists(given) ? given : throw new FileNotFoundException($"--tokenizer {given}: no such file; say bytes or words, or name a "
            + ".model or .txt.gz file");
    }

    /// <summary>The model to train.</summary>
    /// <param name="init">Of the weights to begin with; null takes the preset and the tokenizer's vocabulary.</param>
    public static SilcConfig ModelOf(ParseResult parsed, Tokenizer tokenizer, SilcConfig? init = null)
    {
        var drawn = SilcConfig.Preset(parsed.GetValue(Preset)!) with { VocabSize = tokenizer.VocabSize };
        var preset = init is null ? drawn
            : init.HasText ? init
            // To an image tower alone, the preset gives the text tower.
            : init with { HasText = true, Text = drawn.Text, TextLength = drawn.TextLength, VocabSize = drawn.VocabSize };
        var views = ViewOptions.Of(preset.Views, parsed, parsed.GetValue(MinCrop));
        var atLeast = init is not { HasText: true } && tokenizer is ByteTokenizer ? 48 : 0;
        bool Has(LossTerm term) => parsed.GetValue(LossOptions.Weights.Single(loss => loss.Term == term).Option) > 0;
        // Views that no loss uses are not made.
        var locals = Has(LossTerm.Distillation) ? parsed.GetValue(LocalViews) ?? views.Local : 0;
        var anchorScale = Has(LossTerm.Gram) ? parsed.GetValue(LossOptions.AnchorScale) : 0;
        preset = TextPoolingOption.Apply(preset, parsed.GetValue(Pooling));
        views = views with
        {
            Global = parsed.GetValue(GlobalViews) ?? views.Global,
            Local = locals,
            AnchorScale = anchorScale,
            SecondCaption = Has(LossTerm.Dual),
            Located = 0,
        };
        var located = parsed.GetValue(LossOptions.LocatedLength);
        if (located > 0 && !Has(LossTerm.Located))
            throw new ArgumentException($"{LossOptions.LocatedLength.Name} {located} is for {LossTerm.Located.Option}, which is 0");
        var top = parsed.GetValue(TopBlocks);
        if (top > 0 && init is null)
            throw new ArgumentException($"{TopBlocks.Name} {top} puts blocks on a tower that was trained: name its weights by {Init.Name}");
        preset = preset with
        {
            TopBlocks = top > 0 ? top : preset.TopBlocks,
            ImageSize = parsed.GetValue(ImageSize) ?? preset.ImageSize,
            TextLength = parsed.GetValue(TextLength) ?? Math.Max(preset.TextLength, atLeast),
            Contrastive = init is not { HasText: true } || parsed.GetResult(Contrastive) is { Implicit: false } ? parsed.GetValue(Contrastive)
                : init.Contrastive,
            Views = views,
            Head = parsed.GetValue(HeadGains) ? preset.Head with { Gains = true } : preset.Head,
            TemperatureInit = parsed.GetValue(Temperature) ?? preset.TemperatureInit,
            BiasInit = parsed.GetValue(Bias) ?? preset.BiasInit,
        };
        if (Has(LossTerm.Located) && located > 0 && LocatedTexts.Length(tokenizer, 1, preset.ImageSize) is var least && located < least)
            throw new ArgumentException($"{LossOptions.LocatedLength.Name} is {located}: a box of images of {preset.ImageSize} pixels and a word "
                + $"take {least} tokens; leave it out, and texts have room");
        if (Has(LossTerm.Located))
            preset = preset with
            {
                Views = views with
                {
                    Located = located is > 0 and var given ? given : LocatedTexts.Length(tokenizer, preset.TextLength, preset.ImageSize),
                },
            };
        var model = SetOption.Apply(preset, ConfigTree.Model, parsed.GetValue(Set)).Check();
        return top == 0 || (model.TopBlocks, model.ImagePooling) == (top, preset.ImagePooling) ? model
            : throw new ArgumentException($"{TopBlocks.Name} {top} means model.topBlocks {top} and model.imagePooling {preset.ImagePooling}, and "
                + $"--set or the file of --config says {model.TopBlocks} and {model.ImagePooling}: leave these out");
    }

    public static TrainConfig TrainingOf(ParseResult parsed)
    {
        var steps = parsed.GetValue(Steps);
        var train = new TrainConfig(
            parsed.GetValue(Batch), steps, parsed.GetValue(Seed), parsed.GetValue(Optimizer), parsed.GetValue(LearningRate),
                parsed.GetValue(WeightDecay),
            parsed.GetValue(Beta1), parsed.GetValue(Beta2), parsed.GetValue(ClipNorm),
            ScheduleOver(new(parsed.GetValue(Schedule), parsed.GetValue(Warmup) ?? Math.Max(1, steps / 20), parsed.GetValue(Cooldown)), parsed),
            ContrastiveWeight: parsed.GetValue(ContrastiveWeight), StudentTemperature: parsed.GetValue(StudentTemperature),
            TeacherTemperature: parsed.GetValue(TeacherTemperature), CenterMomentum: parsed.GetValue(CenterMomentum),
                BFloat16Momentum: parsed.GetValue(HalfMomentum),
            EmaMomentum: parsed.GetValue(Ema), GlobalToGlobal: parsed.GetValue(GlobalToGlobal),
            Recompute: parsed.GetValue(Recompute), Accumulate: parsed.GetValue(Accumulate), RateRules: RatesOf(parsed))
        {
            Epsilon = parsed.GetValue(Epsilon),
            ClipByTensor = parsed.GetValue(ClipByTensor),
            WeightDecayEnd = parsed.GetValue(WeightDecayEnd),
            EmaMomentumEnd = parsed.GetValue(EmaEnd),
            TeacherTemperatureStart = parsed.GetValue(TeacherTemperatureStart),
            TeacherTemperatureWarmup = parsed.GetValue(TeacherTemperatureWarmup),
            FrozenLastLayerSteps = parsed.GetValue(FrozenLastLayer),
            LogitScaleMax = parsed.GetValue(MaxScale),
            Centering = parsed.GetValue(Centers),
        };
        return SetOption.Apply(LossOptions.Apply(train, parsed), ConfigTree.Training, parsed.GetValue(Set)).Check();
    }

    /// <summary>A schedule with what the line says of its form.</summary>
    public static Schedule ScheduleOver(Schedule schedule, ParseResult parsed)
    {
        bool Says(Option option) => parsed.GetResult(option) is { Implicit: false };
        if (Says(Timescale)) schedule = schedule with { Timescale = parsed.GetValue(Timescale) };
        if (Says(Shift)) schedule = schedule with { Shift = parsed.GetValue(Shift) };
        if (Says(Power)) schedule = schedule with { Power = parsed.GetValue(Power) };
        if (Says(RateEnd)) schedule = schedule with { End = parsed.GetValue(RateEnd) };
        if (Says(ScheduleFrom)) schedule = schedule with { From = parsed.GetValue(ScheduleFrom) };
        return parsed.GetValue(Stairs) is { } stairs ? schedule with { Stairs = [.. stairs.Split(',').Select(StairOf)] } : schedule;
    }

    static Stair StairOf(string given) => given.Split('=') is [var step, var multiplier]
        && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
        && double.TryParse(multiplier, NumberStyles.Float, CultureInfo.InvariantCulture, out var part) ? new(from, part)
            : throw new ArgumentException($"{Stairs.Name}: '{given}' is no step and part of --lr; write for example 3000=0.1,6000=0.01");

    static List<RateRule>? RatesOf(ParseResult parsed)
    {
        List<RateRule> rules = [.. parsed.GetValue(Freeze)!.Select(pattern => new RateRule(pattern, 0)),
            .. parsed.GetValue(RateMultipliers)!.Select(RateOf)];
        if (parsed.GetValue(TopBlocks) > 0) rules.Add(new(LockedTower.Below, 0));
        return rules is [] ? null : rules;
    }

    static RateRule RateOf(string given)
    {
        var at = given.LastIndexOf('=');
        return at > 0 && double.TryParse(given.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var multiplier)
            ? new(given[..at], multiplier)
            : throw new ArgumentException($"--lr-mult {given}: say a pattern of parameter names and a number, e.g. 'img/.*=0.1'");
    }
}
