namespace Silc.Tests;

/// <summary>RefCOCO's files, one trap a test, and boxes as words.</summary>
[TestClass]
public sealed class RefCocoTests : TempFolder
{
    const string Reference = """
        {"ann_id": 7, "image_id": 42, "file_name": "COCO_train2014_000000000042_7.jpg", "split": "val", "ref_id": 0, "category_id": 1,
         "sentences": [{"sent_id": 3, "raw": "The left Cat.", "sent": "the left cat", "tokens": []},
            {"sent_id": 4, "raw": "cat on chair", "tokens": []}]}
        """;

    string Write(string references, string box = "[1, 1, 4, 2]", string image = "42")
    {
        Directory.CreateDirectory(At("train2014"));
        ImageFile.Write(At("train2014/42.png"), Images.Noise(8, 6, 1));
        File.WriteAllText(At("refs.json"), references);
        File.WriteAllText(At("instances.json"), $$"""
            {"images": [{"id": 42, "file_name": "train2014/42.png", "width": 8, "height": 6},
                {"id": 43, "file_name": "gone.png", "width": 8, "height": 6}],
             "annotations": [{"id": 6, "image_id": 42, "bbox": [0, 0, 1, 1]}, {"id": 7, "image_id": {{image}}, "bbox": {{box}}},
                {"id": 8, "image_id": 43, "bbox": [0, 0, 1, 1]}], "categories": []}
            """);
        return At("refs.json");
    }

    void Refused(string words, Action act)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(act).Message;
        foreach (var word in words.Split('|')) Assert.Contains(word, message);
    }

    [TestMethod]
    public void Sentences_have_the_box_of_their_annotation_and_the_image_that_instances_name()
    {
        var path = Write($$"""
            [{{Reference}}, {"ann_id": 8, "image_id": 43, "split": "val", "sentences": [{"sent_id": 5, "sent": "that dog"}]},
             {"ann_id": 6, "image_id": 42, "split": "testA", "sentences": [{"sent_id": 6, "sent": "corner"}]}]
            """);
        var source = new RefCocoSource(path, "val");
        Assert.AreEqual(2, source.Count);
        Assert.AreEqual(new ReferredThing(3, 42, "the left cat", new(1, 1, 4, 2)), source.Thing(0));
        Assert.AreEqual("cat on chair", source.Thing(1).Sentence);
        Assert.AreEqual((8, 6), source.SizeOf(0));
        Assert.AreEqual(8, source.ReadImage(1).Width);
        Assert.Contains("gone.png", source.Skipped.Single().Examples[0]);
        Assert.AreEqual("corner", new RefCocoSource(path, "testA").Thing(0).Sentence);
        Refused("refs.json has no reference of the split train: it has testA, val", () => new RefCocoSource(path, "train"));
        var question = new ReferenceQuestions(source).Question(0);
        Assert.AreEqual(("the left cat", "x4 y5 x20 y16", "box"), (question.Question, question.Answers.Single(), question.AnswerType));
    }

    [TestMethod]
    public void Damaged_or_foreign_files_are_refused_by_what_is_wrong()
    {
        File.WriteAllBytes(At("refs(unc).p"), [0x80, 2]);
        Refused("refs(unc).p is a pickle|python3 -c|refs(unc).json", () => new RefCocoSource(At("refs(unc).p"), "val"));
        var path = Write($"[{Reference}]", image: "43");
        Refused("annotation 7 is of image 42|on image 43", () => new RefCocoSource(path, "val"));
        Write($"[{Reference.Replace("\"ann_id\": 7", "\"ann_id\": 9")}]");
        Refused("annotation 9|instances.json does not have", () => new RefCocoSource(path, "val"));
        Write($"[{Reference}, {Reference}]");
        Refused("[1].sentences[0].sent_id is 3", () => new RefCocoSource(path, "val"));
        Write($"[{Reference}]", box: "[9, 1, 2, 2]");
        Refused("no sentence of the split val", () => new RefCocoSource(path, "val"));
        Write($"[{Reference}]");
        ImageFile.Write(At("train2014/42.png"), Images.Noise(6, 8, 1));
        Refused("42.png is 6 x 8|8 x 6", () => new RefCocoSource(path, "val").ReadImage(0));
        File.Delete(At("instances.json"));
        Refused("instances.json", () => new RefCocoSource(path, "val"));
        Write("""{"images": []}""");
        Refused("has no references", () => new RefCocoSource(path, "val"));
    }

    [TestMethod]
    public void Boxes_are_four_words_and_come_back()
    {
        Assert.AreEqual("x0 y0 x32 y32", BoxWords.Of(new(0, 0, 64, 32), 64, 32));
        Assert.AreEqual(new Box(16, 4, 32, 8), BoxWords.Read("x8 y4 x24 y12", 64, 32));
        // Thinner than a cell it has one, also at the border.
        Assert.AreEqual("x31 y31 x32 y32", BoxWords.Of(new(63.9, 31.9, 0.05, 0.05), 64, 32));
        var random = new Philox(1, 1);
        for (int i = 0; i < 200; i++)
        {
            double x = random.NextDouble() * 60, y = random.NextDouble() * 90;
            var box = new Box(x, y, 4 + random.NextDouble() * (95 - x), 4 + random.NextDouble() * (95 - y));
            var back = BoxWords.Read(BoxWords.Of(box, 100, 100), 100, 100)!.Value;
            Assert.AreEqual(box.X, back.X, 100 / 64.0 + 1e-9);
            Assert.AreEqual(box.Y + box.Height, back.Y + back.Height, 100 / 64.0 + 1e-9);
        }
        foreach (var words in new[] { "", "x1 y1 x2", "x1 y1 x2 y2 y3", "x2 y1 x2 y4", "y1 x1 y2 x2", "x1 y1 x33 y2", "x y1 x2 y2", "x-1 y1 x2 y2" })
            Assert.IsNull(BoxWords.Read(words, 64, 64), words);
    }

    [TestMethod]
    public void The_demo_speaks_of_things_that_one_can_tell_apart()
    {
        var (source, boxes) = (new DemoReferences(60, 5), new DemoDetection(60, 5));
        Assert.IsGreaterThan(60, source.Count);
        int relations = 0;
        for (int i = 0; i < source.Count; i++)
        {
            var thing = source.Thing(i);
            var own = boxes.Read((int)thing.ImageId).Instances;
            var there = own.Single(instance => instance.Box == thing.Box);
            var colour = boxes.Truth.Categories.Single(category => category.Id == there.CategoryId).Name;
            Assert.StartsWith(colour, thing.Sentence.Split(' ', 2)[1]);
            if (thing.Sentence.Contains(" of ", StringComparison.Ordinal)) relations++;
        }
        Assert.IsGreaterThan(5, relations);
        Assert.AreEqual(source.Thing(3), new DemoReferences(60, 5).Thing(3));
    }
}
