using Parquet;

namespace Silc.Tests;

/// <summary><c>silc embed --out x.parquet</c>.</summary>
[TestClass, DoNotParallelize]
public sealed class ParquetTests : TempFolder
{
    void Write()
    {
        using var device = Device.Cpu();
        using var model = SilcModel.Create(device, SilcConfig.Mini with { ImageSize = 16, VocabSize = Tokenizers.Open("words").VocabSize }, seed: 3);
        model.Save(At("model.safetensors"), "words");
        for (int i = 0; i < 5; i++)
        {
            ImageFile.Write(At($"images/{i}.png"), Images.Noise(24, 20, seed: i));
            if (i != 2) File.WriteAllText(At($"images/{i}.txt"), $"caption {i} – ü");
        }
    }

    [TestMethod]
    public async Task Its_columns_hold_what_an_index_holds()
    {
        Write();
        Run("embed", "--model", At("model.safetensors"), "--data", At("images"), "--device", "cpu", "--out", At("v.npy"));
        Run("embed", "--model", At("model.safetensors"), "--data", At("images"), "--device", "cpu", "--out", At("v.parquet"));
        var expected = EmbeddingIndex.Load(At("v.npy"));

        using var file = File.OpenRead(At("v.parquet"));
        await using var reader = await ParquetReader.CreateAsync(file);
        CollectionAssert.AreEqual(new[] { "path", "caption", "vector" }, reader.Schema.Fields.Select(field => field.Name).ToArray());
        Assert.AreEqual(1, reader.RowGroupCount);
        Assert.Contains("silc.model", reader.CustomMetadata.Keys);
        Assert.AreEqual("squash", reader.CustomMetadata["silc.crop"]);
        var rows = await Parquet.Serialization.ParquetSerializer.DeserializeAsync<Row>(new MemoryStream(File.ReadAllBytes(At("v.parquet"))));
        Assert.HasCount(5, rows.Data);
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual($"images/{i}.png", rows.Data[i].path);
            Assert.AreEqual(i == 2 ? "" : $"caption {i} – ü", rows.Data[i].caption);
            CollectionAssert.AreEqual(expected.Rows.Row(i).ToArray(), rows.Data[i].vector);
        }
    }

    [TestMethod]
    public void A_file_that_silc_did_not_write_stays()
    {
        Write();
        File.WriteAllText(At("v.parquet"), "PAR1 of somebody else PAR1");
        var (code, _, error) = CommandLineRun.Of(["embed", "--model", At("model.safetensors"), "--data", At("images"), "--device", "cpu", "--out",
            At("v.parquet")]);
        Assert.AreEqual(1, code);
        Assert.Contains("is there already", error);
        File.Delete(At("v.parquet"));
        foreach (var _ in new[] { "written", "written over" })
            Run("embed", "--model", At("model.safetensors"), "--data", At("images"), "--device", "cpu", "--out", At("v.parquet"));
    }

    /// <summary>Another reader sees the same.</summary>
    [TestMethod]
    public void Hyparquet_reads_it()
    {
        if (Peer.Run("npm", "install", "--silent", "--prefix", Root, "hyparquet@1") is not { Exit: 0 })
            Assert.Inconclusive("npm is not here, or has no registry");
        Write();
        Run("embed", "--model", At("model.safetensors"), "--data", At("images"), "--device", "cpu", "--out", At("v.parquet"));
        File.WriteAllText(At("read.mjs"), """
            import { parquetReadObjects } from 'hyparquet';
            import { readFileSync } from 'fs';
            const bytes = readFileSync(process.argv[2]);
            const rows = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) });
            console.log(rows.length, rows[4].path, rows[4].vector.length, rows[4].caption);
            """);
        var said = Peer.Run("node", At("read.mjs"), At("v.parquet"));
        Assert.AreEqual("5 images/4.png 128 caption 4 – ü", said?.Output.Trim(), said?.Errors);
    }

    sealed class Row
    {
#pragma warning disable IDE1006 // names of columns
        public string? path { get; set; }
        public string? caption { get; set; }
        public float[]? vector { get; set; }
#pragma warning restore IDE1006
    }

    static void Run(params string[] line)
    {
        var (code, _, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
    }
}
