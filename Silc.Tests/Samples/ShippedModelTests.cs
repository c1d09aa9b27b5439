using Silc.Samples.Models;

namespace Silc.Tests;

/// <summary>The model that comes with the program.</summary>
[TestClass, DoNotParallelize]
public sealed class ShippedModelTests : TempFolder
{
    [TestMethod]
    public void It_names_drawings_that_it_has_not_seen()
    {
        var (code, _, error) = CommandLineRun.Of("eval", "zero-shot", "--model", "mini", "--data", "demo:hard", "--device", "cpu",
            "--json", At("s.json"));
        Assert.AreEqual(0, code, error);
        using var scores = System.Text.Json.JsonDocument.Parse(File.ReadAllText(At("s.json")));
        var first = scores.RootElement.GetProperty("scores")[0];
        Assert.AreEqual("zero-shot by text", first.GetProperty("method").GetString());
        // 65.2 and 100 % where it was trained; other processors round otherwise.
        Assert.AreEqual(0.652, first.GetProperty("metrics").GetProperty("shape").GetDouble(), 0.01);
        Assert.AreEqual(1, first.GetProperty("metrics").GetProperty("colour").GetDouble(), 0.01);
    }

    [TestMethod]
    public void Drawings_are_embedded_and_found_by_words()
    {
        Directory.CreateDirectory(At("drawings"));
        var images = DemoSource.Evaluation(perClass: 1, seed: 77, size: 64);
        // Each of another colour and shape.
        foreach (var i in new[] { 0, 16, 29, 42 })
            File.WriteAllBytes(At($"drawings/{images.ClassNames[i].Replace(' ', '-')}.png"), ImageFile.Encode(images.Read(i).Image));
        var (code, _, error) = CommandLineRun.Of("embed", "--model", "mini", "--data", At("drawings"), "--out", At("v.npy"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        (code, var output, error) = CommandLineRun.Of("search", "a red circle", "--model", "mini", "--index", At("v.npy"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("red-circle.png", output.Split('\n').First(line => line.Contains(".png")));
    }

    [TestMethod]
    public void A_folder_of_that_name_is_the_user_s()
    {
        Assert.AreEqual(ShippedModel.Folder, ShippedModel.Locate("mini"));
        Assert.AreEqual("other", ShippedModel.Locate("other"));
        var (before, _) = (Environment.CurrentDirectory, Directory.CreateDirectory(At("mini")));
        Environment.CurrentDirectory = Root;
        try
        {
            Assert.AreEqual("mini", ShippedModel.Locate("mini"));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [TestMethod]
    public void Its_card_says_licence_data_and_recipe()
    {
        var card = File.ReadAllText(Path.Combine(ShippedModel.Folder, "README.md"));
        foreach (var words in new[] { "license: apache-2.0", "## Training data", "recipes/drawings.json", "never seen a photograph" })
            Assert.Contains(words, card);
        Assert.IsLessThan(8 << 20, new FileInfo(Path.Combine(ShippedModel.Folder, "model.safetensors")).Length);
    }
}
