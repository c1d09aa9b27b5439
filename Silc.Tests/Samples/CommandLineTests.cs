using Silc.Samples;

namespace Silc.Tests;

/// <summary>The program <c>silc</c> as its user sees it: exit codes, messages and files.</summary>
[TestClass, DoNotParallelize]
public sealed class CommandLineTests : TempFolder
{
    // The least that the demo's pictures and the mini preset allow.
    string[] Train(string folder, int steps, params string[] more) =>
    [
        "train", "--data", "demo", "--steps", $"{steps}", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views", "1",
        "--ema", "0.9", "--warmup", "1", "--schedule", "constant", "--log-every", "1", "--device", "cpu", "--out", At(folder), .. more,
    ];

    [TestMethod]
    [DataRow("trian", "trian")]
    [DataRow("train", "--data")]
    [DataRow("train --data demo --out x --batch many", "--batch")]
    [DataRow("train --data demo --out x --contrastive cosine", "--contrastive")]
    [DataRow("eval", "silc eval --help")]
    [DataRow("eval zero-shot --model x --data demo --eval-crop round", "--eval-crop")]
    public void A_wrong_command_line_is_named_in_one_line(string line, string named)
    {
        var (code, _, error) = Run(line.Split(' '));
        Assert.AreEqual(CommandLine.Misused, code);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    // A line that is wrongly accepted would train for an hour.
    [TestMethod, Timeout(30_000)]
    [DataRow("train --data nowhere.csv --out x", "nowhere.csv")]
    [DataRow("train --data wds:nowhere/{0..3}.tar --out x", "nowhere/0.tar is missing")]
    [DataRow("train --data nowhere/*.tar.gz --out x", "--data nowhere/*.tar.gz: no shard matches")]
    [DataRow("train --data nowhere.TGZ --out x", "nowhere.TGZ is missing")]
    [DataRow("train --data classes:nowhere --out x", "classes:nowhere")]
    [DataRow("train --data demo --template {} --out x", "--template is for")]
    [DataRow("train --data demo --image-column a --out x", "--image-column is for")]
    [DataRow("train --data emoji:nowhere --out x", "silc data emoji --out nowhere")]
    [DataRow("train --data demo --preset huge --out x", "so400m")]
    [DataRow("train --data demo --device tpu --out x", "opencl")]
    [DataRow("train --data demo --device cuda:9 --out x", "there is: ")]
    [DataRow("train --data demo --augment wobble --out x", "jitter")]
    [DataRow("train --data demo --augment jitter=2 --out x", "jitter=2")]
    [DataRow("train --data demo --augment blur=1:2:0 --out x", "'2' is no probability")]
    [DataRow("train --data demo --augment blur=1:0 --out x", "or three")]
    [DataRow("train --data demo --views moco --out x", "silc, siglip2, dino")]
    [DataRow("train --data demo --batch 0 --out x", "batch size is 0")]
    [DataRow("train --data demo --tokenizer none.model --out x", "none.model")]
    [DataRow("train --data demo --resume none.safetensors --out x", "none.safetensors")]
    [DataRow("bench huge", "mini, ti, s, b")]
    [DataRow("bench mini --batch 0", "--batch is 0")]
    [DataRow("bench data --data nowhere.csv", "nowhere.csv")]
    [DataRow("data inspect --data demo --most 0", "--most is 0")]
    [DataRow("eval zero-shot --model none --data demo", "silc train --out none")]
    [DataRow("eval zero-shot --model none --data demo --template nothing", "{}")]
    public void What_cannot_be_done_is_named_in_one_line(string line, string named)
    {
        var (code, _, error) = Run(line.Split(' '));
        Assert.AreEqual(CommandLine.Failed, code);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    [TestMethod]
    [DataRow("train --data {0}/t.csv --image-column picture --out x", "no column 'picture', it has 'file', 'text'")]
    [DataRow("train --data {0}/t.csv --separator ;; --out x", "--separator ';;': give one character")]
    [DataRow("train --data {0}/t.csv --separator ; --image-column file --caption-column words --out x", "no column 'words', it has 'file', 'text'")]
    [DataRow("eval zero-shot --model none --data {0}/t.csv --separator tab", "silc train --out none")]
    [DataRow("train --data classes:{0} --template photo --out x", "'photo' has no {}")]
    [DataRow("train --data {0}/t.tar --out x", "t.tar is empty")]
    public void What_is_wrong_with_files_is_named_in_one_line(string line, string named)
    {
        File.WriteAllText(At("t.csv"), "file;text\na.png;b\n");
        File.WriteAllText(At("t.tar"), "");
        var (code, _, error) = Run(line.Replace("{0}", Root).Split(' '));
        Assert.AreEqual(CommandLine.Failed, code, error);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    [TestMethod]
    public void Help_shows_examples_and_devices_shows_the_cpu()
    {
        StringAssert.Contains(Run("train", "--help").Output, "silc train --data emoji:data/emoji");
        StringAssert.Contains(Run("devices").Output, "SILC_DEVICE");
    }

    [TestMethod]
    public void Benches_print_what_they_measured()
    {
        var (code, output, _) = Run("bench", "mini", "--batch", "2", "--steps", "1", "--device", "cpu", "--ops");
        Assert.AreEqual(0, code);
        foreach (var word in new[] { "samples/s", "MiB", "images/s", "ceiling", "attention backward", "adamw" }) StringAssert.Contains(output, word);
        StringAssert.Contains(Run("bench", "matmul", "33", "7", "130", "--device", "cpu").Output, "GFLOP/s");
        StringAssert.Contains(Run("bench", "attention", "2", "7", "2", "8", "--device", "cpu").Output, "backward");
        var data = Run("bench", "data", "--data", "demo", "--preset", "mini", "--seconds", "0.1").Output;
        foreach (var stage in new[] { "read", "decode", "augment", "tokenize", "samples/s" }) StringAssert.Contains(data, stage);
    }

    [TestMethod]
    public void Inspecting_a_set_counts_what_is_in_it_and_draws_its_views()
    {
        for (int i = 0; i < 3; i++)
        {
            PictureFile.Write(At($"{i}.png"), Pictures.Noise(24, 20, seed: i / 2));     // 0 and 1 are equal
            File.WriteAllText(At($"{i}.txt"), i == 2 ? "two" : "one");
        }
        File.WriteAllText(At("bad.png"), "no picture");
        File.WriteAllText(At("bad.txt"), "bad");
        var (code, output, _) = Run("data", "inspect", "--data", Root, "--preset", "mini", "--sheet", At("sheet/views.png"));
        Assert.AreEqual(0, code);
        foreach (var words in new[] { "4 pairs", "1 pictures equal an earlier one, 1 captions", "unreadable: 1", "bad.png: 10 bytes are no picture" })
            StringAssert.Contains(output, words);
        Assert.IsTrue(PictureFile.Read(At("sheet/views.png")).Width > 300);
    }

    [TestMethod]
    public void A_run_that_is_resumed_ends_where_a_whole_run_ends()
    {
        Assert.AreEqual(0, Run(Train("whole", 4)).Code);
        string[] files = [".lock", "loss.png", "metrics.csv", "model.safetensors", "step-00000004.safetensors"];
        CollectionAssert.AreEquivalent(files, Directory.GetFiles(At("whole"), "*", SearchOption.AllDirectories)
            .Select(Path.GetFileName).ToArray());
        Assert.HasCount(5, File.ReadAllLines(At("whole/metrics.csv")));

        // With a constant schedule the first two steps do not depend on how many follow.
        Assert.AreEqual(0, Run(Train("parts", 2)).Code);
        Assert.AreEqual(0, Run("train", "--resume", At("parts"), "--steps", "4").Code);
        CollectionAssert.AreEqual(File.ReadAllBytes(At("whole/model.safetensors")), File.ReadAllBytes(At("parts/model.safetensors")));
        CollectionAssert.AreEqual(Losses("whole"), Losses("parts"));

        var (code, output, _) = Run("eval", "zero-shot", "--model", At("whole"), "--data", "demo", "--device", "cpu", "--json", At("scores.json"));
        Assert.AreEqual(0, code);
        StringAssert.Contains(output, "chance");
        StringAssert.Contains(File.ReadAllText(At("scores.json")), "\"R@10\"");
    }

    string[] Losses(string folder) => [.. File.ReadAllLines(At($"{folder}/metrics.csv")).Select(line => string.Join(',', line.Split(',')[..4]))];

    [TestMethod]
    public void A_table_of_pictures_trains_with_its_tokenizer_and_is_scored_by_retrieval()
    {
        var demo = new DemoSource(8, seed: 3, size: 32);
        for (int i = 0; i < demo.Count; i++) PictureFile.Write(At($"{i}.png"), demo.Read(i).Picture);
        File.WriteAllLines(At("table.csv"), Enumerable.Range(0, demo.Count).Select(i => $"{i}.png,\"{demo.Read(i).Captions[0]}\"").Prepend("filepath,title"));
        var tokenizer = Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer/t5_style.model");
        string[] train = [.. Train("run", 2, "--tokenizer", tokenizer, "--distillation", "0", "--contrastive", "sigmoid", "--views", "dino").Select(word => word == "demo" ? At("table.csv") : word)];

        Assert.AreEqual(0, Run(train).Code);
        Assert.IsTrue(File.Exists(At("run/tokenizer.model")));
        var (code, output, error) = Run("eval", "zero-shot", "--model", At("run/model.safetensors"), "--data", At("table.csv"), "--device", "cpu", "--eval-crop", "center");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "R@5");
    }

    internal static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var (before, errorBefore, console) = (Console.Out, Console.Error, Spectre.Console.AnsiConsole.Console);
        Console.SetOut(output);
        Console.SetError(error);
        Spectre.Console.AnsiConsole.Console = Spectre.Console.AnsiConsole.Create(new() { Out = new Spectre.Console.AnsiConsoleOutput(output) });
        try
        {
            return (CommandLine.Run(args), output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(before);
            Console.SetError(errorBefore);
            Spectre.Console.AnsiConsole.Console = console;
        }
    }
}
