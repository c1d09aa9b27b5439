using System.Text.Json;
using Silc.Samples.Evaluation;

namespace Silc.Tests;

/// <summary>Classes of images, and of their pixels, in folders, tables and shards: the same images have the same scores.</summary>
[TestClass, DoNotParallelize]
public sealed class LabelledDataTests : TempFolder
{
    static readonly string[] classes = ["red fox", "owl", "wolf"];

    // Sixty images of three classes, in every form; numbers are those of classes.txt.
    void Write(string set, int seed)
    {
        var (rows, numbers, lines, tar, coded) = (new List<string> { "filepath;species;code" }, new List<string>(), new List<string>(),
            new TarBytes(),
            new TarBytes());
        for (int i = 0; i < 60; i++)
        {
            // In the order of the folders, for probes draw their shots by number.
            var label = (i / 20) switch { 0 => 1, 1 => 0, _ => 2 };
            var name = $"{set}/{classes[label].Replace(' ', '_')}/{i:00}.png";
            ImageFile.Write(At(name), Images.Noise(24, 20, seed: seed + i));
            rows.Add($"{name};{classes[label]};{label}");
            lines.Add($$"""{"file_name": "{{name}}", "species": "{{classes[label]}}", "code": {{label}}}""");
            tar.Add($"{i}.png", File.ReadAllBytes(At(name))).Add($"{i}.cls", $"{label}\n");
            coded.Add($"{i}.png", File.ReadAllBytes(At(name))).Add($"{i}.species", classes[label]);
        }
        File.WriteAllLines(At($"{set}.csv"), rows);
        File.WriteAllLines(At($"{set}.jsonl"), lines);
        File.WriteAllBytes(At($"{set}.tar"), tar.End());
        File.WriteAllBytes(At($"{set}-named.tar"), coded.End());
        File.WriteAllLines(At("classes.txt"), classes);
    }

    string Model()
    {
        using var device = Device.Cpu();
        using var model = SilcModel.Create(device, SilcConfig.Mini with { ImageSize = 16, VocabSize = Tokenizers.Open("words").VocabSize }, seed: 3);
        model.Save(At("model.safetensors"), "words");
        return At("model.safetensors");
    }

    [TestMethod]
    public void Zero_shot_classification_is_the_same_in_every_form()
    {
        Write("one", 10);
        var model = Model();
        var expected = Scores("eval", "zero-shot", "--model", model, "--data", $"classes:{At("one")}", "--classes", At("classes.txt"));
        foreach (var form in new[]
        {
            $"--data {At("one.csv")} --label-column species", $"--data {At("one.csv")} --label-column code --classes {At("classes.txt")}",
            $"--data {At("one.jsonl")} --label-column species", $"--data {At("one.jsonl")} --label-column code --classes {At("classes.txt")}",
            $"--data {At("one.tar")} --classes {At("classes.txt")}", $"--data {At("one-named.tar")} --label-field species",
        })
        {
            var found = Scores(["eval", "zero-shot", "--model", model, .. form.Split(' ')]);
            CollectionAssert.AreEqual(expected, found, form);
        }
    }

    [TestMethod]
    public void Probes_are_the_same_in_every_form()
    {
        Write("one", 10);
        Write("two", 40);
        var model = Model();
        var expected = Scores("eval", "probe", "--model", model, "--data", $"classes:{At("one")}", "--test", $"classes:{At("two")}");
        foreach (var form in new[]
        {
            $"--data {At("one.csv")} --test {At("two.csv")} --label-column species", $"--data {At("one.tar")} --test {At("two.tar")}",
            $"--data {At("one-named.tar")} --test {At("two-named.tar")} --label-field species",
        })
            CollectionAssert.AreEqual(expected, Scores(["eval", "probe", "--model", model, .. form.Split(' ')]), form);
    }

    [TestMethod]
    public void Validation_names_classes_by_a_list()
    {
        Write("one", 10);
        using var device = Device.Cpu();
        using var model = SilcModel.Load(device, Model());
        double? Measured(params string[] line) => ValidationSet.Open(At("one.csv"), TrainLine.Bare().Parse(line), batchSize: 8)
            .Measure(model, default).ZeroShot;
        string[] named = ["--caption-column", "species", "--label-column", "species"], numbered = [.. named[..3], "code"];
        Assert.IsNotNull(Measured(named));
        Assert.IsNull(Measured(numbered), "numbers name nothing");
        Assert.AreEqual(Measured(named), Measured([.. numbered, "--val-classes", At("classes.txt")]));
        File.WriteAllLines(At("short.txt"), classes[..2]);
        var error = Assert.ThrowsExactly<ArgumentException>(() => Measured([.. numbered, "--val-classes", At("short.txt")]));
        Assert.Contains("the list of 2 classes has no '2'", error.Message);
    }

    [TestMethod]
    [DataRow(1, "nearest neighbour"), DataRow(3, "nearest neighbour"), DataRow(4, "10 nearest neighbours")]
    public void Few_images_of_a_class_are_enough_for_probes(int perClass, string neighbours)
    {
        Write("one", 10);
        Write("two", 40);
        // Twenty images of each class follow each other.
        var lines = File.ReadAllLines(At("one.csv"));
        File.WriteAllLines(At("few.csv"), lines.Where((_, i) => i == 0 || (i - 1) % 20 < perClass));
        var (code, output, error) = CommandLineRun.Of("eval", "probe", "--model", Model(), "--data", At("few.csv"), "--test", At("two.csv"),
            "--label-column", "species");
        Assert.AreEqual(0, code, error);
        Assert.Contains(neighbours, output);
        Assert.Contains("1 shot, least squares", output);
        Assert.Contains("no linear probe by class: its penalty is chosen on one of 5 images of a class", error);
    }

    [TestMethod]
    public void Segmentation_is_the_same_in_every_form()
    {
        var (rows, tar) = (new List<string> { "filepath,mask" }, new TarBytes());
        for (int i = 0; i < 4; i++)
        {
            ImageFile.Write(At($"set/images/{i}.png"), Images.Noise(24, 16, seed: i));
            Directory.CreateDirectory(At("set/masks"));
            LabelMapFile.Write(At($"set/masks/{i}.png"), new(24, 16, [.. Enumerable.Range(0, 384).Select(p => p % 24 < 8 + i ? 255 : p / 24 % 3)]));
            rows.Add($"set/images/{i}.png,set/masks/{i}.png");
            tar.Add($"{i}.png", File.ReadAllBytes(At($"set/images/{i}.png"))).Add($"{i}.seg.png", File.ReadAllBytes(At($"set/masks/{i}.png")));
        }
        File.WriteAllLines(At("set.csv"), rows);
        File.WriteAllBytes(At("set.tar"), tar.End());
        File.WriteAllLines(At("classes.txt"), classes);
        var model = Model();
        var expected = Scores("eval", "segmentation", "--model", model, "--data", $"masks:{At("set")}", "--classes", At("classes.txt"));
        foreach (var form in new[] { $"--data {At("set.csv")} --mask-column mask", $"--data {At("set.tar")}" })
            CollectionAssert.AreEqual(expected, Scores(["eval", "segmentation", "--model", model, .. form.Split(' '), "--classes",
                At("classes.txt")]), form);
        var (code, _, error) = CommandLineRun.Of(["eval", "segmentation", "--model", model, "--data", At("set.tar"), "--classes", At("classes.txt"),
            "--mask-field", "mask.png"]);
        Assert.AreEqual(1, code);
        Assert.Contains("0.png has no mask, .mask.png; name the field of masks by --mask-field", error);
    }

    [TestMethod]
    public void A_labelled_table_is_validated_by_class_as_well()
    {
        Write("one", 10);
        File.WriteAllLines(At("held.csv"), File.ReadAllLines(At("one.csv")).Select((line, i) => $"{line};{(i == 0 ? "title" : line.Split(';')[1])}"));
        var (code, output, error) = CommandLineRun.Of(["train", "--data", "demo", "--batch", "4", "--image-size", "32", "--text-length", "24",
            "--tokenizer", "words", "--steps", "1", "--device", "cpu", "--label-column", "species", "--val-data", At("held.csv"), "--out",
                At("run")]);
        Assert.AreEqual(1, code);
        Assert.Contains("--label-column is for a table", error);
        // The column is said of --data; both are tables here.
        (code, output, error) = CommandLineRun.Of(["train", "--data", At("held.csv"), "--batch", "4", "--image-size", "32", "--text-length", "24",
            "--tokenizer", "words", "--steps", "1", "--device", "cpu", "--label-column", "species", "--val-data", At("held.csv"), "--out",
                At("run")]);
        Assert.AreEqual(0, code, error);
        Assert.Contains("validate held: 60 images, 3 classes", output);
        Assert.Contains("zero-shot ", output);
    }

    [TestMethod]
    [DataRow("zero-shot --data one.tar --label-field kind", "has no class, .kind; name the field of classes by --label-field")]
    [DataRow("zero-shot --data one.csv --label-column kind", "no column 'kind'")]
    [DataRow("zero-shot --data one.csv --label-column code", "are numbers (1, …): give --classes FILE")]
    [DataRow("zero-shot --data one.csv --classes classes.txt", "--classes is for classes:FOLDER, tables with --label-column and shards")]
    [DataRow("probe --data one.csv --test one.csv", "one.csv has no classes: name their column by --label-column")]
    [DataRow("probe --data plain.tar --test plain.tar", "plain.tar has no classes: not every sample has .cls; name another field by --label-field")]
    public void What_is_missing_is_named(string line, string expected)
    {
        Write("one", 10);
        File.WriteAllBytes(At("plain.tar"), new TarBytes().Add("1.png", TarBytes.Png).End());
        string[] words = [.. line.Split(' ').Select(word => word.Contains('.') ? At(word) : word)];
        var (code, _, error) = CommandLineRun.Of(["eval", .. words, "--model", Model()]);
        Assert.AreEqual(1, code, error);
        Assert.Contains(expected, error);
    }

    [TestMethod]
    public void An_image_of_two_classes_is_an_error()
    {
        File.WriteAllText(At("twice.csv"), "filepath,title,kind\na.png,x,cat\na.png,y,dog\n");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(At("twice.csv"), labelColumn: "kind"));
        Assert.Contains("line 3", error.Message);
        Assert.Contains("an image has one class", error.Message);
    }

    // Numbers of each line, without the names of sets.
    static string[] Scores(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of([.. line, "--device", "cpu", "--json", "-"]);
        Assert.AreEqual(0, code, error);
        using var json = JsonDocument.Parse(output);
        return [.. json.RootElement.GetProperty("scores").EnumerateArray().Select(score => string.Join(' ',
            score.EnumerateObject().Where(entry => entry.Name != "images").Select(entry => entry.Value.GetRawText())))];
    }
}
