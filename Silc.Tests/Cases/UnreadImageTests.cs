namespace Silc.Tests;

/// <summary>One image that cannot be read stops no evaluation: what is left is scored as if it had never been there.</summary>
[TestClass, DoNotParallelize]
public sealed class UnreadImageTests : TempFolder
{
    const int Good = 40;       // more than a piece of 32

    [TestMethod]
    public void EmbedListsWhatItSkips()
    {
        var model = CaseModel.In(Root);
        Table("good.csv", Lines());
        Table("bad.csv", Lines("missing.png,gone", "text.png,text"));
        Right("embed", "--model", model, "--data", At("good.csv"), "--out", At("v-good.npy"), "--device", "cpu");
        var error = Right("embed", "--model", model, "--data", At("bad.csv"), "--out", At("v-bad.npy"), "--device", "cpu").Error;
        Assert.Contains($"2 of {Good + 2} images", error);
        Assert.Contains("missing.png", error);
        Assert.Contains("text.png", error);
        CollectionAssert.AreEqual(File.ReadAllBytes(At("v-good.npy")), File.ReadAllBytes(At("v-bad.npy")));
        CollectionAssert.AreEqual(EmbeddingIndex.Load(At("v-good.npy")).Paths.ToArray(), EmbeddingIndex.Load(At("v-bad.npy")).Paths.ToArray());
    }

    [TestMethod]
    public void ASheetShowsTheImagesOfRowsPastWhatWasSkipped()
    {
        var model = CaseModel.In(Root);
        TarBytes good = new(), bad = new();
        for (int i = 0; i < 6; i++)
        {
            Image("one.png", i);
            var png = File.ReadAllBytes(At("one.png"));
            foreach (var tar in (TarBytes[])[good, bad]) tar.Add($"{i}.png", png).Add($"{i}.txt", $"caption {i}");
            if (i is 0 or 3) bad.Add($"{i}x.png", "no image").Add($"{i}x.txt", "none");
        }
        File.WriteAllBytes(At("good.tar"), good.End());
        File.WriteAllBytes(At("bad.tar"), bad.End());
        foreach (var name in (string[])["good", "bad"])
        {
            Right("embed", "--model", model, "--data", At($"{name}.tar"), "--out", At($"{name}.npy"), "--device", "cpu");
            Right("search", "caption 5", "--model", model, "--index", At($"{name}.npy"), "--top", "6", "--data", At($"{name}.tar"),
                "--sheet", At($"{name}.png"), "--device", "cpu");
        }
        CollectionAssert.AreEqual(File.ReadAllBytes(At("good.png")), File.ReadAllBytes(At("bad.png")));
        // Another set is no longer taken for the one that was embedded.
        var (code, _, error) = CommandLineRun.Of("search", "caption 5", "--model", model, "--index", At("good.npy"), "--data",
            At("bad.tar"), "--sheet", At("other.png"), "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("give what was embedded", error);
    }

    [TestMethod]
    [DataRow("retrieval")]
    [DataRow("zero-shot")]
    public void CaptionsAreScoredWithoutIt(string kind)
    {
        var model = CaseModel.In(Root);
        Table("data.csv", Lines());
        var right = Scores("eval", kind, "--model", model, "--data", At("data.csv"));
        Table("data.csv", Lines("missing.png,gone", "text.png,text"));
        Assert.AreEqual(right, Scores("eval", kind, "--model", model, "--data", At("data.csv")));
    }

    [TestMethod]
    [DataRow("zero-shot")]
    [DataRow("probe")]
    public void ClassesAreScoredWithoutIt(string kind)
    {
        var model = CaseModel.In(Root);
        foreach (var set in (string[])["known", "asked"])
            for (int i = 0; i < 12; i++) Image($"{set}/{(i % 2 == 0 ? "cat" : "dog")}/{i}.png", i);
        string[] line = kind == "probe"
            ? ["eval", "probe", "--model", model, "--data", $"classes:{At("known")}", "--test", $"classes:{At("asked")}"]
            : ["eval", "zero-shot", "--model", model, "--data", $"classes:{At("asked")}"];
        var right = Scores(line);
        File.WriteAllText(At("asked/cat/1x.png"), "no image");
        File.WriteAllText(At("known/dog/1x.png"), "no image");
        Assert.AreEqual(right, Scores(line));
    }

    [TestMethod]
    public void MasksAreScoredWithoutIt()
    {
        var model = CaseModel.In(Root);
        for (int i = 0; i < 3; i++) Masked($"{i}.png", i);
        File.WriteAllText(At("classes.txt"), "wall\nfloor\n");
        string[] line = ["eval", "segmentation", "--model", model, "--data", $"masks:{At("set")}", "--classes", At("classes.txt")];
        var right = Scores(line);
        Masked("1x.png", 1);
        File.WriteAllText(At("set/images/1x.png"), "no image");
        Masked("1y.png", 1);
        File.WriteAllText(At("set/masks/1y.png"), "no mask");
        Assert.AreEqual(right, Scores(line));
    }

    [TestMethod]
    public void AReportIsWrittenWithoutIt()
    {
        Right("train", "--data", "demo", "--steps", "1", "--batch", "2", "--image-size", "16", "--text-length", "8", "--tokenizer", "words",
            "--distillation", "0", "--device", "cpu", "--out", At("run"));
        Table("data.csv", ["missing.png,gone", .. Lines("text.png,text")]);
        var error = Right("report", At("run"), "--data", At("data.csv"), "--device", "cpu").Error;
        Assert.Contains("missing.png", error);
        Assert.Contains($"{Good:N0}", File.ReadAllText(At("run/report.html")));
    }

    [TestMethod]
    public void ASheetIsDrawnWithoutAImageThatIsGone()
    {
        var model = CaseModel.In(Root);
        Table("data.csv", Lines("missing.png,gone"));
        Right("embed", "--model", model, "--data", At("data.csv"), "--out", At("v.npy"), "--device", "cpu");
        string[] line = ["search", "caption", "--model", model, "--index", At("v.npy"), "--top", $"{Good}", "--sheet",
            At("sheet.png"), "--device", "cpu"];
        Right([.. line, "--data", At("data.csv")]);
        File.WriteAllText(At("3.png"), "no image");
        Assert.Contains("3.png", Right(line).Error);
        Assert.IsGreaterThan(100, ImageFile.Read(At("sheet.png")).Width);
    }

    [TestMethod]
    public void WhenNoneCanBeReadThatIsAnError()
    {
        Table("data.csv", ["a.png,a", "b.png,b"]);
        var (code, _, error) = CommandLineRun.Of("embed", "--model", CaseModel.In(Root), "--data", At("data.csv"), "--out",
            At("v.npy"), "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("none of the 2 images of data can be read", error);
        Assert.Contains("a.png", error);
        Assert.IsFalse(File.Exists(At("v.npy")));
    }

    // The rows of good images, the others among them.
    string[] Lines(params string[] others)
    {
        for (int i = 0; i < Good; i++) Image($"{i}.png", i);
        File.WriteAllText(At("text.png"), "no image");
        var lines = Enumerable.Range(0, Good).Select(i => $"{i}.png,caption {i % 7}").ToList();
        foreach (var (i, other) in others.Index()) lines.Insert(5 + 20 * i, other);
        return [.. lines];
    }

    void Table(string name, string[] lines) => File.WriteAllLines(At(name), lines.Prepend("filepath,title"));

    void Image(string name, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        ImageFile.Write(At(name), Images.Noise(20, 16, seed));
    }

    void Masked(string name, int seed)
    {
        Image($"set/images/{name}", seed);
        Directory.CreateDirectory(At("set/masks"));
        LabelMapFile.Write(At($"set/masks/{name}"), new(20, 16, [.. Enumerable.Range(0, 320).Select(i => (i + seed) / 7 % 2)]));
    }

    // The JSON of the scores, whatever was skipped.
    string Scores(params string[] line)
    {
        Right([.. line, "--json", At("scores.json"), "--device", "cpu"]);
        return File.ReadAllText(At("scores.json"));
    }

    static (string Output, string Error) Right(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        return (output, error);
    }

    [TestMethod]
    public void Room_for_the_vectors_is_looked_for_before_the_first_image()
    {
        using var disk = new SmallDisk(At("disk"), "size=64k");
        var (code, output, error) = CommandLineRun.Of("embed", "--model", CaseModel.In(Root), "--data", "demo", "--out",
            At("disk/v.npy"), "--device", "cpu");
        Assert.AreEqual(1, code, output + error);
        Assert.Contains("MB are free there", error);
        Assert.DoesNotContain("16,384", error);
        Assert.IsEmpty(Directory.GetFiles(At("disk")));
    }
}
