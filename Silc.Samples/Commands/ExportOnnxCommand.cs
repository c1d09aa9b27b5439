using System.CommandLine;
using Silc.Samples.Models;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc export onnx</c>: both towers for ONNX Runtime.</summary>
static class ExportOnnxCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Out = new("--out")
    {
        Description = "Folder for image.onnx, text.onnx and the tokenizer.",
        HelpName = "DIR",
        Required = true
    };
    static readonly Option<int?> ImageSize = new("--image-size")
    {
        Description = "Side of images in pixels, if not the model's: positions are resized.",
        HelpName = "PIXELS",
    };

    static readonly Option<string?> Positions = PositionOptions.Create();

    public static Command Create()
    {
        var command = new Command("onnx", $"""
            Write both towers for ONNX Runtime: {OnnxExport.ImageName} takes pixel_values (batch, 3, size, size),
            {OnnxExport.TextName} takes input_ids (batch, tokens).
            The files' metadata say how to prepare images and captions, and the factor and bias of the loss.

            Examples:
              silc export onnx --model runs/demo --out runs/demo/onnx
              silc export onnx --model siglip_b16.npz --tokenizer sentencepiece.model --out models/onnx
            """)
        { Model, Out, ImageSize, Positions, ModelOption.Tokenizer };
        command.SetAction(Export);
        return command;
    }

    static int Export(ParseResult parsed)
    {
        var (input, folder) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Out));
        if (!File.Exists(input) && !Directory.Exists(input))
            throw new FileNotFoundException($"--model {input}: there is no such file or folder");
        using var file = ModelFile.Open(input);
        Output[] towers = [Output.Onnx(Path.Combine(folder, OnnxExport.ImageName)), Output.Onnx(Path.Combine(folder, OnnxExport.TextName))];
        OutputGuard.Check(parsed, [file.Path], [.. towers, .. towers.Select(tower => Output.Beside($"{tower.Path}.data", tower)),
            .. ModelWriter.FilesBeside(ModelFormat.Npz).Select(name => Output.Beside(Path.Combine(folder, name), towers[0]))]);
        var weights = parsed.GetValue(ImageSize) is { } size ? file.Weights.WithImageSize(size, PositionOptions.Of(parsed, Positions)) : file.Weights;
        var tokenizer = ModelOption.TokenizerOf(parsed.GetValue(ModelOption.Tokenizer)) ?? file.Tokenizer;
        if (tokenizer is not null) ModelOption.CheckTokenizer(tokenizer, file);
        ModelSummary.Print(file, weights, tokenizer);
        if (parsed.GetValue(ImageSize) is not null) PatchNote.Say(weights.Config);
        foreach (var path in OnnxExport.Write(weights, folder, tokenizer))
            Console.WriteLine($"wrote     {path} ({ModelSummary.Size(new FileInfo(path).Length)})");
        foreach (var note in ModelSummary.Losses(weights, ModelFormat.Silc, tokenizer)) Console.WriteLine($"note      {note}");
        return 0;
    }
}
