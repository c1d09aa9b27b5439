using System.Globalization;

namespace Silc.Samples.Models;

/// <summary>What a model file holds, in lines for people.</summary>
static class ModelSummary
{
    public static void Print(ModelFile file, ModelWeights weights, TokenizerOrigin? tokenizer)
    {
        var config = weights.Config;
        Console.WriteLine($"read      {file.Path}: {file.Format.Describe()}, {file.Used.Count:N0} tensors");
        Console.WriteLine($"image     {Image(config)}; {config.ImageSize} pixels, "
            + $"{config.Grid} x {config.Grid} patches of {config.PatchSize}");
        if (!config.HasText)
        {
            Console.WriteLine($"text      none; {weights.TowerParameterCount:N0} parameters in the image tower");
            Rest(file, weights, tokenizer);
            return;
        }
        Console.WriteLine($"text      {Tower(config.Text)}; {config.TextLength} tokens of {config.VocabSize:N0}"
            + (config.TextPooling == TextPooling.Last ? "" : $", pooled by {config.TextPooling}"));
        var bias = config.Contrastive == ContrastiveKind.Sigmoid ? $", b = {Value(weights, "b"):F3}; sigmoid loss"
            : "; no b, so InfoNCE";
        Console.WriteLine($"model     {weights.TowerParameterCount:N0} parameters in both towers; t = {Value(weights, "t"):F3}, "
            + $"a factor of {Math.Exp(Value(weights, "t")):F1}{bias}");
        Rest(file, weights, tokenizer);
    }

    /// <summary>What training sees of an image.</summary>
    public static string Views(SilcConfig config) => config.Views is { Naflex: > 0 } views
        ? $"the whole image at its own aspect ratio, in at most {string.Join(", ", views.NaflexLengths)} patches"
        : $"{config.Views.Global} of {config.ImageSize} pixels and {config.Views.Local} of {config.Views.LocalSize}";

    static void Rest(ModelFile file, ModelWeights weights, TokenizerOrigin? tokenizer)
    {
        var config = weights.Config;
        Console.WriteLine(weights.HasHead
            ? $"head      {config.Head.Hidden}-{config.Head.Bottleneck}-{config.Head.Prototypes}, for self-distillation"
            : "head      none for self-distillation; training starts with a fresh one");
        if (config.Grid != file.Config.Grid)
            Console.WriteLine($"resized   positions from {file.Config.Grid} x {file.Config.Grid} to "
                + $"{config.Grid} x {config.Grid}");
        Console.WriteLine($"images    {config.Images.Describe()}");
        if (tokenizer?.IsSentencePiece == true) Console.WriteLine($"captions  {tokenizer.Captions.Describe()}");
        if (LeftOut.Of(file) is { } names) Console.WriteLine($"left out  {names}");
        foreach (var note in file.Notes) Console.WriteLine($"note      {note}");
    }

    /// <summary>What a format cannot say of a model, and what is still missing, a sentence each.</summary>
    public static IEnumerable<string> Losses(ModelWeights weights, ModelFormat format, TokenizerOrigin? tokenizer)
    {
        var config = weights.Config;
        if (format == ModelFormat.Npz && (config.Image.Gelu == GeluKind.Exact || config.Text.Gelu == GeluKind.Exact))
            yield return "an npz file cannot say that a tower has exact GELU: "
                + "whoever reads it will take the tanh form, as big_vision does";
        if (format == ModelFormat.Npz && config.TextPooling is TextPooling.First or TextPooling.Mean or TextPooling.Max)
            yield return $"an npz file cannot say that captions are pooled by {config.TextPooling}: "
                + "whoever reads it needs the option (silc: --text-pooling, big_vision: pool_type)";
        if (weights.HasHead && format is ModelFormat.HuggingFace or ModelFormat.OpenClip)
            yield return "the self-distillation head was left out: this format has no place for it";
        if (format is ModelFormat.HuggingFace or ModelFormat.OpenClip && !config.Image.ClassToken && config.Contrastive == ContrastiveKind.Softmax)
            yield return "the model has no bias b: logit_bias is written as 0, "
                + $"which {(format == ModelFormat.HuggingFace ? "transformers" : "open_clip's SigLIP")} wants";
        if (format == ModelFormat.OpenClip && !config.Image.ClassToken && OpenClipModel.GeluThere(config) != config.Image.Gelu)
            yield return "open_clip computes this image tower with "
                + (config.Image.Gelu == GeluKind.Tanh
                ? "exact GELU, the model has the tanh form: " : "the tanh form of GELU, the model has the exact one: ")
                + "embeddings of images differ by about 1e-3 there";
        if (format == ModelFormat.Npz && config.Images.Filter != EvalFilter.Tf)
            yield return $"an npz file tells Silc alone how images are resized ({config.Images.Resize}): big_vision takes its own bilinear";
        if (format is ModelFormat.HuggingFace or ModelFormat.OpenClip && config.Images.Filter is not (EvalFilter.Pil or EvalFilter.PilBilinear))
            yield return $"the other library resizes images by PIL's {(HuggingFaceModel.IsBilinear(config.Images) ? "bilinear" : "bicubic")}, "
                + $"which comes nearest to {config.Images.Resize}";
        if (tokenizer is { IsSentencePiece: true })
        {
            if (format == ModelFormat.Npz)
                yield return $"an npz file cannot say what becomes of captions; here {tokenizer.Captions.Describe()}";
            if (format is ModelFormat.HuggingFace or ModelFormat.OpenClip
                && tokenizer.Captions is CaptionRule.LowerAscii or CaptionRule.AsIs or CaptionRule.Lower
                && !HuggingFaceModel.IsGemma(tokenizer))
                yield return $"the other library's tokenizer leaves out punctuation and lowers all letters; "
                    + $"here {tokenizer.Captions.Describe()}: captions with either differ there";
        }
        if (tokenizer is null && config.HasText)
            yield return $"there is no tokenizer: captions need one of {config.VocabSize:N0} ids, given with --tokenizer FILE"
                + (config.VocabSize == 32_000
                    ? " (SigLIP's and SILC's is c4_en's sentencepiece.model, called spiece.model on Hugging Face)" : "");
        else if (tokenizer is not null && format is ModelFormat.HuggingFace or ModelFormat.OpenClip
            && !tokenizer.IsSentencePiece && tokenizer.Open() is not ClipTokenizer)
            yield return $"the other library has no tokenizer like '{tokenizer.Name}': give it token ids";
    }

    public static string Size(long bytes) => bytes >= 1 << 20 ? $"{bytes / 1048576.0:N1} MiB" : $"{(bytes + 1023) / 1024:N0} KiB";

    /// <summary>The sizes of the image tower, and of what is on top of it.</summary>
    public static string Image(SilcConfig config) => Tower(config.Image)
        + (config.TopBlocks > 0 ? $", {config.TopBlocks} {(config.TopBlocks == 1 ? "block" : "blocks")} on top" : "")
        + (config.PoolsMean ? $", pooled by {config.ImagePooling}" : "");

    /// <summary>The sizes of a tower.</summary>
    public static string Tower(TowerConfig tower)
    {
        var gelu = tower.Gelu switch { GeluKind.Exact => "exact", GeluKind.Quick => "quick", _ => "tanh" };
        return string.Create(CultureInfo.InvariantCulture,
            $"{tower.Depth} layers of {tower.Width} channels, {tower.Heads} heads, MLP {tower.MlpDim}, {gelu} GELU")
            + (tower.ClassToken ? ", class token" : "")
            + (tower.Registers > 0 ? $", {tower.Registers} registers" : "") + (tower.Causal ? ", causal" : "");
    }

    static float Value(ModelWeights weights, string name)
    {
        float value = 0;
        weights.Read(name, values => value = values[0]);
        return value;
    }
}
