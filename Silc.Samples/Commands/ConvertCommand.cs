using System.CommandLine;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Report;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc convert</c>: a model from one library's files to another's.</summary>
static class ConvertCommand
{
    static readonly Argument<string> Input = new("IN")
    {
        Description = "A file or folder of big_vision (.npz), Hugging Face, open_clip or Silc.",
    };
    static readonly Argument<string> Target = new("OUT")
    {
        Description = "A folder; or the file of the weights, ending in .npz or .safetensors.",
    };
    static readonly Option<string?> To = new("--to")
    {
        Description = "Whose format to write; silc unless OUT ends in .npz.",
        HelpName = string.Join('|', ModelFormats.Names)
    };
    static readonly Option<int?> ImageSize = new("--image-size")
    {
        Description = "Side of images in pixels, if not the file's: positions are resized.",
        HelpName = "PIXELS",
    };

    static readonly Option<string?> TextPooling = TextPoolingOption.Create();

    static readonly Option<bool?> Stacked = new("--stacked")
    {
        Description = "For npz: true writes the layers of a tower as one array, as big_vision wants for text.scan=True, "
            + "false each by itself; as in IN if not given.",
        HelpName = "true|false",
    };

    static readonly Option<MapProbe> Probe = OptionForm.Choice("--probe",
        "Which probe pools images: second takes that of a run with --dual, whose embeddings its second captions were compared with.",
        MapProbe.First);

    static readonly Option<string?> Positions = PositionOptions.Create();

    public static Command Create()
    {
        var command = new Command("convert", """
            Convert a model between big_vision, Hugging Face, open_clip and Silc.
            The architecture is found from the file; values stay as they are, to the bit.

            Examples:
              silc convert siglip_b16.npz models/siglip --tokenizer sentencepiece.model
              silc convert models/siglip models/siglip-hf --to hf
              silc convert siglip-hf siglip.npz
              silc convert siglip_b16.npz models/siglip-384 --image-size 384
              silc convert runs/dual models/second --probe second
            """)
        { Input, Target, To, ImageSize, Positions, TextPooling, EvalOptions.Resize, EvalOptions.Background, Stacked, Probe,
            ModelOption.Tokenizer };
        command.SetAction(Convert);
        return command;
    }

    static int Convert(ParseResult parsed)
    {
        var (input, output) = (ShippedModel.Locate(parsed.GetRequiredValue(Input)), parsed.GetRequiredValue(Target));
        var format = parsed.GetValue(To) is { } name ? ModelFormats.Parse(name)
            : Path.GetExtension(output).Equals(".npz", StringComparison.OrdinalIgnoreCase) ? ModelFormat.Npz : ModelFormat.Silc;
        if (!File.Exists(input) && !Directory.Exists(input)) throw new FileNotFoundException($"{input}: no such file or folder");
        var second = parsed.GetValue(Probe) == MapProbe.Second;
        using var file = ModelFile.Open(second ? WithProbes(input) : input, parsed.GetValue(ImageSize));
        CheckOutput(parsed, file.Path, format, output);
        var weights = second ? SecondOf(file, input) : file.Weights;
        if (parsed.GetValue(ImageSize) is { } size) weights = weights.WithImageSize(size, PositionOptions.Of(parsed, Positions));
        weights = weights with { Config = weights.Config with { Images = EvalOptions.RuleOf(parsed, weights.Config.Images) } };
        weights = weights with { Config = TextPoolingOption.Apply(weights.Config, parsed.GetValue(TextPooling)) };
        var tokenizer = ModelOption.TokenizerOf(parsed.GetValue(ModelOption.Tokenizer)) ?? file.Tokenizer;
        if (tokenizer is not null) ModelOption.CheckTokenizer(tokenizer, file);
        // Whatever refuses the conversion comes before the first line about it.
        if (parsed.GetValue(Stacked) is not null && format != ModelFormat.Npz)
            throw new ArgumentException("--stacked is for npz files; other formats have one layout");
        ModelWriter.RequireRoom(weights.Config, format);
        ModelSummary.Print(file, weights, tokenizer);
        if (second) Console.WriteLine($"probe     the second of {file.Path}");
        if (parsed.GetValue(ImageSize) is not null) PatchNote.Say(weights.Config);
        var written = ModelWriter.Write(weights, format, output, tokenizer, parsed.GetValue(Stacked) ?? file.Stacked);
        var sizes = written.Select(path => $"{path} ({ModelSummary.Size(new FileInfo(path).Length)})");
        Console.WriteLine($"wrote     {format.Describe()}: {string.Join(", ", sizes)}");
        Console.WriteLine($"card      {CardOf(input, written[0], format, second)}");
        foreach (var note in ModelSummary.Losses(weights, format, tokenizer)) Console.WriteLine($"note      {note}");
        return 0;
    }

    // A run's model has the first probe alone: the second is in the checkpoint of the same step.
    static string WithProbes(string input)
    {
        if (RunFolder.Checkpoints(input).Count == 0) return input;
        var (newest, model) = (RunFolder.Newest(input).Checkpoint, Path.Combine(input, RunFolder.ModelName));
        if (File.Exists(model) && ModelMetadata.Step(Safetensors.ReadMetadata(model)) is { } step && step > newest.Step)
            throw new ArgumentException($"{Probe.Name} second: {input} has a model of step {step:N0}, and the second probe is in its checkpoints "
                + $"alone, the newest of which is of step {newest.Step:N0}: name {newest.Path} to take that");
        return newest.Path;
    }

    static ModelWeights SecondOf(ModelFile file, string input) => file.Second
        ?? throw new ArgumentException($"{Probe.Name} second: {input} has no second probe: the checkpoint of a run with {LossTerm.Dual.Option} has "
            + $"one; leave {Probe.Name} out");

    // The story of a run goes with its weights; what the run measured is of its first probe.
    static string CardOf(string input, string weights, ModelFormat format, bool second)
    {
        var folder = Path.GetDirectoryName(weights) is { Length: > 0 } named ? named : ".";
        var source = Directory.Exists(input) ? input : Path.GetDirectoryName(Path.GetFullPath(input))!;
        var run = !second && RunFolder.Checkpoints(source).Count > 0 ? RunRecord.Open(source) : null;
        using var file = ModelFile.Open(weights);
        var card = ModelCard.Of(folder, file, run, run is null ? input : null,
            ModelCard.LicenceIn(Path.Combine(source, ModelCard.FileName)), []) with
        { Format = format, InRun = false };
        return card.Leave(Path.Combine(folder, ModelCard.FileName), $"silc card {Shell.Quoted(weights)}");
    }

    // A name that ends like a file of another kind would become a folder.
    static void CheckName(string output, ModelFormat format)
    {
        var extension = Path.GetExtension(output).ToLowerInvariant();
        if (Directory.Exists(output)) return;
        if (extension is ".onnx")
            throw new ArgumentException($"{output}: silc convert writes no ONNX, silc export onnx --model MODEL --out FOLDER does");
        if (CheckpointFile.IsPickle(extension))
            throw new ArgumentException($"{output}: silc writes no pickles, which can run code when they are opened; "
                + $"name a folder or a .safetensors file, which torch loads by safetensors.torch.load_file, for {format.Describe()}");
        if (extension is ".h5" or ".pb" or ".tflite" or ".msgpack" or ".gguf" or ".ggml" or ".mlmodel" or ".pdparams" or ".zip" or ".tar"
            or ".json" or ".npy")
            throw new ArgumentException($"{output}: '{extension}' is no format that silc convert writes; name a folder, or a file that ends in .npz "
                + "or .safetensors");
    }

    // What will be written, by the rules of ModelWriter.
    static void CheckOutput(ParseResult parsed, string input, ModelFormat format, string output)
    {
        CheckName(output, format);
        var weights = Output.Weights(ModelWriter.WeightsFile(format, output));
        var folder = Path.GetDirectoryName(weights.Path) ?? "";
        OutputGuard.Check(parsed, [input],
            [weights, .. ModelWriter.FilesBeside(format).Select(name => Output.Beside(Path.Combine(folder, name), weights))]);
    }
}
