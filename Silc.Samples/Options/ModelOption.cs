using System.CommandLine;
using Silc.Samples.Models;

namespace Silc.Samples.Options;

/// <summary>The value of <c>--model</c>: a run, or a file or folder of any format that Silc reads; and <c>--tokenizer</c>.</summary>
static class ModelOption
{
    public static Option<string> Create(bool required = true) => new("--model")
    {
        Description = "A folder that silc train or silc convert wrote, or weights of big_vision (.npz), "
            + "Hugging Face or open_clip: a folder or the file. mini, unless you have such a file, is a small model of drawings that comes with the "
            + "program.",
        HelpName = "DIR|FILE|mini",
        Required = required,
        CustomParser = given => ShippedModel.Locate(given.Tokens[0].Value),
    };

    public static readonly Option<string?> Tokenizer = new("--tokenizer")
    {
        Description = "Tokenizer of captions, where the model brings none or another: bytes, words (words:N of N ids), "
            + "a SentencePiece FILE.model, a tokenizer.json or CLIP's FILE.txt.gz.",
        HelpName = "FILE",
    };

    /// <summary>Opens the model; where captions will be embedded it must have a tokenizer.</summary>
    /// <param name="device">Where it will live.</param>
    /// <param name="value">Of the option.</param>
    /// <param name="parsed">The command line, which may name a tokenizer and a rule of images.</param>
    /// <param name="captions">Captions will be embedded.</param>
    /// <param name="images">The rule of images for the model's own; null takes that of the command line.</param>
    public static SilcModel Load(Device device, string value, ParseResult parsed, bool captions = true, Func<ImageRule, ImageRule>? images = null)
    {
        if (!File.Exists(value) && !Directory.Exists(value))
            throw new FileNotFoundException(
                $"--model {value}: there is no such file or folder; train one with silc train --out {value}");
        using var file = ModelFile.Open(value);
        LeftOut.Say(file);
        if (captions && !file.Config.HasText)
            throw new InvalidDataException($"--model {value} is an image tower alone: it embeds images (silc embed --data) "
                + "and is probed (silc eval probe), but has no text tower for captions; "
                + "silc train --init draws one, or take the whole model that the tower is a part of");
        var given = TokenizerOf(parsed.GetValue(Tokenizer))?.Open();
        if (given is not null) file.RequireTokenizer(given, $"--tokenizer {parsed.GetValue(Tokenizer)}");
        var config = file.Config with { Images = images is null ? EvalOptions.RuleOf(parsed, file.Config.Images) : images(file.Config.Images) };
        var model = SilcModel.From(device, file.Weights, config, given ?? file.Tokenizer?.Open());
        if (!captions || model.Tokenizer is not null) return model;
        var vocabulary = model.Config.VocabSize;
        model.Dispose();
        throw new InvalidDataException($"--model {value} brings no tokenizer: give one of {vocabulary:N0} ids with --tokenizer FILE"
            + (Tokenizers.Open("words").VocabSize == vocabulary ? ", or --tokenizer words if it was trained with Silc's words" : ""));
    }

    /// <summary>The option's value, once it is sure that the file is there.</summary>
    public static TokenizerOrigin? TokenizerOf(string? given) => given is null ? null
        : Tokenizers.IsBuiltIn(given) || File.Exists(given) ? TokenizerOrigin.Of(given)
        : throw new FileNotFoundException(
            $"--tokenizer {given}: no such file; say bytes or words, or name a .model, tokenizer.json or .txt.gz file");

    /// <summary>Throws unless the tokenizer opens and is the model's, as far as its file says.</summary>
    public static void CheckTokenizer(TokenizerOrigin tokenizer, ModelFile file) =>
        file.RequireTokenizer(tokenizer.Open(), $"--tokenizer {tokenizer.Name}");
}
