namespace Silc.Tests;

/// <summary>Moments in shards: the bits of ranks that hold all moments, in their checkpoints too, in less memory.</summary>
[TestClass]
public sealed class DistributedShardTests : TempFolder
{
    [TestMethod]
    [DataRow("softmax", 2)]
    [DataRow("softmax", 4)]
    [DataRow("accumulated", 2)]
    [DataRow("global to global, late last layer, average", 4)]
    [DataRow("locked image tower", 4)]
    [DataRow("distillation alone", 2)]
    [DataRow("adafactor", 2)]
    [DataRow("adafactor", 4)]
    [DataRow("adafactor in bfloat16, late last layer", 4)]
    public void Shards_have_the_bits_of_whole_moments(string name, int ranks)
    {
        var whole = DistributedStepTests.Train(name, ranks)[0];
        var sharded = DistributedStepTests.Train(name, ranks, shardMoments: true);
        CollectionAssert.AreEqual(whole.Numbers, sharded[0].Numbers);
        TinyRun.SameBits(whole.State, sharded[0].State);
        // The others have given their parts, and hold no checkpoint.
        foreach (var other in sharded[1..]) Assert.IsEmpty(other.State);
    }

    /// <summary>Two steps on some ranks, a checkpoint, two on others: the bits of the same without shards.</summary>
    [TestMethod]
    [DataRow(4, true, 2, true, OptimizerKind.AdamW)]
    [DataRow(2, true, 4, false, OptimizerKind.AdamW)]
    [DataRow(1, false, 3, true, OptimizerKind.AdamW)]
    [DataRow(3, true, 1, true, OptimizerKind.AdamW)]
    [DataRow(4, true, 3, true, OptimizerKind.Adafactor)]
    [DataRow(2, true, 1, false, OptimizerKind.Adafactor)]
    public void A_checkpoint_of_shards_is_one_of_any_ranks(int before, bool shardedBefore, int after, bool shardedAfter, OptimizerKind optimizer)
    {
        string first = At("first.safetensors"), plain = At("plain.safetensors");
        Run(before, shardedBefore, null, first);
        Run(before, false, null, plain);
        TinyRun.SameBits(Arrays(plain), Arrays(first));
        var expected = Run(after, false, plain, At("expected.safetensors"));
        var actual = Run(after, shardedAfter, first, At("actual.safetensors"));
        TinyRun.SameBits(expected, actual);

        // As a run does: rank 0 alone reads the file, and the others get what it holds.
        IReadOnlyDictionary<string, float[]> Run(int ranks, bool sharded, string? start, string file)
        {
            var recipe = DistributedStepTests.Recipe with { BatchSize = 12, Optimizer = optimizer };
            Ranks.Run(ranks, collective =>
            {
                using var device = Device.Cpu(1);
                using var model = SilcModel.Create(device, TinyRun.Config, seed: 1 + collective.Rank);
                using var trainer = new Trainer(model, recipe, collective, sharded);
                if (start is not null && collective.Rank == 0) trainer.Load(start);
                trainer.Spread();
                for (int step = 0; step < 2; step++)
                    trainer.Step(Ranks.Part(model.Config, DistributedStepTests.Whole(model.Config, (int)trainer.Steps, recipe.BatchSize),
                        collective.Rank, ranks));
                trainer.RequireEqualWeights();
                if (sharded || collective.Rank == 0) trainer.Save(file);
                return true;
            });
            return Arrays(file);
        }
    }

    static IReadOnlyDictionary<string, float[]> Arrays(string file) => Safetensors.Read(file).Arrays.Where(entry => entry.Key != Seal.Name)
        .ToDictionary(entry => entry.Key, entry => entry.Value.Floats());

    /// <summary>
    /// Moments of a rank, two of AdamW and one of Adafactor, are 1/N of the parameters, and the fewer than 16 · N values that N pieces leave.
    /// </summary>
    [TestMethod]
    [DataRow(OptimizerKind.AdamW, 2)]
    [DataRow(OptimizerKind.Adafactor, 1)]
    public void A_rank_holds_its_part_of_the_moments(OptimizerKind optimizer, int moments)
    {
        const int ranks = 4;
        var (whole, sharded) = (Allocated(false), Allocated(true));
        var parameters = Ranks.Run(1, collective =>
        {
            using var device = Device.Cpu(1);
            using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
            return model.Parameters.Values.Cols;
        })[0];
        int each = parameters / 16 / ranks * 16, rest = parameters - ranks * each;
        Assert.IsLessThan(16 * ranks, rest);
        foreach (var (all, part) in whole.Zip(sharded)) Assert.AreEqual(all - moments * sizeof(float) * (parameters - each - rest), part);

        long[] Allocated(bool shardMoments) => Ranks.Run(ranks, collective =>
        {
            using var device = Device.Cpu(1);
            using var model = SilcModel.Create(device, TinyRun.Config, seed: 1);
            using var trainer = new Trainer(model, DistributedStepTests.Recipe with { Optimizer = optimizer }, collective, shardMoments);
            return device.AllocatedBytes;
        });
    }
}
