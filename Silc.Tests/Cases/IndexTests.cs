using System.Text;
using System.Text.Json;
using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary>Indices that belong to another model, whose two files do not fit, that hold rows without a direction, or beyond 2 GiB.</summary>
[TestClass, DoNotParallelize]
public sealed class IndexTests : TempFolder
{
    static readonly float[,] rows = { { 1, 0, 0 }, { 0.6f, -0.8f, 0 }, { 0, 0, 1 }, { 0, 1, 0 } };
    static readonly string[] names = ["one", "two", "three", "four"];

    [TestMethod]
    public void An_index_of_another_model_is_refused()
    {
        Model("run", seed: 1);
        Model("other", seed: 7);
        File.WriteAllText(At("t.txt"), "a red star\na blue circle\n");
        foreach (var format in new[] { "npy", "csv" })
        {
            Good("embed", "--model", At("run"), "--texts", At("t.txt"), "--out", At($"v.{format}"), "--device", "cpu");
            var output = Good("search", "a red star", "--model", At("run"), "--index", At($"v.{format}"), "--top", "1", "--device", "cpu");
            Assert.Contains("1.000", output);
            var (code, _, error) = CommandLineRun.Of("search", "a red star", "--model", At("other"), "--index", At($"v.{format}"), "--device", "cpu");
            Assert.AreEqual(1, code);
            Assert.Contains("another model", error);
            Assert.Contains(IndexFile.Open(At($"v.{format}")).Model!, error);
        }

        // The same weights in another format are the same model.
        Good("convert", At("run"), At("hf"), "--to", "hf");
        Assert.Contains("1.000",
            Good("search", "a red star", "--model", At("hf"), "--tokenizer", "bytes", "--index", At("v.npy"), "--top", "1", "--device", "cpu"));
    }

    [TestMethod]
    public void A_fingerprint_is_that_of_the_towers_alone()
    {
        var config = TinyRun.Config;
        var device = TestDevices.Open(TestDevices.OneThread);
        using SilcModel model = SilcModel.Create(device, config, 1), same = SilcModel.Create(device, config, 1),
            other = SilcModel.Create(device, config, 2);
        Assert.MatchesRegex("^m[0-9a-f]{16}$", model.Fingerprint());
        Assert.AreEqual(model.Fingerprint(), same.Fingerprint());
        Assert.AreNotEqual(model.Fingerprint(), other.Fingerprint());
        model.Save(At("m.safetensors"));
        using var weights = ModelFile.Open(At("m.safetensors"));
        Assert.AreEqual(model.Fingerprint(), weights.Weights.Fingerprint());
        using var gelu = SilcModel.From(device, same.Weights, config with { Image = config.Image with { Gelu = GeluKind.Exact } });
        Assert.AreNotEqual(model.Fingerprint(), gelu.Fingerprint());
    }

    [TestMethod]
    public void Rows_of_two_models_in_one_table_are_refused()
    {
        new EmbeddingIndex(rows, names, names, "m1").Save(At("a.csv"));
        new EmbeddingIndex(rows, names, names, "m2").Save(At("b.csv"));
        File.AppendAllLines(At("a.csv"), File.ReadAllLines(At("b.csv"))[1..2]);
        Assert.Contains("line 6 was made by another model", Assert.ThrowsExactly<InvalidDataException>(() => IndexFile.Open(At("a.csv"))).Message);
    }

    [TestMethod]
    [DataRow("v.npy", EvalCrop.Center), DataRow("v.csv", EvalCrop.Center), DataRow("v.npy", EvalCrop.Squash)]
    public void A_image_is_looked_for_with_the_crop_of_the_index(string file, EvalCrop crop)
    {
        Model("run", seed: 1);
        Directory.CreateDirectory(At("photos"));
        for (int i = 0; i < 3; i++) ImageFile.Write(At($"photos/{i}.png"), Images.Noise(64, 24, i));
        var (name, other) = (crop.ToString().ToLowerInvariant(), crop == EvalCrop.Center ? "squash" : "center");
        Good("embed", "--model", At("run"), "--data", At("photos"), "--eval-crop", name, "--out", At(file), "--device", "cpu");
        using (var index = IndexFile.Open(At(file))) Assert.AreEqual(crop, index.Crop);
        string[] search = ["search", "--like", At("photos/1.png"), "--model", At("run"), "--index", At(file), "--top", "1",
            "--json", "--device", "cpu"];
        Assert.AreEqual(1, Score(Good(search)), 1e-5);
        Assert.AreEqual(1, Score(Good([.. search, "--eval-crop", name])), 1e-5);
        var (code, _, error) = CommandLineRun.Of([.. search, "--eval-crop", other]);
        Assert.AreEqual(1, code);
        Assert.Contains($"--eval-crop {other}: the images of --index {At(file)} were embedded with {name}", error);

        // An index without a record, as earlier ones: squash, or what the option says.
        var before = EmbeddingIndex.Load(At(file));
        (before with { Crop = null }).Save(At(file));
        Assert.AreEqual(1, Score(Good([.. search, "--eval-crop", name])), 1e-5);
        var plain = Score(Good(search));
        if (crop == EvalCrop.Squash) Assert.AreEqual(1, plain, 1e-5);
        else Assert.IsLessThan(0.9999, plain);

        static double Score(string line) => JsonDocument.Parse(line).RootElement.GetProperty("score").GetDouble();
    }

    [TestMethod]
    [DataRow("filepath,title,model,checksum", 3, 4, 5), DataRow("filepath,title,model,crop,checksum", 4, 5, 5)]
    public void A_table_from_before_crops_and_resizes_were_recorded_is_read_and_may_be_written_over(string header, params int[] missing)
    {
        new EmbeddingIndex(rows, names, names, "m1").Save(At("v.npy"));
        // The columns are empty here, and between others.
        var old = File.ReadAllLines(At("v.csv")).Select(line => string.Join(',', line.Split(',').Where((_, column) => !missing.Contains(column))));
        File.WriteAllLines(At("v.csv"), old);
        Assert.AreEqual(header, File.ReadLines(At("v.csv")).First());
        Assert.IsTrue(IndexColumns.IsTable(At("v.csv")));
        using var index = IndexFile.Open(At("v.npy"));
        Assert.AreEqual(("m1", null, null), (index.Model, index.Crop, index.Images));
        Assert.AreEqual("two", Search.Find(index, new float[,] { { 0.6f, -0.8f, 0 } }, k: 1)[0][0].Path);
    }

    [TestMethod]
    public void Rows_of_two_crops_in_one_table_are_refused_and_unknown_ones_named()
    {
        new EmbeddingIndex(rows, names, names, "m1", EvalCrop.Center).Save(At("a.csv"));
        new EmbeddingIndex(rows, names, names, "m1", EvalCrop.Squash).Save(At("b.csv"));
        var table = File.ReadAllLines(At("a.csv"));
        File.AppendAllLines(At("a.csv"), File.ReadAllLines(At("b.csv"))[1..2]);
        Assert.Contains("line 6 has the crop 'squash' and the rows above it 'center'",
            Assert.ThrowsExactly<InvalidDataException>(() => IndexFile.Open(At("a.csv"))).Message);
        File.WriteAllLines(At("a.csv"), table.Select(line => line.Replace("center", "pad")));
        Assert.Contains("line 2: there is no crop 'pad'", Assert.ThrowsExactly<InvalidDataException>(() => IndexFile.Open(At("a.csv"))).Message);
    }

    [TestMethod]
    [DataRow("sorted"), DataRow("older table"), DataRow("older vectors")]
    public void Vectors_never_name_the_image_of_others(string change)
    {
        new EmbeddingIndex(rows, names, names, "m1").Save(At("v.npy"));
        new EmbeddingIndex(new float[,] { { 0, 0, 1 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0.6f, -0.8f, 0 } }, ["a", "b", "c", "d"], names, "m1")
            .Save(At("w.npy"));
        var table = File.ReadAllLines(At("v.csv"));
        if (change == "sorted") File.WriteAllLines(At("v.csv"), table.Take(1).Concat(table.Skip(1).Order()));
        if (change == "older table") File.Copy(At("w.csv"), At("v.csv"), overwrite: true);
        if (change == "older vectors") File.Copy(At("w.npy"), At("v.npy"), overwrite: true);
        using var index = IndexFile.Open(At("v.npy"));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Search.Find(index, rows, k: 1));
        Assert.Contains("belongs to other vectors", error.Message);
        Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("v.npy")));
    }

    [TestMethod]
    [DataRow("v.npy", 2), DataRow("v.csv", 1)]
    public void What_an_embed_that_was_stopped_kept_goes_when_another_is_whole(string file, int files)
    {
        Model("run", seed: 1);
        File.WriteAllText(At("t.txt"), "a red star\na blue circle\n");
        var partial = Path.ChangeExtension(At(file), $".partial{Path.GetExtension(file)}");
        new EmbeddingIndex(rows, names, names, "m1").Save(partial);
        string[] line = ["embed", "--model", At("run"), "--texts", At("t.txt"), "--out", At(file), "--device", "cpu"];
        var (code, _, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        Assert.Contains($"note: {partial}, kept when an earlier embed was stopped, is not gone on with: this one begins anew", error);
        Assert.HasCount(files, Directory.GetFiles(Root, "v.*"));
        Assert.AreEqual(2, EmbeddingIndex.Load(At(file)).Count);
        Assert.DoesNotContain("partial", CommandLineRun.Of(line).Error);

        // A file of the user's that has the name is not silc's to delete.
        File.WriteAllText(At("v.partial.csv"), "filepath,title\na.png,mine\n");
        Assert.AreEqual(1, CommandLineRun.Of(line).Code);
        Assert.AreEqual("filepath,title\na.png,mine\n", File.ReadAllText(At("v.partial.csv")));
    }

    [TestMethod]
    public void An_index_is_whole_or_not_there()
    {
        new EmbeddingIndex(rows, names, names).Save(At("v.npy"));
        var before = (File.ReadAllText(At("v.csv")), Convert.ToHexString(File.ReadAllBytes(At("v.npy"))));
        using (var writer = new IndexWriter(At("v.npy"), 3))
        {
            writer.Add([0, 1, 0], "x", "y");
            Assert.HasCount(4, Directory.GetFiles(Root));
        }
        Assert.AreEqual(before, (File.ReadAllText(At("v.csv")), Convert.ToHexString(File.ReadAllBytes(At("v.npy")))));
        Assert.HasCount(2, Directory.GetFiles(Root));
        // What was added until somebody stopped is an index.
        using (var writer = new IndexWriter(At("v.npy"), 3))
        {
            writer.Add([0, 1, 0], "x", "y");
            writer.Commit();
        }
        CollectionAssert.AreEqual(new float[,] { { 0, 1, 0 } }, EmbeddingIndex.Load(At("v.npy")).Rows.ToArray2D());
    }

    [TestMethod]
    public void A_full_disk_leaves_the_index_that_was_there()
    {
        using var disk = new SmallDisk(At("disk"), "size=1m");
        new EmbeddingIndex(rows, names, names).Save(At("disk/v.npy"));
        using (var writer = new IndexWriter(At("disk/v.npy"), 1024))
        {
            var error = Assert.ThrowsExactly<IOException>(() =>
            {
                for (int i = 0; i < 1000; i++) writer.Add(new float[1024], "", "");
                writer.Commit();
            });
            Assert.Contains("cannot write", error.Message);
            Assert.Contains("are free there", error.Message);
        }
        CollectionAssert.AreEqual(rows, EmbeddingIndex.Load(At("disk/v.npy")).Rows.ToArray2D());
        Assert.HasCount(2, Directory.GetFiles(At("disk")));
    }

    [TestMethod]
    public void Rows_without_a_direction_are_named_and_come_last()
    {
        float[,] faulty = { { 0, 0, 0 }, { -1, 0, 0 }, { float.NaN, 1, 0 }, { 0.5f, 0, 0 }, { float.PositiveInfinity, 0, 0 } };
        string[] five = ["zero", "away", "nan", "near", "infinite"];
        using (var writer = new IndexWriter(At("v.npy"), 3))
        {
            writer.Add(faulty, five, five);
            Assert.AreEqual(3, writer.Faults.Count);
            CollectionAssert.AreEqual(new[] { 0, 2, 4 }, writer.Faults.First.ToArray());
            writer.Commit();
        }
        using var index = IndexFile.Open(At("v.npy"));
        foreach (var search in new NeighbourSearch?[] { null, TestDevices.Open(TestDevices.OneThread).FindNeighbours })
        {
            var faults = new List<int>();
            var hits = Search.Find(index, new float[,] { { 1, 0, 0 } }, k: 5, search, faults.Add)[0];
            Assert.AreEqual("near away zero", string.Join(' ', hits.Select(hit => hit.Title)));
            CollectionAssert.AreEqual(new[] { 1f, -1f, 0f }, hits.Select(hit => hit.Score).ToArray());
            CollectionAssert.AreEqual(new[] { 0, 2, 4 }, faults);
            Assert.AreEqual("near away zero",
                string.Join(' ', Search.Find(EmbeddingIndex.Load(At("v.npy")), new float[,] { { 1, 0, 0 } }, 5, search)[0].Select(hit => hit.Title)));
        }
    }

    [TestMethod]
    public void Blocks_find_what_the_whole_finds()
    {
        var random = new Random(3);
        var (many, queries) = (Noise(5000, 1100), Noise(7, 1100));
        string[] titles = [.. Enumerable.Range(0, 5000).Select(i => $"row {i}, \"{i}\"\nsecond line")];
        new EmbeddingIndex(many, titles, titles).Save(At("v.npy"));
        using var index = IndexFile.Open(At("v.npy"));
        Assert.IsTrue(index.BlockRows < 4000);
        var (expected, found) = (Search.Find(EmbeddingIndex.Load(At("v.npy")), queries, 9), Search.Find(index, queries, 9));
        for (int q = 0; q < 7; q++) CollectionAssert.AreEqual(expected[q].ToArray(), found[q].ToArray());

        float[,] Noise(int n, int width)
        {
            var values = new float[n, width];
            for (int i = 0; i < n; i++) for (int c = 0; c < width; c++) values[i, c] = random.NextSingle() - 0.5f;
            return values;
        }
    }

    // 2.3 GB that the file system need not store: rows of zeros but for the last.
    [TestMethod]
    [DataRow(false, DisplayName = "index-over-2-gib-refused"), DataRow(true, DisplayName = "index-over-2-gib-refused, columns first")]
    public void An_index_beyond_2_GiB_is_read_and_searched(bool fortran)
    {
        const int count = 9000, width = 65_536;
        var header = $"{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': ({count}, {width}), }}".PadRight(117) + "\n";
        using (var file = new FileStream(At("big.npy"), FileMode.CreateNew))
        {
            file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)]);
            file.SetLength(128 + 4L * count * width);
            file.Position = 128 + 4L * (fortran ? 7L * count + count - 1 : (count - 1L) * width + 7);
            file.Write(BitConverter.GetBytes(2f));
        }
        File.WriteAllLines(At("big.csv"), Enumerable.Range(0, count).Select(i => $",row {i}").Prepend("filepath,title"));
        using var index = IndexFile.Open(At("big.npy"));
        Assert.AreEqual((count, width), (index.Count, index.Width));
        var last = index.Read(count - 1, 1);
        Assert.AreEqual(2f, last[0, 7]);
        if (fortran) return;        // every block would read every column
        var query = new Vectors(1, width);
        query[0, 7] = 1;
        Assert.AreEqual(new SearchHit(count - 1, "", $"row {count - 1}", 1), Search.Find(index, query, k: 1)[0][0]);
    }

    // Takes 2.2 GB of disk and as much memory.
    [TestMethod]
    public void An_index_beyond_2_GiB_is_written()
    {
        if (Environment.GetEnvironmentVariable("SILC_LARGE") is null) Assert.Inconclusive("set SILC_LARGE=1: it writes 2.2 GB");
        const int count = 530_000, width = 1024;
        var values = new float[count, width];
        values[count - 1, width - 1] = 3;
        var titles = new string[count];
        Array.Fill(titles, "t");
        new EmbeddingIndex(values, titles, titles).Save(At("big.npy"));
        Assert.AreEqual(128 + 4L * count * width, new FileInfo(At("big.npy")).Length);
        using var index = IndexFile.Open(At("big.npy"));
        var last = index.Read(count - 1, 1);
        Assert.AreEqual(3f, last[0, width - 1]);
    }

    void Model(string name, int seed)
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread),
            TinyRun.Config with { VocabSize = 258, TextLength = 24 }, seed, new ByteTokenizer());
        model.Save(At($"{name}/model.safetensors"));
    }
}
