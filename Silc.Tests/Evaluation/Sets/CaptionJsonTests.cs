namespace Silc.Tests;

/// <summary>Captions of COCO and of Karpathy's files, questions of VQAv2, and ImageNet's folders: one folder a trap.</summary>
[TestClass]
public sealed class CaptionJsonTests : TempFolder
{
    void Image(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        ImageFile.Write(At(name), Images.Noise(5, 4, 1));
    }

    string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
        return At(name);
    }

    static void Refused(string words, Action act)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(act).Message;
        foreach (var word in words.Split('|')) Assert.Contains(word, message);
    }

    [TestMethod]
    public void Captions_of_coco_are_grouped_by_their_image_and_lie_on_one_line()
    {
        Image("val2017/2.png");
        const string Json = """
            {"images": [{"id": 2, "file_name": "2.png"}, {"id": 3, "file_name": "3.png"}, {"id": 4, "file_name": "4.png"}],
            "annotations": [{"image_id": 2, "id": 10, "caption": "A cat\nsits  here. "}, {"image_id": 3, "id": 11, "caption": "two dogs"},
            {"image_id": "2", "id": 12, "caption": "a cat"}]}
            """;
        var source = CaptionJsonSource.Coco(Write("annotations/captions_val2017.json", Json));
        Assert.AreEqual((1, 2L), (source.Count, source.IdOf(0)));
        CollectionAssert.AreEqual(new[] { "A cat sits here.", "a cat" }, source.Read(0).Captions.ToArray());
        CollectionAssert.AreEquivalent(new[] { SkipReason.NotThere, SkipReason.NoCaption }, source.Skipped.Select(skip => skip.Reason).ToArray());
        CollectionAssert.AreEquivalent(new[] { 2L, 3L }, source.References.Keys.ToArray());
        CollectionAssert.AreEquivalent(new[] { 2L, 3L }, CaptionJsonSource.CocoReferences(At("annotations/captions_val2017.json")).Keys.ToArray());
        Refused("of image 5", () => CaptionJsonSource.Coco(Write("x.json", Json.Replace("\"image_id\": 3", "\"image_id\": 5"))));
        Refused("caption is 7", () => CaptionJsonSource.Coco(Write("x.json", Json.Replace("\"two dogs\"", "7"))));
        Refused("no annotations", () => CaptionJsonSource.Coco(Write("x.json", """{"images": []}""")));
    }

    /// <summary>Boxes of COCO's instances, without crowds and boxes that have no area, of the image of that id.</summary>
    [TestMethod]
    public void Captions_get_the_boxes_of_instances()
    {
        Image("val2017/2.png");
        Image("val2017/3.png");
        var captions = Write("annotations/captions_val2017.json", """
            {"images": [{"id": 3, "file_name": "3.png"}, {"id": 2, "file_name": "2.png"}],
            "annotations": [{"image_id": 2, "id": 10, "caption": "a cat"}, {"image_id": 3, "id": 11, "caption": "two dogs"}]}
            """);
        const string Instances = """
            {"images": [{"id": 2, "file_name": "2.png", "width": 5, "height": 4}, {"id": 9, "file_name": "9.png"}],
            "annotations": [{"id": 1, "image_id": 2, "category_id": 5, "bbox": [1, 0, 3, 2.5]},
            {"id": 2, "image_id": 2, "category_id": 5, "bbox": [0, 0, 5, 4], "iscrowd": 1},
            {"id": 3, "image_id": 2, "category_id": 7, "bbox": [1, 1, 0, 2]},
            {"id": 4, "image_id": 2, "category_id": 7, "bbox": [0, 1, 1, 2]}, {"id": 5, "image_id": 9, "category_id": 7, "bbox": [0, 1, 1, 2]}],
            "categories": [{"id": 5, "name": "cat"}, {"id": 7, "name": "Traffic_light"}]}
            """;
        var truth = CocoFile.Read(Write("annotations/instances_val2017.json", Instances));
        IImageTextSource source = new BoxedCaptions(CaptionJsonSource.Coco(captions), truth);
        Assert.IsTrue(source.HasBoxes);
        Assert.IsEmpty(source.BoxesOf(0));
        CollectionAssert.AreEqual((NamedBox[])[new(new(1, 0, 3, 2.5), "cat"), new(new(0, 1, 1, 2), "traffic light")], source.BoxesOf(1).ToArray());
        Assert.AreEqual("a cat", source.Read(1).Captions.Single());
        var others = truth with { Instances = [.. truth.Instances.Select(one => one with { ImageId = 9 })] };
        Refused("none of the 2 images|different images", () => _ = new BoxedCaptions(CaptionJsonSource.Coco(captions), others));
    }

    const string Karpathy = """
        {"images": [
        {"filepath": "val2014", "filename": "1.png", "cocoid": 1, "imgid": 0, "split": "test", "sentences": [{"raw": "A dog.",
        "tokens": ["a", "dog"]}]},
        {"filepath": "val2014", "filename": "2.png", "cocoid": 2, "imgid": 1, "split": "restval", "sentences": [{"raw": "One"}, {"raw": "Two"}]},
        {"filepath": "train2014", "filename": "3.png", "cocoid": 3, "imgid": 2, "split": "train", "sentences": [{"raw": "Three"}]}],
        "dataset": "coco"}
        """;

    [TestMethod]
    public void Restval_of_karpathy_belongs_to_training_and_splits_are_not_folders()
    {
        foreach (var name in new[] { "val2014/1.png", "val2014/2.png", "train2014/3.png" }) Image(name);
        var path = Write("dataset_coco.json", Karpathy);
        var train = CaptionJsonSource.Karpathy(path, "train");
        CollectionAssert.AreEqual(new[] { 2L, 3L }, Enumerable.Range(0, train.Count).Select(train.IdOf).ToArray());
        CollectionAssert.AreEqual(new[] { "One", "Two" }, train.Read(0).Captions.ToArray());
        Assert.AreEqual("A dog.", CaptionJsonSource.Karpathy(path, "test").Read(0).Captions.Single());
        Refused("no image of the split val, it has restval, test, train", () => CaptionJsonSource.Karpathy(path, "val"));
        Assert.Contains("train, val, test", Assert.ThrowsExactly<ArgumentException>(() => CaptionJsonSource.Karpathy(path, "restval")).Message);
    }

    [TestMethod]
    public void Flickr_has_neither_folders_nor_ids_of_coco()
    {
        Image("flickr30k-images/9.png");
        var path = Write("dataset_flickr30k.json",
            """{"images": [{"filename": "9.png", "imgid": 4, "sentids": [1], "split": "test", "sentences": [{"raw": "x"}]}]}""");
        var source = CaptionJsonSource.Karpathy(path, "test", At("flickr30k-images"));
        Assert.AreEqual((1, 4L), (source.Count, source.IdOf(0)));
        Refused("--image-folder|9.png", () => CaptionJsonSource.Karpathy(path, "test"));
    }

    const string Questions = """
        {"info": {}, "data_subtype": "val2014", "questions": [{"image_id": 42, "question": "Is it red?", "question_id": 42000},
        {"image_id": 42, "question": "How many?", "question_id": 42001}, {"image_id": 43, "question": "Is it red?", "question_id": 43000}]}
        """;

    static string Answers(params int[] ids) => $$"""
        {"annotations": [{{string.Join(", ", ids.Select(id => $$"""
        {"question_id": {{id}}, "image_id": 42, "answer_type": "yes/no", "question_type": "is it", "multiple_choice_answer": "yes",
        "answers": [{"answer": "yes", "answer_confidence": "yes", "answer_id": 1}, {"answer": "no", "answer_confidence": "maybe", "answer_id": 2}]}
        """))}}]}
        """;

    [TestMethod]
    public void Questions_and_answers_are_joined_by_their_id()
    {
        Image("val2014/COCO_val2014_000000000042.jpg");
        var path = Write("v2_OpenEnded_mscoco_val2014_questions.json", Questions);
        var test = new VqaSource(path);
        Assert.AreEqual((2, 3, 0), (test.Count, test.All.Count, test.Question(0).Answers.Count));
        Assert.AreEqual(1, test.Skipped.Single().Count);
        Assert.AreEqual(5, test.ReadImage(1).Width);
        Write("v2_mscoco_val2014_annotations.json", Answers(43000, 42001, 42000));
        var source = new VqaSource(path);
        Assert.AreEqual(("How many?", "yes/no"), (source.Question(1).Question, source.Question(1).AnswerType));
        CollectionAssert.AreEqual(new[] { "yes", "no" }, source.Question(0).Answers.ToArray());
        Write("v2_mscoco_val2014_annotations.json", Answers(43000, 42001));
        Refused("no answers to question 42000", () => VqaSource.Read(path));
        Write("v2_mscoco_val2014_annotations.json", Answers(43000, 42001, 42000, 5));
        Refused("annotations[3].question_id is 5|two sets", () => VqaSource.Read(path));
        Write("v2_mscoco_val2014_annotations.json", Answers(43000, 42001, 42000).Replace("\"answer\": \"no\"", "\"answer\": 3"));
        Refused("answers[1].answer is 3|text", () => VqaSource.Read(path));
        Write("v2_mscoco_val2014_annotations.json", Answers(43000, 43000));
        Refused("annotations[1].question_id is 43000|earlier", () => VqaSource.Read(path));
        Refused("no questions", () => VqaSource.Read(At("v2_mscoco_val2014_annotations.json")));
    }

    [TestMethod]
    public void Imagenet_goes_by_sorted_wordnet_ids_and_says_where_flat_folders_get_theirs()
    {
        Image("train/n02012849/b.JPEG");
        Image("train/n01440764/a.JPEG");
        Image("train/n03126707/c.JPEG");
        Refused("LOC_synset_mapping.txt", () => new ImageNetSource(Root));
        Write("LOC_synset_mapping.txt", "n03126707 crane\nn01440764 tench, Tinca tinca\nn02012849 crane\n");
        var train = new ImageNetSource(Root);
        CollectionAssert.AreEqual(new[] { "tench", "crane", "crane" }, train.Classes.Names.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, train.Classes.Of.ToArray());
        Assert.AreEqual("a photo of a tench", train.Read(0).Captions.Single());
        Refused("2 lines for 3 classes", () => new ImageNetSource(Root, names: Write("two.txt", "a\nb\n")));
        CollectionAssert.AreEqual(new[] { "a", "b", "b" }, new ImageNetSource(Root, names: Write("three.txt", "a\nb\nb\n")).Classes.Names.ToArray());

        Image("val/ILSVRC2012_val_00000001.JPEG");
        Image("val/ILSVRC2012_val_00000002.JPEG");
        Refused("LOC_val_solution.csv", () => new ImageNetSource(Root, "val"));
        Write("ILSVRC2012_validation_ground_truth.txt", "2\n1\n");
        Refused("not that of the WordNet ids", () => new ImageNetSource(Root, "val"));
        Write("map_clsloc.txt", "n03126707 1 crane\nn01440764 2 tench\nn02012849 3 crane\n");
        CollectionAssert.AreEqual(new[] { 0, 2 }, new ImageNetSource(Root, "val").Classes.Of.ToArray());
        Write("LOC_val_solution.csv", "ImageId,PredictionString\nILSVRC2012_val_00000001,n02012849 1 2 3 4 \n"
            + "ILSVRC2012_val_00000002,n01440764 1 2 3 4\n");
        CollectionAssert.AreEqual(new[] { 1, 0 }, new ImageNetSource(Root, "val").Classes.Of.ToArray());
        Refused("no folder test", () => new ImageNetSource(Root, "test"));
    }
}
