namespace Silc.Tests;

/// <summary>Mosaics of images: which there are, where their pixels lie, and boxes with them.</summary>
[TestClass]
public sealed class HeadMosaicTests : TempFolder
{
    [TestMethod]
    public void Two_fifths_are_images_alone_and_the_rest_are_mosaics_of_each_size_alike()
    {
        var train = new HeadTrainConfig(Mosaic: 3);
        var along = new int[4];
        var others = new int[20];
        for (int step = 0; step < 500; step++)
            for (int place = 0; place < 4; place++)
            {
                var mosaic = HeadMosaic.Of(train, step, place, 7, 20);
                along[mosaic.Along]++;
                Assert.HasCount(mosaic.Along * mosaic.Along, mosaic.Images);
                Assert.AreEqual(7, mosaic.Images[0], "the image of the order is in it");
                foreach (int other in mosaic.Images[1..]) others[other]++;
                CollectionAssert.AreEqual(mosaic.Images, HeadMosaic.Of(train, step, place, 7, 20).Images, "a resumed training draws the same");
            }
        Assert.AreEqual(0.4, along[1] / 2000.0, 0.04);
        Assert.AreEqual(0.3, along[2] / 2000.0, 0.04);
        Assert.AreEqual(0.3, along[3] / 2000.0, 0.04);
        Assert.IsTrue(others.All(count => count > others.Sum() / 40), "every image is drawn");
        Assert.AreEqual(1, HeadMosaic.Of(new(), 3, 1, 7, 20).Along);
    }

    /// <summary>Tiles of 10, 11 and 11 of 32 pixels; each image is of one colour with a white square, of which the box is known.</summary>
    [TestMethod]
    public void Pixels_and_boxes_of_a_tile_lie_in_it()
    {
        const int Side = 32;
        var mosaic = new HeadMosaic(3, [.. Enumerable.Range(0, 9)]);
        var pixels = new float[3 * Side * Side];
        var boxes = new List<Box>();
        for (int tile = 0; tile < 9; tile++)
        {
            var image = new RgbImage(60, 60, new byte[4 * 60 * 60]);
            for (int i = 0; i < 3600; i++)
            {
                bool inside = i / 60 is >= 20 and < 40 && i % 60 is >= 30 and < 60;
                for (int c = 0; c < 3; c++) image.Rgba[4 * i + c] = inside ? (byte)255 : (byte)(10 * tile);
                image.Rgba[4 * i + 3] = 255;
            }
            mosaic.Fill(HeadView.Whole, image, tile, Side, pixels);
            boxes.AddRange(mosaic.Of(new([0], [new(0.5, 1 / 3.0, 0.5, 1 / 3.0)], new HashSet<int>()), tile, Side).Boxes);
        }
        // Tile 5 is the last of the middle row: pixels 21 to 31 across, 10 to 20 down.
        Same(21 + 5.5, 10 + 11 / 3.0, 5.5, 11 / 3.0, boxes[5]);
        Same(5, 10 / 3.0, 5, 10 / 3.0, boxes[0]);
        int[] edges = [0, 10, 21, 32];
        for (int tile = 0; tile < 9; tile++)
        {
            int top = edges[tile / 3], left = edges[tile % 3];
            Assert.AreEqual(10 * tile / 255f, pixels[3 * (top * Side + left)], 0.01, $"the corner of tile {tile}");
            var (x, y, width, height) = boxes[tile];
            int middle = (int)((y + height / 2) * Side) * Side + (int)((x + width / 2) * Side);
            Assert.AreEqual(1, pixels[3 * middle], 0.05, $"the middle of the box of tile {tile}");
        }

        static void Same(double x, double y, double width, double height, Box box) =>
            Close.To([x, y, width, height], [.. new[] { box.X, box.Y, box.Width, box.Height }.Select(share => (float)(share * Side))], 1e-6, "box");
    }

    [TestMethod]
    public void A_head_is_trained_on_mosaics_whose_things_are_those_of_all_tiles()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var scenes = new DemoDetection(12, seed: 3, size: 32);
        var train = new HeadTrainConfig(Steps: 6, BatchSize: 4, Mosaic: 2);
        DetectionHead New() => DetectionHead.Create(model, scenes.Truth.Classes().Names, Prompts.NameOnly, sizes: new(Heads: 2), seed: 5);
        using (var head = New())
        using (var examples = new DetectionExamples(head, scenes, 0.1, null, default, train))
        {
            int mosaics = 0;
            for (int step = 0; step < 10; step++)
            {
                int[] images = [.. Enumerable.Range(0, 12)];
                var (features, things) = examples.Batch(images, step);
                Assert.HasCount(12 * 16 * 32, features[0]);
                for (int i = 0; i < 12; i++)
                {
                    var mosaic = HeadMosaic.Of(train, step, i, i, 12);
                    int[] expected = [.. mosaic.Images.SelectMany(image => examples.Things(image).Labels).Order()];
                    CollectionAssert.AreEqual(expected.Length <= 16 ? expected : [.. things[i].Labels.Order()], things[i].Labels.Order().ToArray());
                    if (mosaic.Along == 1) continue;
                    mosaics++;
                    Assert.IsTrue(things[i].Boxes.All(box => box.Width <= 0.5 && box.Height <= 0.5 && box.X >= 0 && box.Y + box.Height <= 1));
                }
            }
            Assert.IsGreaterThan(30, mosaics);
        }
        using var whole = New();
        using (var run = new DetectionRun(whole, scenes, train)) run.Run();
        foreach (var resume in new[] { false, true })
        {
            using var head = New();
            using var folder = RunFolder.ForHead(At("run"), new(EverySteps: 3), resume);
            using var run = new DetectionRun(head, scenes, train, folder);
            using var stop = new CancellationTokenSource();
            run.Run(report => stop.Cancel(), reportEvery: resume ? 100 : 3, stop.Token);
            if (resume) TinyRun.SameBits(Values(whole), Values(head));
        }
        static Dictionary<string, float[]> Values(ITrainedHead head) => head.Arrays().ToDictionary(array => array.Name, array => array.Values);
    }

    [TestMethod]
    public void Other_heads_and_wrong_numbers_are_refused()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new HeadTest.Halves(4);
        using var adapter = SegmentationHead.Create(model, HeadKind.Adapter, source.Classes.Names, Prompts.NameOnly);
        Assert.Contains("for detection", Assert.ThrowsExactly<ArgumentException>(() => new HeadRun(adapter, source, new(Mosaic: 2))).Message);
        Assert.ThrowsExactly<ArgumentException>(() => new HeadTrainConfig(Mosaic: 0).Check());
        Assert.ThrowsExactly<ArgumentException>(() => new HeadTrainConfig(Mosaic: 9).Check());
    }
}
