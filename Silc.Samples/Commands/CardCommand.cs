using System.CommandLine;
using System.Text.RegularExpressions;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Report;

namespace Silc.Samples.Commands;

/// <summary><c>silc card</c>: the model card of a model.</summary>
static partial class CardCommand
{
    static readonly Argument<string> Model = new("MODEL") { Description = "A run, or a file or folder of weights in any format." };
    static readonly Option<string?> Licence = new("--license", "--licence")
    {
        Description = "As Hugging Face spells it: apache-2.0, mit, cc-by-4.0, other; that of the card in the folder, or unknown, unless given.",
        HelpName = "ID",
    };
    static readonly Option<string[]> Scores = new("--scores")
    {
        Description = "What silc eval … --json wrote, for the card's results; can be given several times.",
        HelpName = "FILE.json",
    };
    static readonly Option<string?> Out = new("--out") { Description = "The file; printed unless given.", HelpName = "README.md" };

    public static Command Create()
    {
        var command = new Command("card", $"""
            Print or write a model card in Hugging Face's form: licence, data, recipe, results and environment, as far as files say. silc train and
            silc convert leave one beside the model as {ModelCard.FileName}, unless a file of your own has that name.

            Examples:
              silc card runs/mine
              silc eval retrieval --model runs/mine --data held-out.csv --json runs/mine/retrieval.json
              silc card runs/mine --license cc-by-4.0 --scores runs/mine/retrieval.json --out runs/mine/README.md
            """) { Model, Licence, Scores, Out };
        command.SetAction(Write);
        return command;
    }

    static int Write(ParseResult parsed)
    {
        var (name, path, licence) = (ShippedModel.Locate(parsed.GetRequiredValue(Model)), parsed.GetValue(Out), parsed.GetValue(Licence));
        if (!File.Exists(name) && !Directory.Exists(name)) throw new FileNotFoundException($"{name}: no such file or folder");
        if (licence is not null && !Identifier().IsMatch(licence))
            throw new ArgumentException($"--license {licence}: give an identifier in lower case, such as apache-2.0, cc-by-4.0 or other");
        if (path is not null) OutputGuard.Check(parsed, new Output(path, ModelCard.IsOwn));
        using var file = ModelFile.Open(name);
        var folder = Directory.Exists(name) ? name : Path.GetDirectoryName(Path.GetFullPath(name))!;
        var run = RunFolder.Checkpoints(folder).Count > 0 ? RunRecord.Open(folder) : null;
        var card = ModelCard.Of(folder, file, run, run is null ? file.Path : null, licence, parsed.GetValue(Scores)!);
        if (path is null)
        {
            Console.Write(card.Text);
            return 0;
        }
        AtomicFile.WriteText(path, card.Text);
        Console.WriteLine($"wrote {path}");
        return 0;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]*$")]
    private static partial Regex Identifier();
}
