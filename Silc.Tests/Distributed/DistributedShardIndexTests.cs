using System.IO.Compression;

namespace Silc.Tests;

/// <summary>Of shards rank 0 reads the headers; the others get the places of samples from it, and look at the lengths of files alone.</summary>
[TestClass]
public sealed class DistributedShardIndexTests : TempFolder
{
    internal static readonly Beside Jobs = Beside.Of<DistributedShardIndexTests>(
        ("train", test => test.TrainOverDamagedHeaders()),
        ("cut", test => test.FindAShardThatDiffers()),
        ("compressed", test => test.TrainOnCompressedOnes()));

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    /// <summary>Of every kind of member, in blocks of a shard each.</summary>
    [TestMethod]
    public void A_table_has_the_places_and_opens_nothing()
    {
        Write(At("a.tar"), new TarBytes().Pair("1").Pair("folder/2").Add("3.jpg", TarBytes.Png).Add("3.json", "{\"caption\": \"three\"}")
            .Add("4.cls", "7").Pair("4").Add("5.png", TarBytes.Png));
        // Of these two names the first half of the pairs of UTF-16 is the same.
        Write(At("c.tar"), new TarBytes().Pair("\U0001F600").Pair("\U0001F601"));
        Write(At("b.tar"), new TarBytes().Add("9.txt", "text first").Add("9.png", TarBytes.Png).Add("9.seg.png", TarBytes.Png));
        var fields = new ShardFields(mask: ShardFields.UsualMask);
        var scanned = new WebDatasetSource(At("*.tar"), fields);
        Assert.AreEqual(7, scanned.Count);
        Assert.HasCount(1, scanned.Skipped);
        var blocks = scanned.Table(blockBytes: 1).ToList();
        Assert.HasCount(3, blocks);

        var (samples, skipped, shards) = (new List<ShardSample>(), new List<SkippedMembers>(), new List<CountedShard>());
        foreach (var block in blocks) ShardTable.Read(block, Counted, fields, samples, skipped);
        Assert.AreEqual(string.Join('\n', scanned.Skipped), string.Join('\n', skipped));
        CollectionAssert.AreEqual(new[] { At("a.tar"), At("b.tar"), At("c.tar") }, shards.Select(shard => shard.Path).ToArray());
        Assert.HasCount(scanned.Count, samples);
        foreach (var (expected, actual) in scanned.Samples.Zip(samples))
            Assert.AreEqual((expected.Shard.Path, expected.Image, expected.Text, expected.Json, expected.Truth),
                (actual.Shard.Path, actual.Image, actual.Text, actual.Json, actual.Truth));
        Assert.AreEqual((0, 0), (shards.Sum(shard => shard.Opens), shards.Sum(shard => shard.Reads)));
        Assert.AreEqual("caption of folder/2", samples[1].Read().Captions.Single());
        Assert.AreEqual((0, 2), (shards[0].Opens, shards[0].Reads));

        Shard Counted(string path, bool isStretch)
        {
            Assert.IsFalse(isStretch);
            shards.Add(new(path));
            return shards[^1];
        }
    }

    /// <summary>As img2dataset names and fills them.</summary>
    [TestMethod]
    public void A_sample_of_three_members_takes_some_25_bytes()
    {
        const int count = 200;
        var tar = new TarBytes();
        for (int i = 0; i < count; i++)
            tar.Add($"{i:D9}.jpg", new byte[20_000 + 37 * i]).Add($"{i:D9}.json", new string(' ', 400 + i % 90))
                .Add($"{i:D9}.txt", new string('a', 60));
        Write(At("00000.tar"), tar);
        Assert.IsLessThan(26 * count, new WebDatasetSource(At("00000.tar")).Table(1 << 20).Single().Length);
    }

    // Whose archive is opened for its headers, and whose members are read, is counted.
    sealed class CountedShard(string path) : Shard(path)
    {
        public int Opens { get; private set; }

        public int Reads { get; private set; }

        public override TarContent Open()
        {
            Opens++;
            return new PlainShard(Path).Open();
        }

        public override byte[] Read(TarMember member)
        {
            Reads++;
            return new PlainShard(Path).Read(member);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Ranks_have_the_source_of_rank_0(bool zip)
    {
        const int ranks = 3;
        for (int shard = 0; shard < 4; shard++)
        {
            var tar = new TarBytes();
            for (int i = 0; i <= shard; i++) tar.Pair($"{shard}{i}");
            if (zip) Zip(At($"{shard}.tar.gz"), tar.End());
            else Write(At($"{shard}.tar"), tar);
        }
        var (pattern, fields, scans) = (At(zip ? "*.tar.gz" : "*.tar"), new ShardFields(), 0);
        var sources = Ranks.Run(ranks, collective => SharedShards.Open(collective, () =>
        {
            Interlocked.Increment(ref scans);
            return new(pattern, fields);
        }, table => new(pattern, fields, WebDatasetSource.UsualUnpacked, table)));
        Assert.AreEqual(1, scans);
        foreach (var source in sources)
        {
            Assert.AreEqual((sources[0].Name, 10), (source.Name, source.Count));
            CollectionAssert.AreEqual(zip ? new[] { 1, 2, 3, 4 } : [], (source.Shards ?? []).ToArray());
            for (int i = 0; i < source.Count; i++)
                CollectionAssert.AreEqual(sources[0].Read(i).Captions.ToArray(), source.Read(i).Captions.ToArray());
        }
    }

    /// <summary>All ranks have the message of rank 0, and none waits for places.</summary>
    [TestMethod]
    public void What_rank_0_cannot_open_no_rank_opens()
    {
        var messages = Ranks.Run(3, collective => Assert.Throws<Exception>(() => SharedShards.Open(collective,
            () => new(At("none.tar"), new ShardFields()), table => new("", new ShardFields(), 1, table))).Message);
        foreach (var message in messages) StringAssert.Contains(message, "none.tar is missing");
    }

    /// <summary>Each rank in a folder of its own, as on a machine of its own: that of rank 1 has the same members after headers of zeros.</summary>
    [TestMethod]
    public void Another_rank_trains_on_shards_whose_headers_only_rank_0_can_read() => Jobs.Take("train");

    void TrainOverDamagedHeaders()
    {
        JobProcess.Require(JobProcess.OpenMpi);
        var tar = Folders();
        var damaged = tar.ToArray();
        for (int at = 0; at < damaged.Length; at += 512)
            if (TarHeader.TryRead(damaged.AsSpan(at, 512), out _)) damaged.AsSpan(at, 512).Clear();
        Assert.IsGreaterThan(1000, tar.Zip(damaged).Count(pair => pair.First != pair.Second));
        File.WriteAllBytes(At("1/s.tar"), damaged);
        Assert.ThrowsExactly<InvalidDataException>(() => new WebDatasetSource(At("1/s.tar")));
        var (code, output) = Run(2, "two");
        Assert.AreEqual(0, code, output);
        (code, output) = Run(1, "one");
        Assert.AreEqual(0, code, output);
        DistributedRunTests.Same(At("one"), At("two"));
    }

    [TestMethod]
    public void A_rank_whose_shard_differs_names_it() => Jobs.Take("cut");

    void FindAShardThatDiffers()
    {
        JobProcess.Require(JobProcess.OpenMpi);
        var tar = Folders();
        File.WriteAllBytes(At("1/s.tar"), tar[..^512]);
        var (code, output) = Run(2, "two");
        Assert.AreEqual(SilcCommand.Failed, code, output);
        Assert.HasCount(2, output.Split("error: "), output);
        StringAssert.Contains(output, "[rank 1 of 2, host ");
        StringAssert.Contains(output, $"shard s.tar has {tar.Length - 512:N0} bytes here and {tar.Length:N0} on rank 0, which has read its headers: "
            + "copy the same shards to every machine");
        Assert.IsFalse(Directory.Exists(At("two/checkpoints")), output);
    }

    [TestMethod]
    public void Compressed_shards_train_with_a_warning() => Jobs.Take("compressed");

    void TrainOnCompressedOnes()
    {
        JobProcess.Require(JobProcess.OpenMpi);
        var tar = Folders();
        foreach (var folder in new[] { "0", "1" }) Zip(At($"{folder}/s.tar"), tar);
        var (code, output) = Run(2, "two");
        Assert.AreEqual(0, code, output);
        Assert.HasCount(2, output.Split("warning: s.tar is compressed, so that each of 2 ranks unpacks all of it: plain .tar shards are read in "
            + "parts"), output);
    }

    // A folder for each of two ranks, and the same shard in that of rank 0.
    byte[] Folders()
    {
        foreach (var folder in new[] { "0", "1" }) Directory.CreateDirectory(At(folder));
        var tar = new TarBytes();
        for (int i = 0; i < 16; i++)
            tar.Add($"{i}.png", ImageFile.Encode(Images.Noise(40, 40, i))).Add($"{i}.txt", $"a picture of number {i}");
        var bytes = tar.End();
        File.WriteAllBytes(At("0/s.tar"), bytes);
        return bytes;
    }

    (int Code, string Output) Run(int ranks, string folder)
    {
        var line = DistributedRunTests.Line("", At(folder), "--steps", "3");
        line[Array.IndexOf(line, "demo")] = "wds:s.tar";
        using var job = new JobProcess([JobProcess.OpenMpi, "-n", $"{ranks}", "--oversubscribe", "sh", "-c",
            $"cd {Root}/$OMPI_COMM_WORLD_RANK && exec \"$@\"", "sh", .. JobProcess.Silc(line)]);
        return (job.ExitCode, job.Output);
    }

    static void Write(string path, TarBytes tar) => File.WriteAllBytes(path, tar.End());

    static void Zip(string path, byte[] content)
    {
        using var file = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        file.Write(content);
    }
}
