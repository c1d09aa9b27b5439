namespace Silc.Tests;

/// <summary>Things of COCO and LVIS, one file a trap.</summary>
[TestClass]
public sealed class CocoFileTests : TempFolder
{
    const string Images = """[{"id": 7, "file_name": "a.png", "width": 8, "height": 6}, {"id": 9, "file_name": "b.png", "width": 8, "height": 6}]""";
    const string Categories = """[{"id": 90, "name": "toothbrush"}, {"id": 1, "name": "person"}]""";

    string Write(string annotations, string images = Images, string categories = Categories, string name = "instances_val2017.json")
    {
        File.WriteAllText(At(name), $$"""
            {"info": {"year": 2017, "more": [1, {"images": [2]}]}, "licenses": [{"id": 1}], "images": {{images}}, "annotations": [{{annotations}}],
            "categories": {{categories}}}
            """);
        return At(name);
    }

    void Refused(string words, string annotations, string images = Images, string categories = Categories, bool masks = false)
    {
        var path = Write(annotations, images, categories);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => CocoFile.Read(path, masks)).Message;
        Assert.Contains(path, message);
        foreach (var word in words.Split('|')) Assert.Contains(word, message);
    }

    [TestMethod]
    public void Categories_go_by_the_list_and_empty_images_belong_to_the_set()
    {
        var truth = CocoFile.Read(Write("""
            {"id": 1, "image_id": "7", "category_id": 90, "bbox": [1, 1, 3, 2], "area": 5.5, "iscrowd": 0,
             "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]},
            {"id": 2, "image_id": 7.0, "category_id": 1, "bbox": [0, 0, 8, 6], "iscrowd": 1, "segmentation": {"size": [6, 8], "counts": [6, 12, 30]}},
            {"id": 3, "image_id": 7, "category_id": 1, "bbox": [2, 2, 0, 3], "segmentation": {"size": [6, 8], "counts": "6<n0"}}
            """), masks: true);
        Assert.AreEqual((2, 2, 3), (truth.Images.Count, truth.Categories.Count, truth.Instances.Count));
        CollectionAssert.AreEqual(new[] { "toothbrush", "person" }, truth.Classes().Names.ToArray());
        var (first, crowd, flat) = (truth.Instances[0], truth.Instances[1], truth.Instances[2]);
        Assert.AreEqual((7L, 90L, new Box(1, 1, 3, 2), 5.5, false), (first.ImageId, first.CategoryId, first.Box, first.Area, first.IsCrowd));
        Assert.AreEqual(6, first.Mask!.Area);
        Assert.IsTrue(crowd.IsCrowd);
        // Runs go down the columns: columns 1 and 2 of height 6.
        CollectionAssert.AreEqual(Enumerable.Range(0, 48).Select(i => i % 8 is 1 or 2).ToArray(), crowd.Mask!.ToPixels());
        CollectionAssert.AreEqual(crowd.Mask.ToPixels(), flat.Mask!.ToPixels());
        Assert.AreEqual(48, crowd.Area, "without an area that of the box");
        Assert.Contains("without width or height", truth.Skipped.Single().Reason);
        Assert.Contains("annotation 3", truth.Skipped[0].Examples[0]);
        Assert.IsNull(CocoFile.Read(At("instances_val2017.json")).Instances[0].Mask);
    }

    [TestMethod]
    public void Annotations_may_stand_before_images()
    {
        File.WriteAllText(At("x.json"), $$"""
            {"annotations": [{"id": 0, "image_id": 7, "category_id": 1, "bbox": [1, 1, 3, 2], "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]}],
            "categories": {{Categories}}, "images": {{Images}}}
            """);
        var truth = CocoFile.Read(At("x.json"), masks: true);
        Assert.AreEqual(6, truth.Instances[0].Mask!.Area);
        Assert.Contains("id 0", truth.Skipped.Single().Reason);
    }

    [TestMethod]
    public void What_makes_no_sense_is_named_with_file_record_and_value()
    {
        const string Good = """{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 1, 3, 2]}""";
        Refused("annotations[1].id is 1|earlier", $"{Good}, {Good}");
        Refused("annotation 1 is of image 8", Good.Replace("7", "8"));
        Refused("annotation 1 is of category 2", Good.Replace("_id\": 1,", "_id\": 2,"));
        Refused("bbox is [1, 1, 3]|left, top", Good.Replace(", 2]", "]"));
        Refused("bbox is [1, 1, 3, null]", Good.Replace(", 2]", ", null]"));
        Refused("bbox is missing", Good.Replace("bbox", "box"));
        Refused("image_id is \"x\"|whole number", Good.Replace("7", "\"x\""));
        Refused("all of it outside of image 7 of 8 x 6", Good.Replace("[1, 1", "[8, 1"));
        Refused("iscrowd is 2", Good.Replace("}", ", \"iscrowd\": 2}"));
        Refused("two images have the id 7", Good, Images.Replace("9", "7"));
        Refused("two categories have the id 1", Good, categories: Categories.Replace("90", "1"));
        Refused("images[0].width is 0", Good, Images.Replace("8", "0"));
        Refused("segmentation is 5|polygons", Good.Replace("}", ", \"segmentation\": 5}"), masks: true);
        Refused("annotation 1: the runs of the mask are 47 pixels long",
            Good.Replace("}", ", \"segmentation\": {\"size\": [6, 8], \"counts\": [47]}}"), masks: true);
        Refused("written as height, width", Good.Replace("}", ", \"segmentation\": {\"size\": [8, 6], \"counts\": [48]}}"), masks: true);
        Refused("character '!'", Good.Replace("}", ", \"segmentation\": {\"size\": [6, 8], \"counts\": \"!\"}}"), masks: true);
        Refused("three corners", Good.Replace("}", ", \"segmentation\": [[1, 2, 3, 4]]}"), masks: true);
        File.WriteAllText(At("captions.json"), """{"images": [], "annotations": []}""");
        Assert.Contains("no categories", Assert.ThrowsExactly<InvalidDataException>(() => CocoFile.Read(At("captions.json"))).Message);
        var whole = File.ReadAllText(Write(Good));
        foreach (int length in new[] { 0, 1, 30, 150, whole.Length / 2, whole.Length - 4 })
        {
            File.WriteAllText(At("cut.json"), whole[..length]);
            Assert.Contains(At("cut.json"), Assert.ThrowsExactly<InvalidDataException>(() => CocoFile.Read(At("cut.json"))).Message);
        }
        File.WriteAllText(At("cut.json"), "5");
        Assert.Contains(At("cut.json"), Assert.ThrowsExactly<InvalidDataException>(() => CocoFile.Read(At("cut.json"))).Message);
    }

    /// <summary>Whatever a byte becomes, a file is read or refused by its name.</summary>
    [TestMethod]
    public void Mutated_files_are_read_or_refused()
    {
        const string Letters = " {}[]\":,.-0123456789eaN\\\u00ff";
        var (random, refused) = (new Random(8), 0);
        var whole = File.ReadAllBytes(MetricsFolder.File("coco5.json"));
        var results = File.ReadAllBytes(MetricsFolder.File("coco5.results.json"));
        for (int trial = 0; trial < 1500; trial++)
        {
            byte[] bytes = [.. trial % 3 == 0 ? results : whole];
            for (int k = 0; k <= trial % 3; k++) bytes[random.Next(bytes.Length)] = (byte)Letters[random.Next(Letters.Length)];
            File.WriteAllBytes(At("m.json"), trial % 7 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                if (trial % 3 == 0) DetectionResults.Read(At("m.json"));
                else CocoFile.Read(At("m.json"), masks: true);
            }
            catch (InvalidDataException error)
            {
                Assert.Contains(At("m.json"), error.Message);
                refused++;
            }
        }
        Assert.IsTrue(refused is > 500 and < 1490, $"{refused} of 1,500 were refused");
    }

    [TestMethod]
    public void Large_files_are_streamed()
    {
        // Records longer and shorter than the buffer, and a mark of UTF-8 in front.
        var random = new Random(4);
        var annotations = string.Join(",\n", Enumerable.Range(1, 3000).Select(i => $$"""
            {"id": {{i}}, "image_id": 7, "category_id": 1, "note": "{{new string('x', i % 500 == 0 ? 200_000 : random.Next(80))}}",
             "bbox": [1, 1, {{i % 5 + 1}}, 2]}
            """));
        var path = Write(annotations);
        File.WriteAllText(path, File.ReadAllText(path), new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        var truth = CocoFile.Read(path);
        CollectionAssert.AreEqual(Enumerable.Range(1, 3000).Select(i => (long)i).ToArray(),
            truth.Instances.Select(instance => instance.Id).ToArray());
        Assert.IsTrue(truth.Instances.All(instance => instance.Box.Width == instance.Id % 5 + 1));
        Assert.HasCount(2, truth.Images);
    }

    [TestMethod]
    public void Lvis_has_no_file_names_but_frequencies_negatives_and_senses()
    {
        var path = Write("""{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 1, 3, 2], "area": 6}""",
            """
            [{"id": 7, "coco_url": "http://images.example/train2017/000000000007.png", "width": 8, "height": 6, "neg_category_ids": [2],
              "not_exhaustive_category_ids": [3]}]
            """,
            """
            [{"id": 2, "name": "bow_(weapon)", "frequency": "r", "synonyms": ["bow_(weapon)"]},
             {"id": 3, "name": "aerosol_can", "frequency": "f", "synonyms": ["aerosol_can", "spray_can"]}]
            """, "lvis_v1_val.json");
        var truth = CocoFile.Read(path);
        Assert.AreEqual("train2017/000000000007.png", truth.Images[0].FileName);
        CollectionAssert.AreEqual(new[] { 2L }, truth.Images[0].Negatives!.ToArray());
        CollectionAssert.AreEqual(new[] { 3L }, truth.Images[0].NotExhaustive!.ToArray());
        Assert.AreEqual('r', truth.Categories[0].Frequency);
        CollectionAssert.AreEqual(new[] { "bow weapon" }, truth.Classes().Called[0].ToArray());
        CollectionAssert.AreEqual(new[] { "aerosol can", "spray can" }, truth.Classes().Called[1].ToArray());
        Directory.CreateDirectory(At("train2017"));
        ImageFile.Write(At("train2017/000000000007.png"), Tests.Images.Noise(8, 6, 1));
        Assert.AreEqual(1, new CocoSource(path).Read(0).Instances.Count);
        Refused("frequency is \"x\"", "", categories: """[{"id": 2, "name": "a", "frequency": "x"}]""");
        Refused("nor is there a coco_url", "", images: """[{"id": 7}]""");
    }

    [TestMethod]
    public void Images_are_found_around_the_file_and_missing_ones_counted()
    {
        Directory.CreateDirectory(At("annotations"));
        Directory.CreateDirectory(At("val2017"));
        var path = Write("""{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 1, 3, 2]}""", name: "annotations/instances_val2017.json");
        Assert.Contains("--image-folder", Assert.ThrowsExactly<InvalidDataException>(() => new CocoSource(path)).Message);
        ImageFile.Write(At("val2017/a.png"), Tests.Images.Noise(8, 6, 1));
        var source = new CocoSource(path);
        Assert.AreEqual((1, 2), (source.Count, source.Truth.Images.Count));
        Assert.AreEqual((SkipReason.NotThere, 1L), (source.Skipped.Single().Reason, source.Skipped[0].Count));
        Assert.AreEqual(7, source.Read(0).Info.Id);
        ImageFile.Write(At("val2017/a.png"), Tests.Images.Noise(6, 8, 1));
        Assert.Contains("6 x 8", Assert.ThrowsExactly<InvalidDataException>(() => new CocoSource(path).Read(0)).Message);
    }
}
