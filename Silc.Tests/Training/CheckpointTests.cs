using System.Text;

namespace Silc.Tests;

/// <summary>Checkpoint files: what they hold, and that damage of any kind is seen.</summary>
[TestClass]
public sealed class CheckpointTests : TempFolder
{
    static readonly TrainConfig train = new(BatchSize: 3, Schedule: new(ScheduleKind.Rsqrt, 7, 9, 0.1), EmaMomentum: 0.97,
        DecayRules: [new(".*", 0.3)], RateRules: [new("img/.*", 0.5)], AverageWeights: true);

    [TestMethod]
    public void All_that_goes_on_comes_back()
    {
        var written = Small() with
        {
            Data = new("images", 70, [30, 40]),
            Notes = new Dictionary<string, string> { ["a \"line\""] = "ü" }
        };
        written.Write([new("t", [1], [0.25f])]);
        var read = Checkpoint.Open(written.Path);
        Assert.AreEqual((8L, Checkpoint.LibraryVersion), (read.Step, read.Version));
        Assert.AreEqual(TinyRun.Config, read.Config);
        Assert.AreEqual(train with { DecayRules = read.Train.DecayRules, RateRules = read.Train.RateRules }, read.Train);
        CollectionAssert.AreEqual(train.DecayRules.ToArray(), read.Train.DecayRules.ToArray());
        CollectionAssert.AreEqual(train.RateRules.ToArray(), read.Train.RateRules.ToArray());
        Assert.AreEqual(("images", 70, "30 40"), (read.Data!.Name, read.Data.Count, string.Join(' ', read.Data.Shards!)));
        Assert.AreEqual("ü", read.Notes["a \"line\""]);
        CollectionAssert.AreEqual(new[] { 0.25f }, Safetensors.Read(written.Path).Arrays["t"].Floats());
    }

    [TestMethod]
    public void A_bit_that_flipped_anywhere_is_seen()
    {
        var checkpoint = Small();
        checkpoint.Write([new("kernel", [5, 3], [.. Enumerable.Range(0, 15).Select(i => i / 7f)])]);
        var bytes = File.ReadAllBytes(checkpoint.Path);
        Assert.AreEqual(8L, Checkpoint.Open(checkpoint.Path).Step);
        var data = 8 + BitConverter.ToInt64(bytes);
        for (int at = 0; at < bytes.Length; at += at < data ? 3 : 1)
        {
            bytes[at] ^= (byte)(1 << at % 8);
            Refused(bytes, $"bit {at % 8} of byte {at}");
            bytes[at] ^= (byte)(1 << at % 8);
        }
    }

    [TestMethod]
    public void A_file_that_was_cut_anywhere_is_seen()
    {
        var checkpoint = Small();
        checkpoint.Write([new("kernel", [5, 3], new float[15])]);
        var bytes = File.ReadAllBytes(checkpoint.Path);
        for (int length = 0; length < bytes.Length; length += length > bytes.Length - 100 ? 1 : 7)
            Refused(bytes[..length], $"{length} bytes");
        Refused([.. bytes, 0], "a byte more");
    }

    [TestMethod]
    public void What_is_no_checkpoint_of_this_version_is_named()
    {
        Safetensors.Write(At("model"), [new("t", [1], [1])], ModelMetadata.Of(TinyRun.Config, new("bytes"), 3));
        Assert.Contains("it holds a model, not a run",
            Assert.ThrowsExactly<InvalidDataException>(() => Checkpoint.Open(At("model"))).Message);

        Safetensors.WriteSealed(At("future"), [],
            new Dictionary<string, string> { ["silc.checkpoint"] = "9", ["silc.version"] = "7.5.0" });
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Checkpoint.Open(At("future"))).Message;
        foreach (var word in new[] { At("future"), "format 9", "Silc 7.5.0", Checkpoint.LibraryVersion })
            Assert.Contains(word, message);
    }

    [TestMethod]
    public void Python_reads_a_sealed_file_as_safetensors()
    {
        var checkpoint = Small();
        checkpoint.Write([new("kernel", [2, 2], [1, 2, 3, 4])]);
        var read = NumpyPeer.Run($"""
            import json
            data = open(r'{checkpoint.Path}', 'rb').read()
            length = int.from_bytes(data[:8], 'little')
            header = json.loads(data[8:8 + length])
            begin, end = header['kernel']['data_offsets']
            seal = header['checksum/xxh128']
            print(np.frombuffer(data[8 + length + begin:8 + length + end], '<f4').reshape(header['kernel']['shape']).tolist(),
                seal['dtype'], seal['shape'],
                  8 + length + seal['data_offsets'][1] == len(data), header['__metadata__']['silc.step'])
            """);
        Assert.AreEqual("[[1.0, 2.0], [3.0, 4.0]] U8 [16] True 8", read);
    }

    [TestMethod]
    [DataRow("t5_style.model", "a red star, two blue circles")]
    [DataRow("bpe_simple_vocab_16e6.txt.gz", "a red star, two blue circles")]
    public void The_tokenizer_travels_in_the_file(string name, string text)
    {
        var tokenizer = Tokenizers.Open(Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer", name));
        (Small() with { Tokenizer = tokenizer.Origin }).Write([]);
        File.Move(At("step"), At("elsewhere"));
        var origin = Checkpoint.Open(At("elsewhere")).Tokenizer!;
        Assert.IsTrue(origin.Matches(tokenizer.Origin!));
        CollectionAssert.AreEqual(tokenizer.Encode(text), origin.Open().Encode(text));
    }

    [TestMethod]
    public void Built_in_tokenizers_come_back_by_name()
    {
        foreach (var tokenizer in new Tokenizer[] { new ByteTokenizer(), new WordTokenizer(), new WordTokenizer(99) })
        {
            (Small() with { Tokenizer = tokenizer.Origin }).Write([]);
            var again = Checkpoint.Open(At("step")).Tokenizer!.Open();
            Assert.AreEqual((tokenizer.GetType(), tokenizer.VocabSize), (again.GetType(), again.VocabSize));
        }
        (Small() with { Tokenizer = new LastWordTokenizer().Origin }).Write([]);
        Assert.IsNull(Checkpoint.Open(At("step")).Tokenizer);
    }

    Checkpoint Small() =>
        new(At("step"), 8, Checkpoint.LibraryVersion, TinyRun.Config, train, new("bytes"), null, new Dictionary<string, string>());

    void Refused(byte[] bytes, string what)
    {
        File.WriteAllBytes(At("bad"), bytes);
        try
        {
            Checkpoint.Open(At("bad"));
        }
        catch (InvalidDataException error)
        {
            Assert.Contains(At("bad"), error.Message);
            return;
        }
        Assert.Fail($"{what} was not noticed in {Encoding.Latin1.GetString(bytes)[..Math.Min(99, bytes.Length)]}");
    }
}
