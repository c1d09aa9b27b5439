using System.CommandLine;
using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary><c>silc train --config</c>, <c>--print-config</c>, <c>--print-schema</c>, <c>--set</c> and <c>--dry-run</c>.</summary>
[TestClass, DoNotParallelize]
public sealed class RunConfigTests : TempFolder
{
    const string Small = """
        {
          // A comment, and a comma behind the last value.
          "$schema": "run.schema.json",
          "data": "demo", "steps": 2, "batch": 4, "image-size": 32, "text-length": 24, "local-views": 1, "ema": 0.9, "min-crop": 0.5,
          "tokenizer": "words", "log-every": 1, "device": "cpu", "head-gains": true, "recompute": true,
          "model": {
            "image": { "width": 64, "depth": 2, "heads": 2, "mlpDim": 128, "gelu": "exact" }, "text": { "width": 48, "depth": 1, "heads": 3 },
            "patchSize": 4, "head": { "hidden": 64, "bottleneck": 32, "prototypes": 128 }, "views": { "localSize": 16, "hue": 0.2 },
          },
          "training": { "maxSkippedSteps": 7 },
        }
        """;

    [TestMethod]
    public void A_file_gives_options_and_sizes_that_no_option_reaches_and_the_line_wins()
    {
        File.WriteAllText(At("small.json"), Small);
        var line = $"train --config {At("small.json")} --set model.text.width=96 --lr 0.002 --head-gains false --out {At("run")}";
        Succeeds(line.Split(' '));
        var run = Checkpoint.Open(RunFolder.Checkpoints(At("run"))[0].Path);
        Assert.AreEqual(new TowerConfig(64, 2, 2, 128, GeluKind.Exact), run.Config.Image);
        Assert.AreEqual(new TowerConfig(96, 1, 3, 512), run.Config.Text);
        Assert.AreEqual(new HeadConfig(64, 32, 128, Gains: false), run.Config.Head);
        Assert.AreEqual((4, 32, 24, 16, 0.2, 0.5), (run.Config.PatchSize, run.Config.ImageSize, run.Config.TextLength, run.Config.Views.LocalSize,
            run.Config.Views.Hue, run.Config.Views.GlobalScaleMin));
        Assert.AreEqual((2, 4, 0.002, 7, true), (run.Train.TotalSteps, run.Train.BatchSize, run.Train.LearningRate, run.Train.MaxSkippedSteps,
            run.Train.Recompute));

        // The folder keeps every value, as a file that says the same again.
        var kept = File.ReadAllText(At($"run/{RunConfig.FileName}"));
        Assert.AreEqual(kept, Printed("--config", At($"run/{RunConfig.FileName}")));
        Assert.AreEqual(96, (int)JsonNode.Parse(kept)!["model"]!["text"]!["width"]!);

        // It may be given again when the run goes on; another width may not.
        Succeeds("train", "--resume", At("run"), "--config", At($"run/{RunConfig.FileName}"), "--steps", "3");
        var (code, _, error) = CommandLineRun.Of(["train", "--resume", At("run"), "--set", "model.text.width=48"]);
        Assert.AreEqual(1, code);
        Assert.Contains("--set model.text.width=48 contradicts", error);
        Assert.Contains("made with model.text.width=96", error);
        Assert.DoesNotContain("heads", error);
    }

    [TestMethod]
    public void A_run_from_weights_keeps_their_sizes_in_its_file()
    {
        File.WriteAllText(At("small.json"), Small);
        Succeeds("train", "--config", At("small.json"), "--out", At("one"));
        Succeeds("train", "--init", At("one"), "--data", "demo", "--steps", "1", "--batch", "4", "--device", "cpu", "--out", At("two"));
        var kept = JsonNode.Parse(File.ReadAllText(At($"two/{RunConfig.FileName}")))!;
        Assert.IsNull(kept["preset"]);
        Assert.AreEqual((64, 32), ((int)kept["model"]!["image"]!["width"]!, (int)kept["image-size"]!));
        Succeeds("train", "--config", At($"two/{RunConfig.FileName}"), "--resume", At("two"), "--steps", "2");
    }

    [TestMethod]
    [DataRow("""{"model":{"image":{"widht":3}}}""", "there is no key 'model.image.widht'; did you mean width?")]
    [DataRow("""{"model":{"image":{"mlp_dim":3}}}""", "did you mean model.image.mlpDim?")]
    [DataRow("""{"text_length":3}""", "did you mean text-length?")]
    [DataRow("""{"epochs":3}""", "there is no key 'epochs'; did you mean steps?")]
    [DataRow("""{"training":{"lr":3}}""", "'lr' at the top of the file sets it")]
    [DataRow("""{"lr":"fast"}""", "'lr' is \"fast\", it must be a number or null")]
    [DataRow("""{"steps":1.5}""", "'steps' is 1.5, it must be a whole number")]
    [DataRow("""{"steps":1e99}""", "'steps' is 1e99, it must be a whole number")]
    [DataRow("""{"minutes":0}""", "'minutes' is 0, it must be more than 0")]
    [DataRow("""{"freeze":["a",3]}""", "'freeze[1]' is 3, it must be a text in quotes")]
    [DataRow("""{"contrastive":"sofmax"}""", "'contrastive' is \"sofmax\": there are softmax, sigmoid; did you mean softmax?")]
    [DataRow("""{"model":{"imageSize":32}}""", "'image-size' at the top of the file, or --image-size on the line, sets it")]
    [DataRow("""{"model":{"vocabSize":32}}""", "the tokenizer has it")]
    [DataRow("""{"model":{"image":null}}""", "'model.image' is null, it must be an object in braces")]
    [DataRow("""{"training":{"decayRules":[{"pattern":"a"}]}}""", "'training.decayRules[0]' lacks 'multiplier'")]
    [DataRow("""{"resume":"x"}""", "--resume is for the command line alone")]
    [DataRow("""{"lr":1,"lr":2}""", "Duplicate property 'lr'")]
    [DataRow("{\n\"lr\":1", ", line 2: ")]
    [DataRow("[]", "the whole is [], it must be an object in braces")]
    [DataRow("{}", "--data is required")]
    [DataRow("""{"data":"demo"}""", "--out is required")]
    [DataRow("""{"data":"demo","out":"x","batch":0}""", "batch size is 0, it must be positive ('batch' is 0)")]
    [DataRow("""{"data":"demo","out":"x","model":{"image":{"width":100,"heads":3}}}""", "not a multiple of heads 3 ('model.image.heads' is 3)")]
    [DataRow("""{"data":"demo","out":"x","preset":"huge"}""", "('preset' is huge)")]
    public void What_is_wrong_names_file_key_value_and_remedy(string json, string expected)
    {
        File.WriteAllText(At("bad.json"), json);
        var (code, _, error) = CommandLineRun.Of(["train", "--config", At("bad.json")]);
        Assert.AreEqual(1, code, error);
        Assert.Contains(At("bad.json"), error);
        Assert.Contains(expected, error);
    }

    [TestMethod]
    [DataRow("model.image.widht=3", "there is no value 'model.image.widht'; did you mean model.image.width?")]
    [DataRow("model.image.width=wide", "'model.image.width' is \"wide\", it must be a whole number")]
    [DataRow("model.image.gelu=relu", "there are tanh, exact, quick")]
    [DataRow("model.imageSize=3", "--image-size on the line, sets it")]
    [DataRow("wide", "write a path and a value")]
    public void A_wrong_set_is_misuse(string given, string expected)
    {
        var (code, _, error) = CommandLineRun.Of(["train", "--data", "demo", "--out", At("x"), "--set", given]);
        Assert.AreEqual(2, code, error);
        Assert.Contains(expected, error);
    }

    [TestMethod]
    public void A_missing_file_says_how_to_make_one()
    {
        var (code, _, error) = CommandLineRun.Of(["train", "--config", At("none.json")]);
        Assert.AreEqual(1, code);
        Assert.Contains("silc train --print-config >", error);
    }

    /// <summary>Values of the records are there by themselves; those that an option sets are where the option is, and nowhere else.</summary>
    [TestMethod]
    public void Every_value_of_the_records_has_one_place()
    {
        HashSet<string> open = [.. RunSchema.Values.Select(value => value.Path)];
        foreach (var (part, record) in new[] { ("model", ConfigTree.Schema(SilcConfig.Mini)), ("training", ConfigTree.Schema(new TrainConfig())) })
            foreach (var path in ConfigTree.Leaves(record).Select(leaf => $"{part}.{leaf.Path}"))
                Assert.IsTrue(open.Contains(path) ^ (RunSchema.OptionsOf(path).Any() || path is "model.vocabSize" or "model.hasText"), path);
        Assert.Contains("model.image.width", open);
        Assert.DoesNotContain("training.learningRate", open);
    }

    /// <summary>An option that changes a value which can be set besides would have two masters.</summary>
    [TestMethod]
    public void An_option_changes_no_value_that_the_file_sets_by_itself()
    {
        // These choose whole sets of values, over which single ones go.
        Option[] bases = [TrainOptions.Preset, TrainOptions.Init, TrainOptions.Recipes, ViewOptions.Recipe, TrainOptions.Tokenizer, TrainOptions.Set];
        HashSet<string> open = [.. RunSchema.Values.Select(value => value.Path)];
        foreach (var option in TrainOptions.Recipe.Append(TrainOptions.Freeze).Except(bases))
        {
            var given = Other(option);
            if (given is null) continue;
            var (usual, other) = (Flat([]), Flat(given));
            foreach (var path in usual.Keys.Where(path => usual[path] != other[path]))
                Assert.DoesNotContain(path, open, $"{string.Join(' ', given)} changes {path}: name it in RunSchema.bound");
        }

        static string[]? Other(Option option) => option.Name switch
        {
            "--device" or "--precision" => null,
            "--text-pooling" => ["--text-pooling=mean"],
            "--augment" => ["--augment=flip,jitter,grey,blur,solarize"],
            "--stairs" => ["--schedule=stair", "--stairs=3=0.1"],
            "--freeze" => ["--freeze=img/.*"],
            "--teacher-temp-warmup" => ["--teacher-temp-start=0.5", "--teacher-temp-warmup=3"],
            "--clip-norm" => ["--clip-norm=2"],
            "--distillation" => ["--distillation=0.5"],
            "--located" => ["--decoder=0.25", "--located=0.25"],
            "--located-length" => ["--decoder=0.25", "--located=0.25", "--located-length=48"],
            "--located-start" or "--located-end" => ["--decoder=0.25", "--located=0.25", $"{option.Name}=32"],
            "--naflex" => ["--naflex=32,64"],
            "--mask-ratio-max" => ["--mask-ratio-max=0.75"],
            _ when option.ValueType == typeof(bool) => [option.Name],
            _ when TypeOf(option).IsEnum => [$"{option.Name}={Enum.GetNames(TypeOf(option)).Last()}"],
            _ when TypeOf(option) == typeof(int) => [$"{option.Name}=32"],
            _ => [$"{option.Name}=0.25"],
        };

        static Type TypeOf(Option option) => Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;

        static Dictionary<string, string> Flat(string[] given)
        {
            var parsed = TrainLine.Bare().Parse(given);
            Assert.IsEmpty(parsed.Errors, string.Join(' ', given));
            var trees = new JsonObject
            {
                ["model"] = ConfigTree.Write(TrainOptions.ModelOf(parsed, new WordTokenizer())),
                ["training"] = ConfigTree.Write(TrainOptions.TrainingOf(parsed)),
            };
            return ConfigTree.Leaves(ConfigTree.Schema(SilcConfig.Mini), "model.").Concat(ConfigTree.Leaves(ConfigTree.Schema(new TrainConfig()),
                "training."))
                .ToDictionary(leaf => leaf.Path, leaf => ConfigTree.At(trees, leaf.Path)?.ToJsonString() ?? "null");
        }
    }

    /// <summary>The file that editors fetch by its address; silc train --print-schema > docs/run.schema.json writes it anew.</summary>
    [TestMethod]
    public void The_schema_of_the_repository_is_that_of_the_program()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Silc.sln"))) folder = Path.GetDirectoryName(folder);
        if (folder is null) Assert.Inconclusive("the sources are not above the tests");
        var (code, schema, error) = CommandLineRun.Of("train", "--print-schema");
        Assert.AreEqual(0, code, error);
        Assert.AreEqual(schema.ReplaceLineEndings("\n"), File.ReadAllText(Path.Combine(folder, "docs/run.schema.json")).ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void What_is_printed_holds_against_the_schema_and_each_key_has_words()
    {
        var (code, schema, error) = CommandLineRun.Of(["train", "--print-schema"]);
        Assert.AreEqual(0, code, error);
        var document = JsonNode.Parse(schema)!.AsObject();
        var printed = JsonNode.Parse(Printed("--preset", "s", "--data", "x.csv"))!.AsObject();
        Assert.IsNull(SchemaCheck.Complaint(printed, document));
        var properties = document["properties"]!.AsObject();
        CollectionAssert.AreEquivalent(properties.Select(entry => entry.Key).ToArray(), printed.Select(entry =>
            entry.Key).Append("$schema").Distinct().ToArray());
        foreach (var (key, value) in properties) Assert.IsNotNull(value!["description"], key);
        Assert.AreEqual("Channels C of the residual "
            + "stream.", (string?)properties["model"]!["properties"]!["image"]!["properties"]!["width"]!["description"]);
        Assert.AreEqual(384, (int)printed["model"]!["image"]!["width"]!);
    }

    [TestMethod]
    public void A_dry_run_says_sizes_and_times_and_writes_nothing()
    {
        File.WriteAllText(At("small.json"), Small.Replace("\"steps\": 2", "\"steps\": 100"));
        var before = Directory.GetCurrentDirectory();
        var (code, output, error) = CommandLineRun.Of(["train", "--config", At("small.json"), "--dry-run"]);
        Assert.AreEqual(0, code, error);
        Assert.Contains("2 layers of 64 channels, 2 heads, MLP 128, exact GELU; 32 pixels, 8 x 8 patches of 4", output);
        Assert.Contains("head 64-32-128", output);
        Assert.Contains("10 timed after 2", output);
        Assert.Contains("100 steps take about", output);
        Assert.HasCount(1, Directory.GetFileSystemEntries(Root));
        Assert.IsFalse(Directory.Exists(Path.Combine(before, "checkpoints")));
    }

    static string Printed(params string[] more)
    {
        var (code, output, error) = CommandLineRun.Of(["train", "--print-config", .. more]);
        Assert.AreEqual(0, code, error);
        return output.Replace($"  \"$schema\": \"{RunSchema.FileName}\",\n", "");
    }

    static void Succeeds(params string[] line)
    {
        var (code, _, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
    }
}
