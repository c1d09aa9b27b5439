using System.CommandLine;
using Silc.Samples.Outputs;

namespace Silc.Tests;

/// <summary>No command writes over a file that it reads or that it did not make.</summary>
[TestClass, DoNotParallelize]
public sealed class KeptFilesTests : TempFolder
{
    const string Table = "filepath,title,label,split\na.png,first caption,7,train\nb.png,other,3,test\n";

    [TestInitialize]
    public void Prepare()
    {
        ImageFile.Write(At("a.png"), Images.Noise(6, 6, 1));
        ImageFile.Write(At("b.png"), Images.Noise(6, 6, 2));
        File.WriteAllText(At("photos.csv"), Table);
        File.WriteAllText(At("texts.txt"), "a red star\n");
        File.WriteAllText(At("mine.json"), """{"scores": "of my own"}""");
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), TinyRun.Config with { VocabSize = 258 }, 1, new ByteTokenizer());
        model.Save(At("run/model.safetensors"), model.Tokenizer!.Origin, step: 3);
    }

    [TestMethod]
    [DataRow("embed --model run --data photos.csv --out photos.npy", "photos.csv", DisplayName = "embed-overwrites-its-own-table")]
    [DataRow("embed --model run --data photos.csv --out photos.csv", "photos.csv")]
    [DataRow("embed --model run --texts photos.csv --out photos.npy", "photos.csv")]
    [DataRow("embed --model run --texts texts.txt --out a.png", "a.png")]
    [DataRow("convert run run", "run/model.safetensors")]
    [DataRow("convert run/model.safetensors run/model.safetensors", "run/model.safetensors")]
    [DataRow("convert run photos.csv", "photos.csv")]
    [DataRow("eval retrieval --model run --data photos.csv --json photos.csv", "photos.csv")]
    [DataRow("eval retrieval --model run --data photos.csv --json mine.json", "mine.json")]
    [DataRow("eval zero-shot --model run --data demo --confusion a.png", "a.png")]
    [DataRow("eval zero-shot --model run --data demo --per-class photos.csv", "photos.csv")]
    [DataRow("eval segmentation --model run --data demo --overlays b.png", "b.png")]
    [DataRow("data inspect --data photos.csv --sheet a.png", "a.png")]
    [DataRow("report run --no-eval --out texts.html", "texts.html")]
    [DataRow("export onnx --model run --out run/model.safetensors", "run/model.safetensors")]
    [DataRow("train --data demo --steps 1 --batch 2 --out run --overwrite --init run", "run/model.safetensors")]
    [DataRow("train --data demo --steps 1 --batch 2 --out weights --overwrite", "weights/model.safetensors")]
    [DataRow("train --data photos.csv --steps 1 --batch 2 --out tables", "tables/metrics.csv")]
    public void What_is_read_or_not_its_own_stays(string line, string kept)
    {
        File.WriteAllText(At("texts.html"), "<p>mine</p>");
        Directory.CreateDirectory(At("weights"));
        Safetensors.Write(At("weights/model.safetensors"), [new("x", [1], [1])]);
        Directory.CreateDirectory(At("tables"));
        File.WriteAllText(At("tables/metrics.csv"), "kilometres,litres\n1,2\n");
        var before = Content();
        var (code, output, error) = Run(line);
        Assert.AreNotEqual(0, code, output);
        Assert.Contains(Path.GetFileName(kept), error);
        AssertSame(before, Content());
    }

    [TestMethod]
    [DataRow("embed --model run --texts texts.txt --out v.npy", "v.npy")]
    [DataRow("embed --model run --texts texts.txt --out v.csv", "v.csv")]
    [DataRow("convert run hf --to hf", "hf/model.safetensors")]
    [DataRow("convert run m.npz", "m.npz")]
    [DataRow("eval retrieval --model run --data photos.csv --json s.json", "s.json")]
    [DataRow("data inspect --data photos.csv --sheet views.png", "views.png")]
    [DataRow("report run --no-eval", "run/report.html")]
    [DataRow("export onnx --model run --out onnx", "onnx/image.onnx")]
    public void What_a_command_made_it_may_make_again(string line, string made)
    {
        for (int i = 0; i < 2; i++)
        {
            var (code, output, error) = Run(line);
            Assert.AreEqual(0, code, output + error);
        }
        Assert.IsTrue(File.Exists(At(made)));
    }

    [TestMethod]
    public void An_index_is_not_written_over_the_one_that_names_its_images()
    {
        Assert.AreEqual(0, Run("embed --model run --data photos.csv --out v.csv").Code);
        var before = File.ReadAllBytes(At("v.csv"));
        var (code, _, error) = Run("embed --model run --data v.csv --out v.npy");
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains("v.csv", error);
        Assert.Contains("read by this command", error);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(At("v.csv")));
        Assert.IsFalse(File.Exists(At("v.npy")));
    }

    [TestMethod]
    public void A_link_is_no_way_round()
    {
        File.CreateSymbolicLink(At("link.csv"), At("photos.csv"));
        File.CreateSymbolicLink(At("here"), Root);
        Assert.Contains("read by this command", Run("eval retrieval --model run --data link.csv --json photos.csv").Error);
        Assert.Contains("photos.csv", Run("eval retrieval --model run --data photos.csv --json here/photos.csv").Error);
        Assert.AreEqual(Table, File.ReadAllText(At("photos.csv")));
    }

    [TestMethod]
    public void Two_outputs_of_one_name_are_refused()
    {
        var (code, _, error) = Run("eval zero-shot --model run --data demo --json x --per-class x");
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains("twice", error);
    }

    [TestMethod]
    [DataRow("model.onnx", "silc export onnx", DisplayName = "convert-to-a-name-of-onnx")]
    [DataRow("model.pt", "pickle"), DataRow("model.bin", "pickle"), DataRow("model.h5", "'.h5' is no format")]
    public void A_name_of_another_format_is_no_folder(string name, string words)
    {
        var (code, _, error) = Run($"convert run {name}");
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains(words, error);
        Assert.IsFalse(Path.Exists(At(name)));
    }

    // An option that is added names what is read until it is said here that it is written, and then in OutputGuard.
    [TestMethod]
    public void Every_option_that_names_a_file_is_known_to_be_read_or_written()
    {
        string[] read =
        [
            "--model", "--data", "--texts", "--tokenizer", "--index", "--like", "--classes", "--test", "--init", "--resume",
                "--photographs", "--templates", "--recipe", "--config", "--val-data", "--val-classes", "--scores", "--api-key-file",
                "--results", "--image-folder", "--boxes", "--head", "--models", "--feature-cache",
        ];
        var names = Commands(SilcCommand.Root()).SelectMany(command => command.Options)
            .Where(option => option.HelpName is { } help && new[] { "FILE", "DIR", "FOLDER", "IMAGE" }.Any(help.Contains))
            .Select(option => option.Name).Distinct().Except(read);
        CollectionAssert.AreEquivalent(OutputGuard.OptionNames.ToArray(), names.ToArray());
    }

    static IEnumerable<Command> Commands(Command root) => root.Subcommands.SelectMany(Commands).Prepend(root);

    // As a user types it, in the folder.
    (int Code, string Output, string Error) Run(string line)
    {
        var before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Root);
        try
        {
            return CommandLineRun.Of(line.Split(' '));
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    Dictionary<string, byte[]> Content() => Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) != ".lock").ToDictionary(file => file, File.ReadAllBytes);

    static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (file, bytes) in expected) CollectionAssert.AreEqual(bytes, actual[file], file);
    }
}
