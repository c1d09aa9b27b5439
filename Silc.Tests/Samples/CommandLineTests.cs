namespace Silc.Tests;

/// <summary>The program <c>silc</c> as its user sees it: exit codes, messages and files.</summary>
[TestClass, DoNotParallelize]
public sealed class CommandLineTests : TempFolder
{
    // The least that the demo's images and the mini preset allow.
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
    [DataRow("bench ti heads owl", "leave ti out")]
    [DataRow("bench mini search 1 10 4", "leave mini out")]
    [DataRow("bench mini --precision fp8", "--precision")]
    [DataRow("eval", "silc eval --help")]
    [DataRow("eval zero-shot --model x --data demo --eval-crop round", "--eval-crop")]
    public void A_wrong_command_line_is_named_in_one_line(string line, string named)
    {
        var (code, _, error) = Run(line.Split(' '));
        Assert.AreEqual(SilcCommand.Misused, code);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    // A line that is wrongly accepted would train for an hour.
    [TestMethod, Timeout(30_000)]
    [DataRow("train --data nowhere.csv --out x", "nowhere.csv")]
    [DataRow("train --data wds:nowhere/{0..3}.tar --out x", "nowhere/0.tar is missing")]
    [DataRow("train --data demo --max-member 3 --out x", "--max-member is for WebDataset shards, not for --data demo")]
    [DataRow("train --data some.tar --max-unpacked 0 --out x", "--max-unpacked is 0, it must be at least 1")]
    [DataRow("train --data demo --max-bad 2 --out x", "share of unreadable samples")]
    [DataRow("train --data nowhere/*.tar.gz --out x", "--data nowhere/*.tar.gz: no shard matches")]
    [DataRow("train --data nowhere.TGZ --out x", "nowhere.TGZ is missing")]
    [DataRow("train --data classes:nowhere --out x", "classes:nowhere")]
    [DataRow("train --data demo --template {} --out x", "--template is for")]
    [DataRow("train --data demo --image-column a --out x", "--image-column is for")]
    [DataRow("train --data demo --distillation 0 --decoder 1 --located 1 --located-length 1 --out x", "--located-length is 1: a box of images of")]
    [DataRow("train --data demo --schedule-from 1 --out x", "at least 0 and below 1")]
    [DataRow("train --data demo --distillation 0 --naflex 16,32 --naflex-min 99 --out x", "--naflex-min 99 is for one length of --naflex")]
    [DataRow("train --data emoji:nowhere --out x", "silc data emoji --out nowhere")]
    [DataRow("train --data demo --preset huge --out x", "so400m")]
    [DataRow("train --data demo --device tpu --out x", "opencl")]
    [DataRow("train --data demo --device cuda:9 --out x", "there is: ")]
    [DataRow("train --data demo --device cpu --precision bf16 --out x", "cpu (CPU, ")]
    [DataRow("bench mini --device cpu --precision tf32", " only, not in tf32: choose that, or an NVIDIA GPU")]
    [DataRow("bench matmul 4 4 4 --device cpu --precision bf16", "compute capability 8.0")]
    [DataRow("train --data demo --augment wobble --out x", "jitter")]
    [DataRow("train --data demo --augment jitter=2 --out x", "jitter=2")]
    [DataRow("train --data demo --augment blur=1:2:0 --out x", "'2' is no probability")]
    [DataRow("train --data demo --augment blur=1:0 --out x", "or three")]
    [DataRow("train --data demo --views moco --out x", "silc, siglip2, dino")]
    [DataRow("train --data demo --batch 0 --out x", "batch size is 0")]
    [DataRow("train --data demo --tokenizer none.model --out x", "none.model")]
    [DataRow("train --data demo --resume none.safetensors --out x", "none.safetensors")]
    [DataRow("bench huge", "mini, ti, s, b")]
    [DataRow("bench nope", "silc bench matmul")]
    [DataRow("bench mini --batch 0", "--batch is 0")]
    [DataRow("bench growth mini --largest 0 --device cpu", "--largest is 0")]
    [DataRow("bench data --data nowhere.csv", "nowhere.csv")]
    [DataRow("data inspect --data demo --most 0", "--most is 0")]
    [DataRow("eval zero-shot --model none --data demo", "silc train --out none")]
    [DataRow("eval zero-shot --model none --data demo --template nothing", "{}")]
    [DataRow("eval zero-shot --model none --data demo --template {} --templates clip", "not both")]
    [DataRow("eval zero-shot --model none --data demo --templates none.txt", "name, photo, short, segmentation, clip")]
    [DataRow("eval zero-shot --model none --data demo --classes c.txt", "--classes is for classes:FOLDER")]
    [DataRow("eval retrieval --model none --data nowhere.csv", "nowhere.csv")]
    [DataRow("eval probe --model none --data demo --test demo", "--test is for")]
    [DataRow("eval probe --model none --data x.csv", "need classes")]
    [DataRow("eval segmentation --model none --data photos", "masks:FOLDER")]
    [DataRow("eval segmentation --model none --data masks:nowhere", "no folder nowhere")]
    [DataRow("eval segmentation --model none --data demo --ignore 255", "--ignore is for masks:FOLDER")]
    [DataRow("eval segmentation --model none --data demo --background 3", "--background '3'")]
    [DataRow("eval segmentation --model none --data demo --images 0", "--images is 0")]
    [DataRow("embed --model none --out a.npy", "either images")]
    [DataRow("embed --model none --data demo --out a.txt", "FILE.npy or FILE.csv")]
    [DataRow("embed --model none --texts none.txt --out a.npy", "none.txt")]
    [DataRow("search --model none --index none.npy", "what to look for")]
    [DataRow("search dog --model none --index none.npy", "none.npy")]
    [DataRow("search --like none.png --model none --index none.npy", "none.png")]
    public void What_cannot_be_done_is_named_in_one_line(string line, string named)
    {
        var (code, _, error) = Run(line.Split(' '));
        Assert.AreEqual(SilcCommand.Failed, code);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    [TestMethod]
    [DataRow("train --data {0}/t.csv --image-column image --out x", "no column 'image', it has 'file', 'text'")]
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
        Assert.AreEqual(SilcCommand.Failed, code, error);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    [TestMethod]
    public void Help_shows_examples_and_devices_shows_the_cpu()
    {
        StringAssert.Contains(Run("train", "--help").Output, "silc train --data emoji:data/emoji");
        // A line for each command.
        foreach (var line in (string[][])[["--help"], ["eval", "--help"], ["bench", "--help"]])
        {
            var commands = Run(line).Output.Split("Commands:")[1].Trim().Split('\n');
            foreach (var command in commands) Assert.IsLessThan(135, command.Length, command);
        }
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
        var growth = Run("bench", "growth", "mini", "--largest", "2", "--batch", "1", "--scales", "2", "--steps", "1", "--device", "cpu").Output;
        Assert.HasCount(6, growth.Split('\n', StringSplitOptions.RemoveEmptyEntries), growth);     // device, head, batches of 1 and 2, two sides
        var data = Run("bench", "data", "--data", "demo", "--preset", "mini", "--seconds", "0.1").Output;
        foreach (var stage in new[] { "read", "decode", "augment", "tokenize", "samples/s" }) StringAssert.Contains(data, stage);

        using (var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), DemoModel, seed: 1, Tokenizers.Open("words")))
            model.Save(At("model.safetensors"), "words");
        var (evaluated, rates, error) = Run("bench", "eval", "--model", At("model.safetensors"), "--data", "demo", "--images",
            "300", "--device", "cpu");
        Assert.AreEqual(0, evaluated, error);
        foreach (var line in new[] { "300 images", "evaluate ", "embed ", "load ", "ratio " }) StringAssert.Contains(rates, line);
        var search = Run("bench", "search", "30", "700", "8", "--both", "--device", "cpu").Output;
        foreach (var line in new[] { "30 among 700", "700 among 30", "queries/s", "MiB beside the vectors" }) StringAssert.Contains(search, line);
    }

    [TestMethod]
    public void Inspecting_a_set_counts_what_is_in_it_and_draws_its_views()
    {
        for (int i = 0; i < 3; i++)
        {
            ImageFile.Write(At($"{i}.png"), Images.Noise(24, 20, seed: i / 2));     // 0 and 1 are equal
            File.WriteAllText(At($"{i}.txt"), i == 2 ? "two" : "one");
        }
        File.WriteAllText(At("bad.png"), "no image");
        File.WriteAllText(At("bad.txt"), "bad");
        var (code, output, _) = Run("data", "inspect", "--data", Root, "--preset", "mini", "--sheet", At("sheet/views.png"));
        Assert.AreEqual(0, code);
        foreach (var words in new[]
                 {
                     "4 images, 4 of them looked at", "1 images equal an earlier one, 1 captions", "unreadable: 1", "bad.png: 8 bytes are no image",
                 })
            StringAssert.Contains(output, words);
        Assert.IsTrue(ImageFile.Read(At("sheet/views.png")).Width > 300);
    }

    [TestMethod]
    public void A_run_that_is_resumed_ends_where_a_whole_run_ends()
    {
        Assert.AreEqual(0, Run(Train("whole", 4)).Code);
        string[] files = [".lock", "loss.png", "metrics.csv", "model.safetensors", "README.md", "run.json", "step-00000004.safetensors"];
        CollectionAssert.AreEquivalent(files, Directory.GetFiles(At("whole"), "*", SearchOption.AllDirectories)
            .Except(EventReader.Files(At("whole"))).Select(Path.GetFileName).ToArray());
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

    [TestMethod]
    public void A_model_is_evaluated_in_every_way_and_searched()
    {
        using (var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), DemoModel, seed: 1, Tokenizers.Open("words")))
            model.Save(At("model.safetensors"), "words");
        string model0 = At("model.safetensors"), seen = At("a.npy");
        for (int i = 0; i < 8; i++) ImageFile.Write(At($"{i}.png"), Images.Noise(20, 20, i));
        File.WriteAllLines(At("table.csv"), ["filepath,title", .. Enumerable.Range(0, 8).Select(i => $"{i}.png,star {i}")]);
        File.WriteAllLines(At("texts.txt"), ["a red star", "", "a blue circle"]);
        foreach (var (line, words) in new[]
        {
            ($"eval zero-shot --data demo --confusion {At("c/confusion.png")} --per-class {At("c/classes.csv")}", "one of 5 guesses"),
            ($"eval retrieval --data demo --merge-duplicates --json {At("r.json")}", "image to caption"),
            ("eval probe --data demo", "linear probe"),
            ($"eval segmentation --data demo --images 3 --overlays {At("s/overlays.png")}", "objects alone"),
            ("eval segmentation --data demo --images 2 --background 0.2 --short-side 32 --stride 8 --window 16", "map values"),
            ("eval segmentation --data demo --images 2 --background words", "always background"),
            ($"embed --data {At("table.csv")} --out {seen}", "8 x 16 values"),
            ($"search RED --index {seen} --top 3 --sheet {At("f/found.png")}", "star"),
            ($"embed --texts {At("texts.txt")} --out {At("texts.npy")}", "3 x 16 values"),
        })
        {
            var (code, output, error) =
                Run([.. line.Split(' ').Select(word => word == "RED" ? "a red star" : word), "--model", model0, "--device", "cpu"]);
            Assert.AreEqual(0, code, $"{line}: {error}");
            StringAssert.Contains(output, words, line);
        }
        foreach (var file in new[] { "c/confusion.png", "s/overlays.png", "f/found.png" }) Assert.IsTrue(ImageFile.Read(At(file)).Width > 300, file);
        Assert.HasCount(9, File.ReadAllLines(At("c/classes.csv")));
        var (missing, _, words2) = Run("search", "a red star", "--model", model0, "--index", At("texts.npy"), "--device", "cpu",
            "--sheet", At("none.png"));
        Assert.AreEqual(SilcCommand.Failed, missing);
        StringAssert.Contains(words2, "captions have no images");
    }

    static SilcConfig DemoModel => new(
        new TowerConfig(16, 1, 2, 16), new TowerConfig(16, 1, 2, 16), ImageSize: 16, TextLength: 12,
        VocabSize: Tokenizers.Open("words").VocabSize, Head: new(8, 8, 8));

    [TestMethod]
    public void Folders_of_classes_are_named_by_a_list_with_aliases()
    {
        using (var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), DemoModel, seed: 1, Tokenizers.Open("words")))
            model.Save(At("model.safetensors"), "words");
        var demo = DemoSource.Evaluation(1, 3, 16);
        for (int i = 0; i < 36; i++)
            foreach (var side in new[] { "train", "test" })
            {
                var folder = Directory.CreateDirectory(At($"{side}/n{i % 3}")).FullName;
                ImageFile.Write(Path.Combine(folder, $"{i}.png"), demo.Read(i).Image);
            }
        File.WriteAllLines(At("classes.txt"), ["a red circle, n0", "a red square, n1", "a blue star, n2", "a heart"]);
        string[] common = ["--model", At("model.safetensors"), "--device", "cpu"];
        var (code, output, error) = Run(["eval", "zero-shot", "--data", $"classes:{At("train")}", "--classes", At("classes.txt"),
            "--aliases", "best", "--templates", "photo", .. common]);
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "top 5");
        (code, output, error) = Run(["eval", "probe", "--data", $"classes:{At("train")}", "--test", $"classes:{At("test")}", .. common]);
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "10 nearest neighbours");
        File.WriteAllLines(At("classes.txt"), ["a red circle, n0", "a red square, n1"]);
        (code, _, error) = Run(["eval", "zero-shot", "--data", $"classes:{At("train")}", "--classes", At("classes.txt"), .. common]);
        Assert.AreEqual(SilcCommand.Failed, code);
        StringAssert.Contains(error, "has no 'n2'");
    }

    string[] Losses(string folder) => [.. File.ReadAllLines(At($"{folder}/metrics.csv")).Select(line => string.Join(',', line.Split(',')[..4]))];

    [TestMethod]
    public void A_table_of_images_trains_with_its_tokenizer_and_is_scored_by_retrieval()
    {
        var demo = new DemoSource(8, seed: 3, size: 32);
        for (int i = 0; i < demo.Count; i++) ImageFile.Write(At($"{i}.png"), demo.Read(i).Image);
        File.WriteAllLines(At("table.csv"), Enumerable.Range(0, demo.Count)
            .Select(i => $"{i}.png,\"{demo.Read(i).Captions[0]}\"").Prepend("filepath,title"));
        var tokenizer = Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer/t5_style.model");
        string[] train = [.. Train("run", 2, "--tokenizer", tokenizer, "--distillation", "0", "--contrastive", "sigmoid", "--views", "dino")
            .Select(word => word == "demo" ? At("table.csv") : word)];

        Assert.AreEqual(0, Run(train).Code);
        Assert.IsTrue(File.Exists(At("run/tokenizer.model")));
        var (code, output, error) = Run("eval", "zero-shot", "--model", At("run/model.safetensors"), "--data", At("table.csv"), "--device",
            "cpu", "--eval-crop", "center");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "R@5");
    }

    internal static (int Code, string Output, string Error) Run(params string[] args) => CommandLineRun.Of(args);
}
