using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary><c>silc train --located</c> as its user sees it.</summary>
[TestClass, DoNotParallelize]
public sealed class LocatedCommandTests : TempFolder
{
    string[] Line(string data, string folder, params string[] more) => ["train", "--data", data, "--preset", "mini", "--image-size", "32",
        "--tokenizer", "words", "--text-length", "12", "--distillation", "0", "--steps", "2", "--batch", "4", "--warmup", "1",
        "--device", "cpu", "--out", At(folder), .. more.Contains("--decoder") ? [] : (string[])["--decoder", "1"], .. more];

    static void Silent(string[] line)
    {
        var (code, _, error) = Of(line);
        Assert.AreEqual(0, code, error);
        Assert.DoesNotContain("knows no boxes", error);
    }

    /// <summary>Texts have room for a caption and a box unless told otherwise; a run that goes on needs no option again.</summary>
    [TestMethod]
    public void The_demo_knows_its_boxes()
    {
        Silent(Line("demo", "run", "--located", "1"));
        var made = RunFolder.Newest(At("run")).Checkpoint;
        Assert.AreEqual(LocatedTexts.Length(Tokenizers.Open("words"), 12, 32), made.Config.Views.Located);
        Assert.AreEqual(1, made.Train.LocatedWeight);
        var row = File.ReadAllLines(At("run/metrics.csv"));
        Assert.Contains("located", row[0].Split(','));
        Assert.AreNotEqual("0", row[^1].Split(',')[Array.IndexOf(row[0].Split(','), "located")]);
        Good("train", "--resume", At("run"), "--steps", "3");
        Good(Line("demo", "named", "--located", "1", "--located-length", "30"));
        Assert.AreEqual(30, RunFolder.Newest(At("named")).Checkpoint.Config.Views.Located);
        Good(Line("demo", "late", "--located", "1", "--located-start", "1"));
        // The values of a run without the loss begin the same run.
        Good(Line("demo", "without"));
        Good("train", "--config", At("without/run.json"), "--out", At("again"));

        Bad("set DecoderWeight (--decoder)", Line("demo", "x", "--located", "1", "--decoder", "0"));
        Bad("--located-length 30 is for --located, which is 0", Line("demo", "x", "--located-length", "30"));
        Bad("does not say which of COCO's images it has", Line("demo", "x", "--located", "1", "--boxes", "instances.json"));
    }

    [TestMethod]
    public void Other_data_train_the_caption_alone_and_say_so()
    {
        Directory.CreateDirectory(At("photos"));
        for (int i = 0; i < 4; i++)
        {
            ImageFile.Write(At($"photos/{i}.png"), Images.Noise(20, 16, i));
            File.WriteAllText(At($"photos/{i}.txt"), "some noise");
        }
        var (code, _, error) = Of(Line(At("photos"), "run", "--located", "1"));
        Assert.AreEqual(0, code, error);
        Assert.Contains("knows no boxes: --located trains 'Cap: …' alone, and its loss stays 0", error);
        var row = File.ReadAllLines(At("run/metrics.csv"));
        Assert.AreEqual("0", row[^1].Split(',')[Array.IndexOf(row[0].Split(','), "located")]);
    }

    /// <summary>COCO's captions with the boxes of its instances.</summary>
    [TestMethod]
    public void Captions_of_coco_take_boxes()
    {
        Directory.CreateDirectory(At("val2017"));
        for (int i = 0; i < 4; i++) ImageFile.Write(At($"val2017/{i + 1}.png"), Images.Noise(20, 16, i));
        string All(string of) => string.Join(", ", Enumerable.Range(1, 4).Select(i => of.Replace("#", $"{i}")));
        var images = $"\"images\": [{All("""{"id": #, "file_name": "#.png", "width": 20, "height": 16}""")}]";
        File.WriteAllText(At("captions_val2017.json"), $"{{{images}, \"annotations\": ["
            + $"{All("""{"id": #, "image_id": #, "caption": "some noise"}""")}]}}");
        File.WriteAllText(At("instances_val2017.json"), $"{{{images}, \"categories\": [{{\"id\": 3, \"name\": \"noise\"}}], \"annotations\": ["
            + $"{All("""{"id": #, "image_id": #, "category_id": 3, "bbox": [1, 1, 18, 14]}""")}]}}");
        var data = $"captions:{At("captions_val2017.json")}";
        var (code, _, error) = Of(Line(data, "without", "--located", "1"));
        Assert.AreEqual(0, code, error);
        Assert.Contains("knows no boxes without --boxes", error);
        Silent(Line(data, "run", "--located", "1", "--boxes", At("instances_val2017.json")));
        var row = File.ReadAllLines(At("run/metrics.csv"));
        Assert.AreNotEqual("0", row[^1].Split(',')[Array.IndexOf(row[0].Split(','), "located")]);
        Bad("--boxes", Line(data, "x", "--boxes", At("instances_val2017.json")));
        Bad("nowhere.json: no such file", Line(data, "x", "--located", "1", "--boxes", At("nowhere.json")));
    }
}
