namespace Silc.Tests;

/// <summary>Names of columns and fields that nothing has are errors, also where captions are not needed.</summary>
[TestClass, DoNotParallelize]
public sealed class FieldNameTests : TempFolder
{
    [TestMethod]
    [DataRow("t.csv", "--caption-column titel2", "t.csv has no column 'titel2', it has 'filepath', 'words', 'title2'", "did you mean title2?")]
    [DataRow("t.csv", "--caption-column title", "t.csv has no column 'title'", "did you mean title2?")]
    [DataRow("t.csv", "--image-column filpath", "t.csv has no column 'filpath'", "did you mean filepath?")]
    [DataRow("t.jsonl", "--caption-column caption_en", "has no 'caption_en', it has 'file_name', 'caption', 'prompt'",
        "name one by --caption-column; did you mean caption?")]
    [DataRow("t.jsonl", "--image-column filename", "t.jsonl line 1 has no 'filename'", "did you mean file_name?")]
    [DataRow("folder", "--caption-column txt", "has no 'txt', it has 'file_name', 'text'", "did you mean text?")]
    [DataRow("folder", "--image-column filename", "metadata.csv has no 'filename', it has 'file_name', 'text'", "did you mean file_name?")]
    [DataRow("folder", "--separator ;", "--separator is for a table, FILE.csv or FILE.tsv", "")]
    [DataRow("s.tar", "--caption-field txt", "s.tar: no sample has captions in 'txt', neither as .txt nor as a key in .json",
        "The shards hold .json (2), .png (2), .cap (1), with the keys url, alt, caption_en")]
    [DataRow("s.tar", "--caption-field caption_en2", "no sample has captions in 'caption_en2'", "did you mean caption_en?")]
    [DataRow("s.tar", "--caption-field Cap2", "no sample has captions in 'Cap2'", "did you mean cap?")]
    [DataRow("s.tar", "--image-field jpg;pgn", "no image with a caption in 1 shard", "did you mean png?")]
    public void A_name_that_nothing_has_is_an_error_with_the_names_there(string data, string options, string expected, string hint)
    {
        Fill();
        string[] given = ["--data", At(data), .. options.Split(' ')];
        foreach (var line in (string[][])[["embed", "--model", CaseModel.In(Root), "--out", At("v.npy"), "--device", "cpu"],
            ["data", "inspect", "--sheet", At("sheet.png")]])
        {
            var (code, _, error) = CommandLineRun.Of([.. line, .. given]);
            Assert.AreEqual(1, code, error);
            // Where captions are needed a line without the one that is named is damaged in itself.
            if (line[0] != "data") Assert.Contains(expected, error);
            Assert.Contains(hint, error);
            Assert.IsFalse(File.Exists(At("v.npy")));
        }
    }

    [TestMethod]
    [DataRow("t.csv", "--caption-column words", "one two")]
    [DataRow("t.csv", "--image-column filepath", " ")]
    [DataRow("t.jsonl", "--caption-column prompt", " second")]
    [DataRow("t.jsonl", "--image-column file_name", "first second")]
    [DataRow("folder", "--caption-column text", "in the folder")]
    [DataRow("s.tar", "--caption-field caption_en", " of 2")]
    [DataRow("s.tar", "--caption-field cap", "cap ")]
    [DataRow("s.tar", "--caption-field nothing;caption_en", " of 2")]
    public void A_name_that_some_have_is_taken_where_it_is(string data, string options, string expected)
    {
        Fill();
        var (code, _, error) = CommandLineRun.Of(
            ["embed", "--model", CaseModel.In(Root), "--out", At("v.npy"), "--device", "cpu", "--data", At(data), .. options.Split(' ')]);
        Assert.AreEqual(0, code, error);
        Assert.AreEqual(expected, string.Join(' ', EmbeddingIndex.Load(At("v.npy")).Titles));
    }

    void Fill()
    {
        Directory.CreateDirectory(At("folder"));
        foreach (var file in (string[])["0.png", "1.png", "folder/0.png"]) File.WriteAllBytes(At(file), TarBytes.Png);
        File.WriteAllText(At("t.csv"), "filepath,words,title2\n0.png,one,x\n1.png,two,y\n");
        File.WriteAllText(At("t.jsonl"), """
            {"file_name": "0.png", "caption": "first"}
            {"file_name": "1.png", "prompt": "second"}
            """);
        File.WriteAllText(At("folder/metadata.csv"), "file_name,text\n0.png,in the folder\n");
        File.WriteAllBytes(At("s.tar"), new TarBytes()
            .Add("1.png", TarBytes.Png).Add("1.json", """{"url": "x", "alt": "y"}""").Add("1.cap", "cap")
            .Add("2.png", TarBytes.Png).Add("2.json", """{"caption_en": "of 2"}""").End());
    }
}
