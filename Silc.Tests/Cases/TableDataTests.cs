using System.Text;

namespace Silc.Tests;

/// <summary>Tables as spreadsheets, downloads and other countries' programs write them.</summary>
[TestClass]
public sealed class TableDataTests : TempFolder
{
    [TestMethod]
    [DataRow("filepath,title\na.png,a dog, brown\n", "line 2: 3 values under 2 columns")]
    [DataRow("filepath;title\na.png;x\nb.png;y; z\n", "line 3: 3 values under 2 columns")]
    [DataRow("title,filepath\na dog, brown,a.png\n", "line 2: 3 values under 2 columns")]
    public void A_row_with_more_values_than_the_header_is_an_error(string text, string expected)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(Put(text))).Message;
        Assert.Contains($"{At("t.csv")} {expected}", message);
        Assert.Contains("put quotes", message);
    }

    [TestMethod]
    public void Empty_cells_at_the_end_of_a_row_are_no_values()
    {
        var source = new CsvSource(Put("filepath,title\na.png,\"a dog, brown\",,\n"));
        Assert.AreEqual("a dog, brown", source.Read(0).Captions.Single());
    }

    [TestMethod]
    [DataRow(new byte[] { 0xE9 }, "line 3 is not UTF-8 (byte E9)")]
    [DataRow(new byte[] { 0xC3 }, "line 3 is not UTF-8 (byte C3)")]
    [DataRow(new byte[] { 0xED, 0xA0, 0x80 }, "line 3 is not UTF-8 (byte ED)")]
    public void Bytes_that_are_not_UTF8_are_an_error_with_their_line(byte[] wrong, string expected)
    {
        File.WriteAllBytes(At("t.csv"), [.. "filepath,title\na.png,caf\u00E9\na.png,caf"u8, .. wrong, (byte)'\n']);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(At("t.csv"))).Message;
        Assert.Contains($"{At("t.csv")} {expected}", message);
    }

    [TestMethod]
    public void Lines_are_counted_across_the_blocks_of_a_large_file()
    {
        var text = new StringBuilder("filepath,title\n");
        for (int i = 0; i < 50_000; i++) text.Append("a.png,caf\u00E9 \U0001F436\n");
        File.WriteAllBytes(At("t.csv"), [.. Encoding.UTF8.GetBytes(text.ToString()), 0xFF]);
        Assert.Contains("line 50002 is not UTF-8", Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(At("t.csv"))).Message);
    }

    [TestMethod]
    public void UTF16_with_its_mark_is_read()
    {
        File.WriteAllBytes(At("a.png"), TarBytes.Png);
        File.WriteAllText(At("t.csv"), "filepath,title\na.png,caf\u00E9\n", Encoding.Unicode);
        Assert.AreEqual("caf\u00E9", new CsvSource(At("t.csv")).Read(0).Captions.Single());
    }

    [TestMethod]
    public void Addresses_are_to_be_downloaded_first()
    {
        var table = Put("filepath,title\nhttps://example.com/a.png,x\ns3://b/c.png,y\n");
        var message = Assert.ThrowsExactly<InvalidDataException>(() => new CsvSource(table)).Message;
        Assert.Contains("holds addresses, like https://example.com/a.png", message);
        Assert.Contains("download", message);
        File.WriteAllText(At("t.jsonl"), """{"file_name": "https://example.com/a.png", "text": "x"}""");
        message = Assert.ThrowsExactly<InvalidDataException>(() => new MetadataSource(At("t.jsonl"))).Message;
        Assert.Contains("https://example.com/a.png, not paths", message);
        var mixed = new CsvSource(Put("filepath,title\na.png,x\nhttps://example.com/a.png,y\n"));
        Assert.AreEqual("x", mixed.Read(0).Captions.Single());
        Assert.Contains("https://example.com/a.png is an address", Assert.ThrowsExactly<InvalidDataException>(() => mixed.Read(1)).Message);
    }

    [TestMethod]
    [DataRow("photos.csv.gz", "gunzip")]
    [DataRow("photos.tar.zst", "zstd -d")]
    [DataRow("photos.tar.bz2", "bunzip2")]
    [DataRow("photos.parquet", "pandas.read_parquet")]
    [DataRow("photos.xlsx", "CSV UTF-8")]
    [DataRow("photos.zip", "unzip")]
    [DataRow("photo.png", "this is one image")]
    [DataRow("photos.db", "files of this kind are not read")]
    public void A_file_of_another_kind_is_called_that(string name, string remedy)
    {
        File.WriteAllText(At(name), "x");
        var (code, _, error) = CommandLineRun.Of("data", "inspect", "--data", At(name), "--sheet", At("views.png"));
        Assert.AreEqual(1, code);
        Assert.Contains(remedy, error);
        Assert.DoesNotContain("no such file", error);
    }

    // Row i is line i.
    [TestMethod]
    public void Empty_lines_among_texts_have_rows_and_those_at_the_end_have_not()
    {
        var model = CaseModel.In(Root);
        File.WriteAllText(At("t.txt"), "one\n\n two \n \nthree\n\n\n");
        var (code, _, error) = CommandLineRun.Of("embed", "--model", model, "--texts", At("t.txt"), "--out", At("t.npy"));
        Assert.AreEqual(0, code, error);
        Assert.Contains("2 x empty line", error);
        Assert.Contains("(line 2, line 4)", error);
        CollectionAssert.AreEqual(new[] { "one", "", "two", "", "three" }, EmbeddingIndex.Load(At("t.npy")).Titles.ToArray());
    }

    string Put(string text)
    {
        File.WriteAllBytes(At("a.png"), TarBytes.Png);
        File.WriteAllText(At("t.csv"), text);
        return At("t.csv");
    }
}
