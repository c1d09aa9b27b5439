namespace Silc.Tests;

/// <summary>Label maps as the sets publish them, one folder a set and one a trap.</summary>
[TestClass]
public sealed class SegmentationSetTests : SegmentationSetFolder
{
    static readonly (byte, byte, byte)[] vocColours = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)];

    [TestMethod]
    public void Ade20k_counts_from_one_and_its_names_have_synonyms()
    {
        File.WriteAllLines(At("objectInfo150.txt"), ["Idx\tRatio\tTrain\tVal\tStuff\tName",
            .. Enumerable.Range(1, 150).Select(i =>
                $"{i}\t0.1\t5\t5\t0\t{(i == 9 ? "windowpane, window" : i == 2 ? "building;edifice" : $"kind {i}")}")]);
        Image("images/validation/a.png");
        Image("images/validation/alone.png");
        Map("annotations/validation/a.png", 0, 1, 150, 9);
        Map("annotations/validation/other.png", 1);
        var source = SegmentationSets.Ade20k(Root);
        CollectionAssert.AreEqual(new[] { -1, 0, 149, 8 }, First(source));
        CollectionAssert.AreEqual(new[] { "windowpane", "window" }, source.Classes.Called[8].ToArray());
        CollectionAssert.AreEqual(new[] { "building", "edifice" }, source.Classes.Called[1].ToArray());
        Assert.AreEqual(1, source.Count);
        CollectionAssert.AreEqual(new[] { SkipReason.NoMask, SkipReason.MaskAlone }, source.Skipped.Select(skipped => skipped.Reason).ToArray());
        Assert.Contains("alone.png", source.Skipped[0].Examples[0]);
        Map("annotations/validation/a.png", 1, 151);
        Refused($"{At("annotations/validation/a.png")}: pixel 1, 0 has the value 151|1 to 150", () => SegmentationSets.Ade20k(Root).Read(0));
        Refused("150 classes, the list names 2", () => SegmentationSets.Ade20k(Root, classes: ClassList.Of(["a", "b"])));
        Refused("no folder|training", () => SegmentationSets.Ade20k(Root, "training"));
        File.Delete(At("objectInfo150.txt"));
        Refused("objectInfo150.txt", () => SegmentationSets.Ade20k(Root));
    }

    [TestMethod]
    public void A_label_map_that_is_a_jpeg_is_refused()
    {
        Image("images/validation/a.png");
        Map("annotations/validation/b.png", 1);
        File.WriteAllBytes(At("annotations/validation/a.jpg"), [0xFF, 0xD8]);
        Refused("a.jpg|lossy", () => SegmentationSets.Ade20k(Root, classes: ClassList.Of(Enumerable.Range(0, 150).Select(i => $"kind {i}"))));
    }

    [TestMethod]
    public void Sixteen_bits_of_grey_are_values()
    {
        Image("images/validation/a.png");
        Map("annotations/validation/a.png", 1, 300);
        Refused("the value 300", () =>
            SegmentationSets.Ade20k(Root, classes: ClassList.Of(Enumerable.Range(0, 150).Select(i => $"kind {i}"))).Read(0));
    }

    [TestMethod]
    public void Voc_has_a_border_a_background_and_lists()
    {
        foreach (var name in new[] { "a", "b" }) Image($"JPEGImages/{name}.png");
        Palette("SegmentationClass/a.png", [0, 1, 20, 255]);
        Palette("SegmentationClass/b.png", [3]);
        var source = SegmentationSets.Voc(Root);
        CollectionAssert.AreEqual(new[] { 0, 1, 20, -1 }, First(source));
        Assert.AreEqual((2, 21, true), (source.Count, source.Classes.Count, source.HasBackground));
        var twenty = SegmentationSets.Voc(Root, background: false);
        CollectionAssert.AreEqual(new[] { -1, 0, 19, -1 }, First(twenty));
        Assert.AreEqual(("aeroplane", 20, false), (twenty.Classes.Names[0], twenty.Classes.Count, twenty.HasBackground));
        Directory.CreateDirectory(At("ImageSets/Segmentation"));
        File.WriteAllText(At("ImageSets/Segmentation/val.txt"), "b\nmissing\n");
        var val = SegmentationSets.Voc(Root, "val");
        Assert.AreEqual(1, val.Count);
        CollectionAssert.AreEqual(new[] { 3, 3, 3, 3 }, First(val));
        Assert.Contains("missing", val.Skipped[0].Examples[0]);
        Refused("train.txt", () => SegmentationSets.Voc(Root, "train"));
        Palette("SegmentationClass/a.png", [0, 21]);
        Refused("the value 21", () => SegmentationSets.Voc(Root).Read(0));
    }

    [TestMethod]
    public void Voc_in_colours_is_mapped_back_by_the_palette()
    {
        Image("JPEGImages/a.png");
        Coloured("SegmentationClass/a.png", [.. vocColours[..3], (224, 224, 192)]);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, -1 }, First(SegmentationSets.Voc(Root)));
        Coloured("SegmentationClass/a.png", vocColours[1..]);
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4 }, First(SegmentationSets.Voc(Root)));
        Coloured("SegmentationClass/a.png", (7, 7, 7), (255, 255, 255));            // indices written as grey
        CollectionAssert.AreEqual(new[] { 7, -1, 7, -1 }, First(SegmentationSets.Voc(Root)));
        Coloured("SegmentationClass/a.png", (128, 0, 0), (127, 0, 0));
        Refused("pixel 1, 0|127, 0, 0", () => SegmentationSets.Voc(Root).Read(0));
    }

    [TestMethod]
    public void Coco_stuff_has_gaps_and_171_classes()
    {
        Image("images/val2017/a.png");
        Map("stuffthingmaps/val2017/a.png", 0, 10, 12, 181);
        LabelMapFile.Write(At("stuffthingmaps/val2017/a.png"), new(Width, Height, [0, 10, 12, 181, -1, 0, 0, 0]));     // -1 is written as 255
        var source = SegmentationSets.CocoStuff(Root);
        CollectionAssert.AreEqual(new[] { 0, 10, 11, 170, -1 }, First(source, 5));
        Assert.AreEqual(171, source.Classes.Count);
        Assert.AreEqual(("person", "fire hydrant", "stop sign", "wood", "banner"), (source.Classes.Names[0], source.Classes.Names[10],
            source.Classes.Names[11], source.Classes.Names[170], source.Classes.Names[80]));
        Map("stuffthingmaps/val2017/a.png", 0, 11);
        Refused("the value 11|but for 11, 25", () => SegmentationSets.CocoStuff(Root).Read(0));
    }

    [TestMethod]
    public void Cityscapes_takes_label_ids_by_their_suffix()
    {
        Image("leftImg8bit/val/bonn/bonn_0_leftImg8bit.png");
        Map("gtFine/val/bonn/bonn_0_gtFine_labelIds.png", 7, 33, 0, 26);
        Map("gtFine/val/bonn/bonn_0_gtFine_labelTrainIds.png", 0, 18, 254, 13);
        Map("gtFine/val/bonn/bonn_0_gtFine_instanceIds.png", 7, 33000, 0, 26001);
        Coloured("gtFine/val/bonn/bonn_0_gtFine_color.png", (1, 2, 3));
        var source = SegmentationSets.Cityscapes(Root);
        CollectionAssert.AreEqual(new[] { 0, 18, -1, 13 }, First(source));
        Assert.AreEqual((1, 0, "bicycle"), (source.Count, source.Skipped.Count, source.Classes.Names[18]));
        LabelMapFile.Write(At("gtFine/val/bonn/bonn_0_gtFine_labelIds.png"), new(Width, Height, [-1, 34, 0, 0, 0, 0, 0, 0]));
        Refused("pixel 1, 0 has the value 34", () => SegmentationSets.Cityscapes(Root).Read(0));    // 255, the licence plate, does not count
    }

    [TestMethod]
    public void Panoptic_ids_are_colours_and_meet_their_entries()
    {
        Image("val2017/a.png");
        // 259 = 3 + 256, in the green; 65,539 in the blue.
        Coloured("annotations/panoptic_val2017/a.png", (0, 0, 0), (3, 1, 0), (3, 0, 1));
        void Write(string segments) => File.WriteAllText(At("annotations/panoptic_val2017.json"), $$"""
            {"images": [{"id": 5, "file_name": "a.png"}], "annotations": [{"image_id": "5", "file_name": "a.png", "segments_info": [{{segments}}]}],
            "categories": [{"id": 1, "name": "person"}, {"id": 200, "name": "rug-merged"}]}
            """);
        Write("""{"id": 259, "category_id": 200, "iscrowd": 0}, {"id": 65539, "category_id": 1}""");
        var source = SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json"));
        CollectionAssert.AreEqual(new[] { -1, 1, 0, -1 }, First(source));
        CollectionAssert.AreEqual(new[] { "person", "rug-merged" }, source.Classes.Names.ToArray());
        Write("""{"id": 259, "category_id": 200}""");
        Refused("the segment 65539", () => SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json")).Read(0));
        Write("""{"id": 259, "category_id": 200}, {"id": 65539, "category_id": 1}, {"id": 77, "category_id": 1}""");
        Refused("the segment 77", () => SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json")).Read(0));
        Write("""{"id": 259, "category_id": 93}""");
        Refused("category 93", () => SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json")));
        Write("");
        Refused("panoptic file", () => SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json")));
        Map("annotations/panoptic_val2017/a.png", 3);
        Write("""{"id": 3, "category_id": 1}""");
        Refused("written as colours", () => SegmentationSets.Panoptic(At("annotations/panoptic_val2017.json")).Read(0));
    }

    [TestMethod]
    public void Sizes_must_agree()
    {
        Image("JPEGImages/a.png");
        Directory.CreateDirectory(At("SegmentationClass"));
        LabelMapFile.Write(At("SegmentationClass/a.png"), new(2, 2, [0, 0, 0, 0]));
        Refused("2 x 2|4 x 2", () => SegmentationSets.Voc(Root).Read(0));
    }
}
