namespace Silc.Tests;

/// <summary>ADE20K's 847 classes, Pascal Context's 59 and 459, and VOC-20b, one folder a set and one a trap.</summary>
[TestClass]
public sealed class LargeVocabularySetTests : SegmentationSetFolder
{
    string Names(int count, Func<int, string> line)
    {
        File.WriteAllLines(At("names.txt"), Enumerable.Range(0, count).Select(line));
        return At("names.txt");
    }

    // A TIFF of 16 bits in two strips.
    void Tiff(string name, bool little, int compression = 1, int bits = 16, params int[] labels)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        byte[] Short(int value) => [.. little ? [(byte)value, (byte)(value >> 8)] : (byte[])[(byte)(value >> 8), (byte)value]];
        byte[] Long(int value) => little ? [.. Short(value & 0xFFFF), .. Short(value >> 16)] : [.. Short(value >> 16), .. Short(value & 0xFFFF)];
        int strip = Width * bits / 8, pixels = 8, lists = pixels + Height * strip, entries = lists + 16;
        byte[] Entry(int tag, int type, int count, int value) =>
            [.. Short(tag), .. Short(type), .. Long(count), .. type == 3 && count == 1 ? [.. Short(value), 0, 0] : Long(value)];
        File.WriteAllBytes(At(name), [.. little ? "II*\0"u8 : "MM\0*"u8, .. Long(entries),
            .. Enumerable.Range(0, Width * Height).SelectMany(i => bits == 8 ? [(byte)labels[i % labels.Length]] : Short(labels[i % labels.Length])),
            .. Long(pixels), .. Long(pixels + strip), .. Long(strip), .. Long(strip), .. Short(8), .. Entry(256, 3, 1, Width),
            .. Entry(257, 4, 1, Height), .. Entry(258, 3, 1, bits), .. Entry(259, 3, 1, compression), .. Entry(262, 3, 1, 1),
            .. Entry(273, 4, 2, lists), .. Entry(277, 3, 1, 1), .. Entry(279, 4, 2, lists + 8), .. Long(0)]);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Ade847_has_maps_of_16_bits_where_255_is_a_class(bool little)
    {
        var names = Names(847, i => i == 3 ? "floor, flooring" : $"kind {i}");
        Image("images_detectron2/validation/a.png");
        Tiff("annotations_detectron2/validation/a.tif", little, labels: [0, 255, 846, 65535]);
        var source = SegmentationSets.Ade847(Root, "validation", names);
        CollectionAssert.AreEqual(new[] { 0, 255, 846, -1 }, First(source));
        CollectionAssert.AreEqual(new[] { "floor", "flooring" }, source.Classes.Called[3].ToArray());
        Tiff("annotations_detectron2/validation/a.tif", little, labels: [0, 847]);
        Refused("a.tif: pixel 1, 0 has the value 847|0 to 846", () => source.Read(0));
        Tiff("annotations_detectron2/validation/a.tif", little, compression: 5, labels: 0);
        Refused("a.tif is a compressed TIFF|PNG", () => source.Read(0));
        Tiff("annotations_detectron2/validation/a.tif", little, bits: 8, labels: [7, 200]);
        CollectionAssert.AreEqual(new[] { 7, 200, 7, 200 }, First(source));
        File.WriteAllBytes(At("annotations_detectron2/validation/a.tif"), File.ReadAllBytes(At("annotations_detectron2/validation/a.tif"))[..^20]);
        Refused("a.tif is cut short", () => source.Read(0));
        Map("annotations_detectron2/validation/a.png", 300);
        Refused("a.tif|a.png|one image", () => SegmentationSets.Ade847(Root, "validation", names));
        File.Delete(At("annotations_detectron2/validation/a.tif"));
        CollectionAssert.AreEqual(new[] { 300, 300 }, First(SegmentationSets.Ade847(Root, "validation", names), 2));
        Refused("847 classes, the list names 2", () => SegmentationSets.Ade847(Root, "validation", Names(2, i => $"kind {i}")));
    }

    [TestMethod]
    public void Ade847_as_published_has_ids_in_colours()
    {
        // The colour of id 2978 is (2978 / 256 * 10, 2978 % 256); what the list does not have, and 0, does not count.
        Image("images/ADE/validation/street/a.png");
        Image("images/ADE/validation/street/a_parts_1.png");
        Coloured("images/ADE/validation/street/a_seg.png", (110, 162, 7), (0, 3, 1), (0, 0, 0), (90, 9, 0));
        var table = Names(847, i => $"{(i == 0 ? 2978 : i == 1 ? 3 : 10_000 + i)}\t{(i == 0 ? "wall, walling" : $"kind {i}")}");
        var source = SegmentationSets.Ade847(Root, "validation", table);
        CollectionAssert.AreEqual(new[] { 0, 1, -1, -1 }, First(source));
        Assert.AreEqual((1, 0), (source.Count, source.Skipped.Count));
        CollectionAssert.AreEqual(new[] { "wall", "walling" }, source.Classes.Called[0].ToArray());
        Refused("annotations_detectron2|images", () => SegmentationSets.Ade847(Root, "training", table));
        Refused("names.txt names classes without their ids", () => SegmentationSets.Ade847(Root, "validation", Names(847, i => $"kind {i}")));
        Refused("line 2|id 7", () => SegmentationSets.Ade847(Root, "validation", Names(847, _ => "7\tkind")));
        Refused("line 2: 'wall'", () => SegmentationSets.Ade847(Root, "validation", Names(847, i => i == 1 ? "wall" : $"{i}\tkind")));
    }

    [TestMethod]
    public void Context59_is_read_in_three_forms()
    {
        foreach (var name in new[] { "a", "b" }) Image($"JPEGImages/{name}.png");
        Refused("trainval_merged.json", () => SegmentationSets.PascalContext59(Root));
        // As published: later segments lie on top; 500 is none of the 59. Runs go down columns.
        File.WriteAllText(At("trainval_merged.json"), """
            {"images": [{"image_id": "2008_1", "file_name": "a.png", "width": 4, "height": 2, "phase": "val"},
                {"image_id": "2008_2", "file_name": "b.png", "width": 4, "height": 2, "phase": "train"},
                {"image_id": "2008_3", "file_name": "gone.png", "width": 4, "height": 2, "phase": "val"}],
             "annos_segmentation": [{"image_id": "2008_2", "category_id": 2, "segmentation": {"size": [2, 4], "counts": [0, 8]}},
                {"image_id": "2008_1", "category_id": 2, "segmentation": {"size": [2, 4], "counts": [0, 8]}},
                {"image_id": "2008_1", "category_id": 500, "segmentation": {"size": [2, 4], "counts": [4, 2, 2]}},
                {"image_id": "2008_1", "category_id": 458, "segmentation": {"size": [2, 4], "counts": [2, 1, 5]}}]}
            """);
        var source = SegmentationSets.PascalContext59(Root);
        CollectionAssert.AreEqual(new[] { 0, 58, -1, 0, 0, 0, -1, 0 }, First(source, 8));
        Assert.AreEqual((1, 59, "aeroplane", "wood"), (source.Count, source.Classes.Count, source.Classes.Names[0], source.Classes.Names[58]));
        Assert.Contains("gone.png", source.Skipped[0].Examples[0]);
        CollectionAssert.AreEqual(new[] { 0, 0 }, First(SegmentationSets.PascalContext59(Root, "train"), 2));
        Refused("phase test", () => SegmentationSets.PascalContext59(Root, "test"));
        // As mmseg's converter writes it.
        Map("SegmentationClassContext/a.png", 0, 1, 59);
        Map("SegmentationClassContext/b.png", 1);
        Directory.CreateDirectory(At("ImageSets/SegmentationContext"));
        File.WriteAllText(At("ImageSets/SegmentationContext/val.txt"), "a\n");
        source = SegmentationSets.PascalContext59(Root);
        CollectionAssert.AreEqual(new[] { -1, 0, 58 }, First(source, 3));
        Assert.AreEqual(1, source.Count);
        Map("SegmentationClassContext/a.png", 60);
        Refused("the value 60|1 to 59", () => source.Read(0));
        // As CAT-Seg's script writes it; other images in the folder are of another split, and no gap.
        LabelMapFile.Write(At("annotations_detectron2/pc59_val/a.png"), new(Width, Height, [0, 58, -1, 0, 0, 0, 0, 0]));
        source = SegmentationSets.PascalContext59(Root);
        CollectionAssert.AreEqual(new[] { 0, 58, -1 }, First(source, 3));
        Assert.AreEqual((1, 0), (source.Count, source.Skipped.Count));
        Map("annotations_detectron2/pc59_val/a.png", 59);
        Refused("the value 59|0 to 58", () => source.Read(0));
    }

    [TestMethod]
    public void Context459_has_maps_of_16_bits_and_asks_for_them_in_place_of_matlabs()
    {
        Image("JPEGImages/a.png");
        Image("JPEGImages/b.png");
        File.WriteAllLines(At("labels.txt"), ["0: empty", .. Enumerable.Range(1, 459).Select(i => $"{i}: kind {i}")]);
        Refused("pc459_val, where the label maps should be", () => SegmentationSets.PascalContext459(Root));
        Directory.CreateDirectory(At("trainval"));
        Refused("MATLAB|LabelMap - 1", () => SegmentationSets.PascalContext459(Root));
        Tiff("annotations_detectron2/pc459_val/a.tif", true, labels: [0, 255, 458, 65535]);
        var source = SegmentationSets.PascalContext459(Root);
        CollectionAssert.AreEqual(new[] { 0, 255, 458, -1 }, First(source));
        Assert.AreEqual((1, 0, "kind 1"), (source.Count, source.Skipped.Count, source.Classes.Names[0]));
        Tiff("annotations_detectron2/pc459_val/a.tif", true, labels: 459);
        Refused("the value 459|0 to 458", () => source.Read(0));
        File.WriteAllLines(At("labels.txt"), ["1: one", "3: three"]);
        Refused("class 2 should follow, and 3 does", () => SegmentationSets.PascalContext459(Root));
        File.Delete(At("labels.txt"));
        Refused("labels.txt", () => SegmentationSets.PascalContext459(Root));
    }

    [TestMethod]
    public void Voc20b_has_its_background_behind_the_things_under_39_names()
    {
        Image("JPEGImages/a.png");
        Palette("SegmentationClass/a.png", [0, 1, 20, 255]);
        var source = SegmentationSets.Voc20b(Root);
        CollectionAssert.AreEqual(new[] { 20, 0, 19, -1 }, First(source));
        Assert.AreEqual((59, 20, false), (source.Classes.Count, source.MergedFrom, source.HasBackground));
        Assert.AreEqual(("aeroplane", "tv monitor", "bag"), (source.Classes.Names[0], source.Classes.Names[19], source.Classes.Names[20]));
        Assert.HasCount(59, source.Classes.Names.Distinct());
        Palette("SegmentationClass/a.png", [21]);
        Refused("the value 21", () => source.Read(0));
    }
}
