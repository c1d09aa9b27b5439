using System.CommandLine;
using Silc.Samples.Models;

namespace Silc.Samples.Commands;

/// <summary><c>--init</c>: the weights that a new run begins with.</summary>
sealed class TrainInit : IDisposable
{
    readonly ModelFile file;

    TrainInit(ModelFile file, Tokenizer tokenizer, bool isBare, int? imageSize, PositionResize? positions)
    {
        (this.file, Tokenizer) = (file, tokenizer);
        Weights = Sized(isBare ? LockedTower.Bare(file.Weights) : file.Weights, imageSize, positions);
        Teacher = file.Teacher is { } teacher ? Sized(teacher, imageSize, positions) : null;
    }

    /// <summary>Towers, and perhaps head, with positions for the size of the images.</summary>
    public ModelWeights Weights { get; }

    /// <summary>The file of the weights.</summary>
    public string Path => file.Path;

    /// <summary>That of the option, or the file's own.</summary>
    public Tokenizer Tokenizer { get; }

    ModelWeights? Teacher { get; }

    /// <summary>Opens the file; null without the option.</summary>
    /// <param name="typed">
    /// What was typed: a preset there contradicts weights of both towers, while that of a recipe or a configuration file gives way.
    /// </param>
    /// <param name="parsed">The same with recipe and file under it.</param>
    public static TrainInit? Open(ParseResult typed, ParseResult parsed)
    {
        if (parsed.GetValue(TrainOptions.Init) is not { } given) return null;
        var path = ShippedModel.Locate(given);
        if (!File.Exists(path) && !Directory.Exists(path)) throw new FileNotFoundException($"--init {path}: no such file or folder");
        var file = ModelFile.Open(path, TrainOptions.ImageSizeOf(parsed));
        LeftOut.Say(file);
        try
        {
            var top = parsed.GetValue(TrainOptions.TopBlocks);
            if (top > 0 && file.Config.TopBlocks is > 0 and var there && there != top)
                throw new ArgumentException($"{TrainOptions.TopBlocks.Name} {top}: {path} has {there} already, which are trained on with {there}");
            var isBare = top > 0 && file.Config.TopBlocks == 0;
            // A text tower from scratch may have any tokenizer.
            var hasText = file.Config.HasText && (!isBare || file.Tokenizer is not null);
            if (hasText && !isBare && typed.GetResult(TrainOptions.Preset) is { Implicit: false })
                throw new ArgumentException($"{TrainOptions.Preset.Name} {parsed.GetValue(TrainOptions.Preset)} sizes what is drawn anew, and "
                    + $"--init {path} brings both towers: leave {TrainOptions.Preset.Name} out");
            var tokenizer = !hasText || parsed.GetResult(TrainOptions.Tokenizer) is { Implicit: false }
                ? Tokenizers.Open(TrainOptions.TokenizerOf(parsed)) : file.Tokenizer?.Open()
                ?? throw new InvalidDataException($"--init {path} brings no tokenizer: give the one that it was trained with by --tokenizer FILE");
            // Training a text tower on another vocabulary is allowed, with a warning, since it is rarely meant.
            if (!isBare && file.TokenizerFingerprint is { } own && tokenizer.Fingerprint is { } other && own != other)
                Console.Error.WriteLine($"warning: --init {path} was trained with the tokenizer {own}, this run takes {other}: its text tower "
                    + "begins with the meanings of other words");
            return new(file, tokenizer, isBare, TrainOptions.ImageSizeOf(parsed), PositionOptions.Of(parsed, TrainOptions.Positions));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The model with these weights.</summary>
    public SilcModel Model(Device device, SilcConfig config, Tokenizer tokenizer, int seed) =>
        SilcModel.From(device, Weights, config, tokenizer, seed);

    /// <summary>Gives the run's teacher the weights of the checkpoint's, where both have one, and says in a line what the run begins with.</summary>
    public string Begin(SilcModel student, Teacher? teacher)
    {
        var model = student.Config;
        var head = Weights.HasHead && Weights.Config.Head == model.Head;
        var towers = Weights.Config.HasText ? "both towers" : "its image tower; the text tower is drawn anew";
        var line = $"{file.Path}: {file.Format.Describe()}, {Weights.TowerParameterCount:N0} parameters in {towers}"
            + (model.TopBlocks > file.Config.TopBlocks
                ? $", {model.TopBlocks} new {(model.TopBlocks == 1 ? "block" : "blocks")} on the image tower, pooled by {model.ImagePooling}" : "")
            + (Weights.Config.Grid != file.Config.Grid ? $", positions resized to {model.Grid} x {model.Grid}" : "");
        if (teacher is null) return line;
        if (head && Teacher is not null) teacher.Load(Teacher);
        return $"{line}; head {(head ? "too" : "drawn anew")}, teacher {(head && Teacher is not null ? "too" : "a copy of the student")}";
    }

    static ModelWeights Sized(ModelWeights weights, int? imageSize, PositionResize? positions) =>
        imageSize is { } size ? weights.WithImageSize(size, positions) : weights;

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}
