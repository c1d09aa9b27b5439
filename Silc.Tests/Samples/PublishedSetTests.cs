namespace Silc.Tests;

/// <summary>Published sets on the command line.</summary>
[TestClass, DoNotParallelize]
public sealed class PublishedSetTests : TempFolder
{
    static string Out(params string[] args)
    {
        var (code, output, error) = CommandLineRun.Of(args);
        Assert.AreEqual(0, code, error);
        return output;
    }

    [TestMethod]
    public void Results_have_the_official_numbers_of_their_set()
    {
        var official = MetricsFolder.Json("detection.json");
        Out("eval", "results", "--data", $"coco:{MetricsFolder.File("coco1.json")}", "--results", MetricsFolder.File("coco1.results.json"), "--json",
            At("s.json"));
        var metrics = Metrics();
        Assert.AreEqual(official.GetProperty("coco1").GetProperty("stats")[0].GetDouble(), metrics.GetProperty("AP").GetDouble(), 1e-12);
        Assert.AreEqual(12, metrics.EnumerateObject().Count());
        Out("eval", "results", "--data", $"coco:{MetricsFolder.File("coco4.json")}", "--results", MetricsFolder.File("coco4.results.json"),
            "--segments", "--json", At("s.json"));
        Assert.AreEqual(official.GetProperty("coco4").GetProperty("stats")[0].GetDouble(), Metrics().GetProperty("AP").GetDouble(), 1e-12);
        Assert.IsFalse(Metrics().TryGetProperty("APl", out _), "nothing is large there, which is no score of -1");
        Out("eval", "results", "--data", $"lvis:{MetricsFolder.File("lvis1.json")}", "--results", MetricsFolder.File("lvis1.results.json"), "--json",
            At("s.json"));
        Assert.AreEqual(official.GetProperty("lvis1").GetProperty("APr").GetDouble(), Metrics().GetProperty("APr").GetDouble(), 1e-12);

        System.Text.Json.JsonElement Metrics() =>
            System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(At("s.json"))).RootElement.GetProperty("scores")[0].GetProperty("metrics");
    }

    [TestMethod]
    public void Captions_and_answers_are_measured_without_images()
    {
        File.WriteAllText(At("captions.json"), """
            {"images": [{"id": 1, "file_name": "1.png"}, {"id": 2, "file_name": "2.png"}],
            "annotations": [{"image_id": 1, "caption": "a red cat"}, {"image_id": 2, "caption": "two dogs"}]}
            """);
        CaptionResults.Write(At("said.json"), new Dictionary<long, string> { [1] = "A red cat.", [2] = "two birds" });
        Assert.Contains("50.0 %", Out("eval", "results", "--data", $"captions:{At("captions.json")}", "--results", At("said.json")));
        File.WriteAllText(At("q_questions.json"), """{"questions": [{"image_id": 1, "question": "is it?", "question_id": 10}]}""");
        File.WriteAllText(At("q_annotations.json"), """
            {"annotations": [{"question_id": 10, "answer_type": "yes/no",
              "answers": [{"answer": "yes"}, {"answer": "yes"}, {"answer": "yes"}, {"answer": "no"}]}]}
            """);
        AnswerResults.Write(At("answers.json"), new Dictionary<long, string> { [10] = "yes" });
        Assert.Contains("75.0 %", Out("eval", "results", "--data", $"vqa:{At("q_questions.json")}", "--results", At("answers.json")));
        AnswerResults.Write(At("answers.json"), new Dictionary<long, string> { [11] = "yes" });
        var (code, _, error) = CommandLineRun.Of("eval", "results", "--data", $"vqa:{At("q_questions.json")}", "--results", At("answers.json"));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains(At("answers.json"), error);
        Assert.Contains("have no answer: 10", error);
    }

    [TestMethod]
    public void Data_labels_says_what_is_in_a_set()
    {
        Directory.CreateDirectory(At("voc/JPEGImages"));
        Directory.CreateDirectory(At("voc/SegmentationClass"));
        foreach (var name in new[] { "a", "b", "c" }) ImageFile.Write(At($"voc/JPEGImages/{name}.png"), Images.Noise(4, 2, 1));
        LabelMapFile.Write(At("voc/SegmentationClass/a.png"), new(4, 2, [0, 0, 0, 0, 8, 8, -1, -1]));
        LabelMapFile.Write(At("voc/SegmentationClass/b.png"), new(4, 2, [0, 0, 0, 0, 0, 0, 0, 0]));
        var (code, output, error) = CommandLineRun.Of("data", "labels", "--data", $"voc:{At("voc")}");
        Assert.AreEqual(0, code, error);
        Assert.Contains("2 images, 2 of them looked at, 21 classes, 2 of which occur", output);
        Assert.Contains("do not count: 12.5 %", output);
        Assert.Contains("cat", output);
        Assert.Contains("image without a label map of its name", error);

        File.WriteAllText(At("instances.json"), """
            {"images": [{"id": 1, "file_name": "voc/JPEGImages/a.png"}, {"id": 2, "file_name": "gone.png"}], "categories": [{"id": 5, "name": "owl"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 2]},
              {"id": 2, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 2], "iscrowd": 1}]}
            """);
        (code, output, error) = CommandLineRun.Of("data", "labels", "--data", $"coco:{At("instances.json")}");
        Assert.AreEqual(0, code, error);
        Assert.Contains("2 images, 1 of them there, 1 without a thing; 2 things of 1 categories", output);
        Assert.Contains("crowds: 1", output);
        Assert.Contains("gone.png", error);
    }

    [TestMethod]
    [DataRow("data labels --data photos", "say ade20k:FOLDER")]
    [DataRow("data labels --data voc:nowhere", "no folder nowhere; say voc:FOLDER")]
    [DataRow("data labels --data coco:nowhere.json", "no file nowhere.json; say coco:FILE.json")]
    [DataRow("eval results --data demo --results x.json", "x.json")]
    [DataRow("data inspect --data demo --split val", "--split is for published sets")]
    public void What_is_no_set_is_answered_with_what_is(string line, string words)
    {
        var (code, _, error) = CommandLineRun.Of(line.Split(' '));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains(words, error);
    }

    [TestMethod]
    public void Captions_of_a_published_set_are_data_to_train_on()
    {
        Directory.CreateDirectory(At("val2014"));
        ImageFile.Write(At("val2014/1.png"), Images.Noise(8, 6, 1));
        File.WriteAllText(At("dataset.json"), """
            {"images": [{"filepath": "val2014", "filename": "1.png", "cocoid": 1, "split": "test", "sentences": [{"raw": "A dog."}]}]}
            """);
        var output = Out("data", "inspect", "--data", $"karpathy:{At("dataset.json")}", "--split", "test", "--preset", "mini", "--sheet",
            At("v.png"));
        Assert.Contains("1 image, 1 of them looked at", output);
    }
}
