namespace Silc.Tests;

[TestClass]
public sealed class EmbeddingIndexTests : TempFolder
{
    static readonly float[,] rows = { { 1, 0, 0 }, { 0.6f, -0.8f, 1e-20f }, { 0, 0, 1 } };

    [TestMethod]
    [DataRow("a.npy"), DataRow("deep/a.csv")]
    public void An_index_comes_back_bit_for_bit_and_may_move_with_its_images(string file)
    {
        Directory.CreateDirectory(At("here"));
        ImageFile.Write(At("here/p.png"), Images.Noise(3, 3, 1));
        new EmbeddingIndex(rows, [At("here/p.png"), "", "shard.tar: 7"], ["one, \"two\"", "Ünï", ""]).Save(At($"here/{file}"));
        Directory.Move(At("here"), At("there"));
        var read = EmbeddingIndex.Load(At($"there/{file}"));
        CollectionAssert.AreEqual(rows, read.Rows.ToArray2D());
        Assert.AreEqual(Path.GetFullPath(At("there/p.png")), Path.GetFullPath(read.Paths[0]));
        CollectionAssert.AreEqual(new[] { "", "shard.tar: 7" }, read.Paths.Skip(1).ToArray());
        CollectionAssert.AreEqual(new[] { "one, \"two\"", "Ünï", "" }, read.Titles.ToArray());
        Assert.IsEmpty(Directory.GetFiles(Root, "*.tmp", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void Numpy_reads_the_vectors()
    {
        new EmbeddingIndex(rows, ["", "", ""], ["a", "b", "c"]).Save(At("a.npy"));
        Assert.AreEqual("float32 (3, 3) [1.0, 0.0, 0.0]", NumpyPeer.Run($"a = np.load('{At("a.npy")}'); print(a.dtype, a.shape, a[0].tolist())"));
        NumpyPeer.Run($"np.save('{At("a.npy")}', np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float64))");
        // Silc's table knows its vectors; one that another program wrote does not.
        Assert.Contains("belongs to other vectors", Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("a.npy"))).Message);
        File.WriteAllText(At("a.csv"), "filepath,title\n,a\n,b\n,c\n");
        CollectionAssert.AreEqual(new float[,] { { 1, 2 }, { 3, 4 }, { 5, 6 } }, EmbeddingIndex.Load(At("a.npy")).Rows.ToArray2D());
        NumpyPeer.Run($"np.save('{At("a.npy")}', np.zeros((2, 3), dtype=np.float32))");
        Assert.Contains("2 rows", Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("a.npy"))).Message);
        NumpyPeer.Run($"np.save('{At("a.npy")}', np.zeros(3, dtype=np.float32))");
        Assert.Contains("shape (3)", Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("a.npy"))).Message);
    }

    [TestMethod]
    public void What_is_no_index_is_named()
    {
        Assert.Contains("silc embed", Assert.ThrowsExactly<FileNotFoundException>(() => EmbeddingIndex.Load(At("none.npy"))).Message);
        Assert.Contains(".npy or .csv", Assert.ThrowsExactly<ArgumentException>(() => EmbeddingIndex.Load(At("a.txt"))).Message);
        File.WriteAllText(At("a.csv"), "filepath,title\na.png,b\n");
        Assert.Contains("no columns e0", Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("a.csv"))).Message);
        File.WriteAllText(At("a.csv"), "filepath,title,e0\na.png,b,x\n");
        Assert.Contains("line 2: 'x'", Assert.ThrowsExactly<InvalidDataException>(() => EmbeddingIndex.Load(At("a.csv"))).Message);
        Assert.ThrowsExactly<ArgumentException>(() => new EmbeddingIndex(rows, [""], [""]).Save(At("b.npy")));
    }

    [TestMethod]
    public void Search_finds_the_closest_rows_first()
    {
        var index = new EmbeddingIndex(rows, ["a", "b", "c"], ["x", "y", "z"]);
        var hits = Search.Find(index, new float[,] { { 2, 0, 1 }, { 0, 0, 5 } }, k: 2);
        Assert.AreEqual(new SearchHit(0, "a", "x", hits[0][0].Score), hits[0][0]);
        Assert.AreEqual(2 / Math.Sqrt(5), hits[0][0].Score, 1e-6);
        Assert.AreEqual("b", hits[0][1].Path);
        Assert.AreEqual(1.2 / Math.Sqrt(5), hits[0][1].Score, 1e-6);
        CollectionAssert.AreEqual(new[] { 2, 1 }, hits[1].Select(hit => hit.Row).ToArray());
        Assert.HasCount(3, Search.Find(index, rows, k: 50)[0]);
        Assert.ThrowsExactly<ArgumentException>(() => Search.Find(index, rows, k: 0));
    }
}
