using System.Formats.Tar;
using System.IO.Compression;

namespace Silc.Tests;

[TestClass]
public sealed class WebDatasetTests : TempFolder
{
    [TestMethod]
    public void KeysAndCaptionsAreThoseOfWebdataset()
    {
        var shard = new TarBytes()
            .Add("./a/b.c/1.PNG", TarBytes.Png)
            .Add("other.txt", "of nothing")
            .Add("./a/b.c/1.json", """{"caption": "red", "text": ["blue", "red", " "], "captions": null, "width": 3}""")
            .Add("./a/b.c/1.txt", "\uFEFF  a dog \r\n")
            .Add("./a/b.c/1.cls", "7")
            .Add("2.png", TarBytes.Png)
            .Add(".hidden.png", TarBytes.Png)
            .Add("no-ending", "x")
            .Add("./", "", '5')
            .Add("2.json", """{"captions": "only"}""")
            .End();
        var source = Open(shard);
        Assert.AreEqual(2, source.Count);
        Assert.IsNull(source.Shards);
        var pair = source.Read(0);
        Assert.AreEqual("memory.tar: a/b.c/1.PNG", pair.Key);
        Assert.AreEqual((2, 1, (byte)9), (pair.Image.Width, pair.Image.Height, pair.Image.Rgba[0]));
        CollectionAssert.AreEqual(new[] { "a dog", "red", "blue" }, pair.Captions.ToArray());
        Assert.AreEqual("only", source.Read(1).Captions.Single());
        Assert.AreEqual($"1 x caption without image (memory.tar: other.txt); 1 x {SkipReason.Hidden} (memory.tar: .hidden.png)",
            string.Join("; ", source.Skipped));
    }

    public static IEnumerable<object[]> Broken => Table().Select(row => new object[] { row });

    // Rows of their own type, or the bytes of each would be the name of its test.
    public sealed record Row(string Name, byte[] Shard, string Reason, long Count, int Samples)
    {
        public override string ToString() => Name;
    }

    static IEnumerable<Row> Table()
    {
        static TarBytes One() => new TarBytes().Pair("1");
        static byte[] Sized(params byte[] size) => One().Add("2.png", [], '0', size).Pair("3").End();
        byte[] ones = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        var big = new byte[2000];
        var bad = new TarBytes().Pair("2").End();
        bad[0] ^= 1;
        yield return new("cut in content", One().Add("2.png", big).Cut(1600), SkipReason.Cut, 1, 1);
        yield return new("cut in header", One().Add("2.png", big).Cut(2048 + 100), SkipReason.Cut, 1, 1);
        yield return new("no end mark", One().Pair("2").Cut(0), SkipReason.Cut, 1, 2);
        yield return new("absolute", One().Pair("/etc/2").End(), SkipReason.Unsafe, 2, 1);
        yield return new("drive", One().Pair("C:/2").End(), SkipReason.Unsafe, 2, 1);
        yield return new("dots", One().Pair("../2").Pair("a/../2").Pair("a\\..\\2").End(), SkipReason.Unsafe, 6, 1);
        yield return new("links", One().Add("2.png", "", '1').Add("2.txt", "", '2').End(), SkipReason.NoFile, 2, 1);
        var devices = One().Add("2.png", "", '3').Add("3.png", "", '4').Add("4.png", "", '6').End();
        yield return new("devices", devices, SkipReason.NoFile, 3, 1);
        yield return new("link of a size", One().Add("2.png", [], '2', "77777777777").Pair("3").End(), SkipReason.NoFile, 1, 2);
        yield return new("sparse", One().Add("2.png", "map and data", 'S').Pair("3").End(), SkipReason.NoFile, 1, 2);
        yield return new("same key", One().Pair("1").Pair("2").End(), SkipReason.Duplicate, 2, 2);
        yield return new("two images", One().Add("1.jpg", TarBytes.Png).End(), SkipReason.Duplicate, 1, 1);
        yield return new("large member", One().Add("2.png", new byte[5000]).End(), SkipReason.Larger(4096), 1, 1);
        var beyond = One().Add("2.png", big, '0', "77777777777").Pair("3").End();
        yield return new("size beyond the end", beyond, SkipReason.Cut, 1, 1);
        yield return new("size of 2^63", Sized(0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0), SkipReason.Header, 1, 2);
        yield return new("size of 2^63 - 1", Sized([0x80, 0, 0, 0, 0x7F, .. ones]), SkipReason.Cut, 1, 1);
        yield return new("size of 2^90", Sized(0x80, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), SkipReason.Header, 1, 2);
        yield return new("negative size", Sized([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. ones]), SkipReason.Header, 1, 2);
        yield return new("size in letters", Sized("0000000zzzz\0"u8.ToArray()), SkipReason.Header, 1, 2);
        yield return new("damaged header", One().Raw(bad[..^1024]).Pair("3").End(), SkipReason.Header, 1, 2);
        yield return new("pax without end", One().Add("p", "30 path=3.png", 'x').Pair("2").End(), SkipReason.Header, 1, 1);
        yield return new("pax of negative size", One().Add("p", "11 size=-1\n", 'x').Pair("2").End(), SkipReason.Header, 1, 1);
        yield return new("pax too long", One().Add("p", new byte[(1 << 20) + 1], 'x').Pair("2").End(), SkipReason.Header, 1, 1);
        var huge = One().Add("p", "28 size=9223372036854775807\n", 'x').Pair("2").Pair("3").End();
        yield return new("pax of 2^63 - 1 bytes", huge, SkipReason.Cut, 1, 1);
        yield return new("no caption", One().Add("2.png", TarBytes.Png).End(), SkipReason.NoCaption, 1, 1);
        yield return new("no image", One().Add("2.json", "{}").End(), SkipReason.NoImage, 1, 1);
    }

    [TestMethod]
    [DynamicData(nameof(Broken))]
    public void BrokenMembersAreSkippedAndCounted(Row row)
    {
        var source = new WebDatasetSource(row.Name, [new MemoryShard(row.Shard)], maxMemberBytes: 4096);
        Assert.AreEqual(row.Samples, source.Count, string.Join("; ", source.Skipped));
        var skipped = source.Skipped.Single(skipped => skipped.Reason == row.Reason);
        Assert.AreEqual(row.Count, skipped.Count);
        Assert.Contains("memory.tar", skipped.Examples[0]);
        for (int i = 0; i < source.Count; i++) Assert.HasCount(1, source.Read(i).Captions);
    }

    [TestMethod]
    public void CaptionOfAMegabyteIsRefused()
    {
        var long1 = new string('a', 1_000_000);
        var source = Open(new TarBytes().Pair("1")
            .Add("2.png", TarBytes.Png).Add("2.txt", long1)
            .Add("3.png", TarBytes.Png).Add("3.json", $"{{\"caption\": \"{long1}\"}}")
            .Add("4.png", TarBytes.Png).Add("4.json", $"{{\"x\": \"{long1}{long1}\"}}").End());
        Assert.AreEqual(2, source.Count);
        CollectionAssert.AreEqual(
            new[] { "caption larger than 1,048,576 bytes", "caption larger than 65,536 bytes" },
            source.Skipped.Select(skipped => skipped.Reason).ToArray());
        Assert.Contains("1,000,000 letters", Assert.ThrowsExactly<InvalidDataException>(() => source.Read(1)).Message);
    }

    [TestMethod]
    [DataRow("a.b/1.txt", "dog \xFF", "not UTF-8")]
    [DataRow("a.b/1.json", "{\"caption\": \"\xE9\"}", "not UTF-8")]
    [DataRow("a.b/1.json", "{\"caption\": \"dog\"", "no valid JSON")]
    [DataRow("a.b/1.json", "{\"caption\": \"\\ud800\"}", "no valid JSON")]
    [DataRow("a.b/1.json", "", "no valid JSON")]
    [DataRow("a.b/1.json", "[1]", "no JSON object")]
    [DataRow("a.b/1.json", "{\"caption\": 7}", "'caption' holds a number")]
    [DataRow("a.b/1.json", "{\"captions\": [\"a\", {}]}", "'captions' holds an object")]
    [DataRow("a.b/1.json", "{\"url\": \"x\"}", "no caption")]
    [DataRow("a.b/1.txt", " \n\n", "no caption")]
    public void BadCaptionShowsWhenItIsRead(string name, string latin1, string expected)
    {
        var content = latin1.Select(letter => (byte)letter).ToArray();
        var source = Open(new TarBytes().Add("a.b/1.png", TarBytes.Png).Add(name, content).End());
        var error = Assert.ThrowsExactly<InvalidDataException>(() => source.Read(0));
        Assert.Contains(expected, error.Message);
        Assert.Contains($"memory.tar: {(expected == "no caption" ? "a.b/1.png" : name)}", error.Message);
    }

    [TestMethod]
    public void BadImageShowsWhenItIsRead()
    {
        var source = Open(new TarBytes().Add("1.png", "no image").Add("1.txt", "a").Add("2.png", "").Add("2.txt", "b").End());
        for (int i = 0; i < 2; i++)
            Assert.Contains($"memory.tar: {i + 1}.png", Assert.ThrowsExactly<InvalidDataException>(() => source.Read(i)).Message);
    }

    [TestMethod]
    [DataRow(TarEntryFormat.V7, 60, 0)]
    [DataRow(TarEntryFormat.Ustar, 90, 100)]
    [DataRow(TarEntryFormat.Gnu, 200, 400)]
    [DataRow(TarEntryFormat.Pax, 200, 400)]
    public void LongNames(TarEntryFormat format, int name, int folder)
    {
        var key = (folder > 0 ? new string('f', folder) + "/" : "") + new string('é', name / 2);
        var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, format, leaveOpen: true))
        {
            Write(writer, format, $"{key}.png", TarBytes.Png);
            Write(writer, format, $"{key}.txt", "long"u8.ToArray());
            Write(writer, format, "2.png", TarBytes.Png);
            Write(writer, format, "2.txt", "short"u8.ToArray());
        }
        var source = Open(bytes.ToArray());
        Assert.IsEmpty(source.Skipped);
        Assert.AreEqual($"memory.tar: {key}.png", source.Read(0).Key);
        Assert.AreEqual("short", source.Read(1).Captions[0]);
    }

    [TestMethod]
    [DataRow("ustar", false)]
    [DataRow("gnu", false)]
    [DataRow("pax", false)]
    [DataRow("pax", true)]
    public void ShardsOfTheShellsTar(string format, bool zip)
    {
        Directory.CreateDirectory(At("in/sub"));
        foreach (var key in (string[])["1", "sub/2", "sub/3"])
        {
            File.WriteAllBytes(At($"in/{key}.png"), TarBytes.Png);
            File.WriteAllText(At($"in/{key}.txt"), $"caption of {key}");
        }
        var shard = At(zip ? "s.tar.gz" : "s.tar");
        Tar($"--format={format}", zip ? "-czf" : "-cf", shard, "-C", At("in"), ".");
        var source = new WebDatasetSource(shard);
        Assert.IsEmpty(source.Skipped);
        var captions = Enumerable.Range(0, source.Count).Select(i => source.Read(i).Captions.Single()).Order().ToArray();
        CollectionAssert.AreEqual(new[] { "caption of 1", "caption of sub/2", "caption of sub/3" }, captions);
        Assert.AreEqual(zip, source.Shards is not null);
    }

    [TestMethod]
    public void WhatIsNoShardIsNamed()
    {
        File.WriteAllText(At("text.tar"), new string('x', 2000));
        File.WriteAllText(At("short.tar"), "x");
        File.WriteAllText(At("empty.tar"), "");
        File.WriteAllBytes(At("void.tar"), new byte[10240]);
        File.WriteAllBytes(At("cut.tar.gz"), [0x1F, 0x8B, 8]);
        File.WriteAllBytes(At("alone.tar"), new TarBytes().Add("1.png", TarBytes.Png).End());
        Zip("text.tar.gz", File.ReadAllBytes(At("text.tar")));
        Error("text.tar", "no tar archive");
        Error("text.tar.gz", "no tar archive");
        Error("short.tar", "no tar archive");
        Error("empty.tar", "is empty");
        Error("cut.tar.gz", "is empty");
        Error("void.tar", "no image with a caption");
        Error("alone.tar", "image without caption");

        void Error(string name, string expected)
        {
            var message = Assert.ThrowsExactly<InvalidDataException>(() => new WebDatasetSource(At(name))).Message;
            Assert.Contains(expected, message);
            Assert.Contains(At(name), message);
        }
    }

    [TestMethod]
    public void CompressedShardIsReadAsThePlainOne()
    {
        var tar = new TarBytes();
        // More than a block of the reader, so that members cross its borders.
        for (int i = 0; i < 30; i++)
            tar.Add($"{i}.bin", Noise(100_000 + i, i)).Add($"{i}.png", Wide(i)).Add($"{i}.txt", $"caption {i}");
        File.WriteAllBytes(At("plain.tar"), tar.End());
        Zip("zipped.tar.gz", tar.End());
        // By its content, not by its name.
        File.Copy(At("zipped.tar.gz"), At("misnamed.tar"));
        var plain = new WebDatasetSource(At("plain.tar"));
        foreach (var name in (string[])["zipped.tar.gz", "misnamed.tar"])
        {
            var zipped = new WebDatasetSource(At(name));
            CollectionAssert.AreEqual(new[] { 30 }, zipped.Shards!.ToArray());
            Parallel.For(0, plain.Count, i =>
            {
                CollectionAssert.AreEqual(plain.Read(i).Image.Rgba, zipped.Read(i).Image.Rgba);
                Assert.AreEqual($"caption {i}", zipped.Read(i).Captions[0]);
            });
        }
    }

    [TestMethod]
    public void CompressedShardThatIsCutKeepsWhatCameBefore()
    {
        var tar = new TarBytes();
        for (int i = 0; i < 8; i++)
            tar.Add($"{i}.png", Wide(i)).Add($"{i}.txt", $"caption {i}").Add($"{i}.bin", Noise(400_000, i));
        Zip("s.tar.gz", tar.End());
        var bytes = File.ReadAllBytes(At("s.tar.gz"));
        File.WriteAllBytes(At("s.tar.gz"), bytes[..(bytes.Length * 3 / 4)]);
        var source = new WebDatasetSource(At("s.tar.gz"));
        Assert.AreEqual(SkipReason.Cut, source.Skipped[0].Reason);
        Assert.IsGreaterThan(3, source.Count);
        Assert.IsLessThan(8, source.Count);
        for (int i = 0; i < source.Count; i++) Assert.AreEqual($"caption {i}", source.Read(i).Captions[0]);
    }

    [TestMethod]
    public void CompressedShardBeyondTheLimitIsRefused()
    {
        Zip("bomb.tar.gz", new TarBytes().Pair("1").Add("zeros.bin", new byte[10 << 20]).End());
        var path = At("bomb.tar.gz");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new WebDatasetSource(path, maxUnpackedBytes: 5 << 20));
        Assert.Contains("repack as plain .tar: images are compressed already", error.Message);
        Assert.Contains(path, error.Message);
    }

    [TestMethod]
    public void ShardThatChangedIsABadSample()
    {
        File.WriteAllBytes(At("s.tar"), new TarBytes().Pair("1").End());
        var source = new WebDatasetSource(At("s.tar"));
        File.WriteAllBytes(At("s.tar"), new byte[512]);
        Assert.Contains("has changed", Assert.ThrowsExactly<InvalidDataException>(() => source.Read(0)).Message);
    }

    [TestMethod]
    [Timeout(120_000)]
    public void ResumeOverCompressedShardsGoesOnWithTheNextSamples()
    {
        for (int shard = 0; shard < 6; shard++)
        {
            var tar = new TarBytes();
            for (int i = shard * 20; i < shard * 21 + 5; i++) tar.Add($"{i}.png", Wide(i)).Add($"{i}.txt", $"caption {i}");
            Zip($"{shard}.tar.gz", tar.End());
        }
        using var whole = Loader(0, out var unpacked);
        var sequence = whole.Take(27)
            .Select(batch => (batch.Samples.ToArray(), batch.Tokens.ToArray(), batch.Global.ToArray()))
            .ToArray();
        // Three epochs of 45 samples. A straggler may ask for a shard that has just been dropped.
        Assert.IsGreaterThanOrEqualTo(3 * 6 - 2, unpacked.Unpackings);
        Assert.IsLessThanOrEqualTo(3 * 6 + 10, unpacked.Unpackings);
        foreach (var start in (int[])[1, 10, 13])
        {
            using var rest = Loader(start, out _);
            foreach (var (batch, expected) in rest.Take(27 - start).Zip(sequence[start..]))
            {
                CollectionAssert.AreEqual(expected.Item1, batch.Samples);
                CollectionAssert.AreEqual(expected.Item2, batch.Tokens);
                CollectionAssert.AreEqual(expected.Item3, batch.Global);
            }
        }
    }

    /// <summary>What was thrown is not kept, for a disk that failed once may read the shard the next time.</summary>
    [TestMethod]
    public void A_compressed_shard_that_could_not_be_read_is_tried_again()
    {
        var unpacked = new UnpackedShards(1 << 20);
        Assert.ThrowsExactly<FileNotFoundException>(() => unpacked.Get(At("s.tar.gz")));
        using (var file = new GZipStream(File.Create(At("s.tar.gz")), CompressionLevel.Fastest)) file.Write(new TarBytes().Pair("1").End());
        _ = unpacked.Get(At("s.tar.gz"));
        Assert.AreEqual(2, unpacked.Unpackings);
    }

    BatchLoader Loader(long start, out UnpackedShards unpacked)
    {
        var kept = unpacked = new(1L << 30);
        var shards = ShardPattern.Find(At("*.tar.gz")).Select(path => Shard.At(path, kept)).ToArray();
        var source = new CachedSource(new WebDatasetSource("shards", shards, 1 << 20), 0);
        var config = new SilcConfig(ImageSize: 16, PatchSize: 8, TextLength: 4, Views: new(2, 0, 8, Flip: 0.5));
        return new(source, new LastWordTokenizer(), config, batchSize: 5, seed: 3, workers: start == 0 ? 2 : 3, startStep: start);
    }

    static WebDatasetSource Open(byte[] shard) => new("test", [new MemoryShard(shard)], 64 << 20);

    static void Write(TarWriter writer, TarEntryFormat format, string name, byte[] content)
    {
        var data = new MemoryStream(content);
        writer.WriteEntry(format switch
        {
            TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, name) { DataStream = data },
            TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
            TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
            _ => new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
        });
    }

    static void Tar(params string[] arguments)
    {
        if (Peer.Run("tar", arguments) is not { } tar) Assert.Inconclusive("there is no tar on this machine");
        else if (tar.Exit != 0) Assert.Inconclusive($"tar {string.Join(' ', arguments)} failed, it may not be GNU's: {tar.Errors}");
    }

    void Zip(string name, byte[] content)
    {
        using var file = new GZipStream(File.Create(At(name)), CompressionLevel.Fastest);
        file.Write(content);
    }

    static byte[] Wide(int seed) => ImageFile.Encode(Images.Noise(24, 20, seed));

    static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
