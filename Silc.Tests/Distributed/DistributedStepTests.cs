namespace Silc.Tests;

/// <summary>Several ranks against one: the same numbers, and the same bits on every rank.</summary>
[TestClass]
public sealed class DistributedStepTests
{
    static readonly SilcConfig sigmoid = TinyRun.Config with { Contrastive = ContrastiveKind.Sigmoid };
    static readonly SilcConfig located = TinyRun.Config with { Views = TinyRun.Config.Views with { Located = 9 } };
    internal static readonly TrainConfig Recipe = TinyRun.Recipe with { BatchSize = 32, LearningRate = 1e-3, ClipNorm = 1 };

    static readonly Dictionary<string, (SilcConfig Config, TrainConfig Train)> cases = new()
    {
        ["softmax"] = (TinyRun.Config, Recipe),
        ["sigmoid"] = (sigmoid, Recipe),
        ["adafactor"] = (TinyRun.Config, Recipe with { Optimizer = OptimizerKind.Adafactor, BFloat16Momentum = false }),
        ["adafactor in bfloat16, late last layer"] =
            (TinyRun.Config, Recipe with { Optimizer = OptimizerKind.Adafactor, FrozenLastLayerSteps = 1, AverageWeights = true }),
        ["accumulated"] = (TinyRun.Config, Recipe with { Accumulate = 2 }),
        ["accumulated by 4, sigmoid"] = (sigmoid, Recipe with { Accumulate = 4 }),
        ["siglip2 views"] = (sigmoid with { Views = new(Global: 1, Local: 2, LocalSize: 8, Plain: true) }, Recipe),
        ["global to global, late last layer, average"] =
            (TinyRun.Config, Recipe with { GlobalToGlobal = true, FrozenLastLayerSteps = 1, AverageWeights = true }),
        ["locked image tower"] = (TinyRun.Config, Recipe with { DistillationWeight = 0, RateRules = [RateRule.LockedImage] }),
        ["blocks on a locked tower"] = (TinyRun.Config with
        {
            Image = TinyRun.Config.Image with { ClassToken = true },
            ImagePooling = ImagePooling.ClassMean,
            TopBlocks = 2,
        }, Recipe with { DistillationWeight = 0, RateRules = [new(LockedTower.Below, 0)] }),
        ["three blocks, recomputed"] = (TinyRun.Config with
        {
            Image = TinyRun.Config.Image with { Depth = 3 },
            Text = TinyRun.Config.Text with { Depth = 2 },
        }, Recipe with { Recompute = true, Accumulate = 2 }),
        ["distillation alone"] = (TinyRun.Config, Recipe with { ContrastiveWeight = 0 }),
        ["masked patches"] = (TinyRun.Config, Recipe with { MaskWeight = 0.5 }),
        ["masked patches by sinkhorn, shared head"] = (TinyRun.Config, Recipe with
        {
            MaskWeight = 0.5,
            Masks = new(Ratio: 0.25, RatioMax: 0.75, Images: 0.5, SharedHead: true),
            Centering = Centering.Sinkhorn,
        }),
        ["masked patches alone"] = (TinyRun.Config, Recipe with { MaskWeight = 1, DistillationWeight = 0, ContrastiveWeight = 0 }),
        ["gram"] = (TinyRun.Config, Recipe with { GramWeight = 2, Gram = new(0), Spans = [new("gram", 1)] }),
        ["gram, twice the side"] = (TinyRun.Config with { Views = TinyRun.Config.Views with { AnchorScale = 2 } },
            Recipe with { GramWeight = 2, Accumulate = 2 }),
        ["naflex"] = (sigmoid with { Views = new(Local: 0, Naflex: 12) }, Recipe with { DistillationWeight = 0 }),
        ["naflex, accumulated"] = (TinyRun.Config with { Views = new(Local: 0, Naflex: 12) }, Recipe with { DistillationWeight = 0, Accumulate = 2 }),
        ["second captions"] = (TinyRun.Config with { Views = TinyRun.Config.Views with { SecondCaption = true } },
            Recipe with { DualWeight = 0.5, ContrastiveWeight = 0.5 }),
        ["second captions, accumulated, sigmoid"] = (sigmoid with { Views = sigmoid.Views with { SecondCaption = true } },
            Recipe with { DualWeight = 0.5, Accumulate = 2 }),
        ["decoder"] = (TinyRun.Config, Recipe with { DecoderWeight = 0.5 }),
        ["located captions"] = (located, Recipe with { DecoderWeight = 0.5, LocatedWeight = 0.7 }),
        ["located captions, accumulated, plain views"] = (located with { Views = located.Views with { Global = 1, Plain = true } },
            Recipe with { DecoderWeight = 0.5, LocatedWeight = 0.7, Accumulate = 2 }),
        ["sinkhorn"] = (TinyRun.Config, Recipe with { Centering = Centering.Sinkhorn }),
    };

    public static IEnumerable<object[]> Golden =>
        from file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Golden"), "silc*.npz")
        from ranks in new[] { 1, 2, 4 }
        select new object[] { file, ranks };

    [TestMethod, DynamicData(nameof(Golden))]
    public void Golden_steps_over_ranks_agree_with_PyTorch(string file, int ranks)
    {
        var golden = new GoldenStepTests.GoldenRun(file);
        if (golden.Train.KoLeoWeight > 0 && ranks > 1) return;      // its nearest images are those of a rank: another loss
        if (golden.Train.BatchSize / golden.Train.Accumulate % ranks > 0) return;
        Ranks.Run(ranks, collective =>
        {
            using var device = Device.Cpu(1);
            GoldenStepTests.Check(golden, device, collective);
            return true;
        });
    }

    [TestMethod]
    [DataRow("softmax")]
    [DataRow("sigmoid")]
    [DataRow("adafactor")]
    [DataRow("accumulated")]
    [DataRow("accumulated by 4, sigmoid")]
    [DataRow("siglip2 views")]
    [DataRow("global to global, late last layer, average")]
    [DataRow("locked image tower")]
    [DataRow("blocks on a locked tower")]
    [DataRow("distillation alone")]
    [DataRow("sinkhorn")]
    [DataRow("gram")]
    [DataRow("gram, twice the side")]
    [DataRow("naflex")]
    [DataRow("naflex, accumulated")]
    [DataRow("second captions")]
    [DataRow("second captions, accumulated, sigmoid")]
    [DataRow("decoder")]
    [DataRow("located captions")]
    [DataRow("located captions, accumulated, plain views")]
    [DataRow("masked patches")]
    [DataRow("masked patches by sinkhorn, shared head")]
    [DataRow("masked patches alone")]
    public void One_of_32_is_two_of_16_is_four_of_8(string name)
    {
        var one = Train(name, 1)[0];
        foreach (var ranks in new[] { 2, 4 })
        {
            var several = Train(name, ranks);
            Ranks.Agree(one.State, several[0].State, $"{name}, {ranks} ranks");
            foreach (var (expected, actual) in one.Numbers.Zip(several[0].Numbers))
                Assert.AreEqual(expected, actual, Close.Reordered * Math.Max(1e-3, Math.Abs(expected)),
                    $"{name}, {ranks} ranks: {expected} and {actual}");
            foreach (var other in several) TinyRun.SameBits(several[0].State, other.State);
        }
    }

    /// <summary>1/(A·N) of the losses: whatever the slices, the ranks and their product.</summary>
    [TestMethod]
    public void Slices_times_ranks_are_the_whole_batch()
    {
        var whole = Train("softmax", 1, Recipe)[0];
        foreach (var slices in new[] { 1, 2, 4 })
            foreach (var ranks in new[] { 1, 2, 4 })
                Ranks.Agree(whole.State, Train("softmax", ranks, Recipe with { Accumulate = slices })[0].State, $"{slices} slices on {ranks} ranks");
    }

    // One row a device: two ranks on different kernels of one would have different bits.
    public static IEnumerable<object[]> Devices =>
        TestDevices.Names.Where(name => name == TestDevices.OneThread || !name.Contains(' ')).Select(name => new object[] { name });

    /// <summary>With moments in shards: every exchange that there is. That both hold the same weights is looked at there.</summary>
    [TestMethod, DynamicData(nameof(Devices))]
    public void Two_ranks_are_one_on_every_device(string device)
    {
        var one = Train("softmax", 1, Recipe, _ => TestDevices.Open(device))[0];
        var two = Train("softmax", 2, Recipe, rank => rank == 0 ? TestDevices.Open(device) : Ranks.Another(device), shardMoments: true);
        Ranks.Agree(one.State, two[0].State, device);
    }

    [TestMethod]
    public void The_same_ranks_give_the_same_bits_again() =>
        TinyRun.SameBits(Train("softmax", 4)[0].State, Train("softmax", 4)[3].State);

    /// <summary>Towers and blocks whose gradients begin to travel early have the sums of those that wait.</summary>
    [TestMethod]
    [DataRow("softmax")]
    [DataRow("accumulated")]
    [DataRow("global to global, late last layer, average")]
    [DataRow("locked image tower")]
    [DataRow("blocks on a locked tower")]
    [DataRow("three blocks, recomputed")]
    [DataRow("distillation alone")]
    [DataRow("second captions")]
    public void Gradients_that_travel_early_have_the_same_bits(string name)
    {
        var counts = new int[2];
        void Watch(ICollective collective, bool overlaps)
        {
            var ranks = (ThreadCollective)collective;
            ranks.Overlaps = overlaps;
            if (collective.Rank == 0) ranks.Called = (_, _) => counts[overlaps ? 1 : 0]++;
        }
        var late = Train(name, 2, watch: collective => Watch(collective, false))[0];
        var early = Train(name, 2, watch: collective => Watch(collective, true))[0];
        TinyRun.SameBits(late.State, early.State);
        Assert.IsGreaterThan(counts[0], counts[1]);     // a block or a tower at a time
    }

    /// <summary>Of every gradient the sum is taken once, and a block's begins before that of the blocks before it is complete.</summary>
    [TestMethod]
    public void Gradients_of_blocks_travel_once_and_early()
    {
        var sums = Ranks.Run(2, collective =>
        {
            using var device = Device.Cpu(1);
            using var model = SilcModel.Create(device, cases["three blocks, recomputed"].Config, seed: 1);
            model.Parameters.AllocateGradients();
            ((ThreadCollective)collective).Overlaps = true;
            collective.Bind(device);
            var sent = 0;
            ((ThreadCollective)collective).Called = (_, count) => sent += count;
            var buckets = new GradientBuckets(model.Parameters, collective);
            var grads = model.Parameters.Grads;
            for (int step = 0; step < 2; step++)
            {
                device.Ops.Fill(grads, collective.Rank + 1);
                sent = 0;
                var early = new List<int>();
                for (int block = 2; block >= 0; block--)
                {
                    buckets.Blocks!($"img/Transformer/encoderblock_{block}");
                    early.Add(sent);
                }
                Assert.IsGreaterThan(0, early[1], "the last two blocks are sent before the first is complete");
                Assert.IsGreaterThan(early[1], early[2]);
                buckets.Complete("img");
                buckets.Finish();
                Assert.AreEqual(grads.Cols, sent);
                foreach (var value in device.Download(grads.View.SubView(0, grads.Cols))) Assert.AreEqual(3f, value);
            }
            return sent;
        });
        Assert.AreEqual(sums[0], sums[1]);
    }

    [TestMethod]
    public void A_number_that_is_not_finite_on_one_rank_skips_the_step_of_all()
    {
        var states = Ranks.Run(4, collective =>
        {
            using var device = Device.Cpu(1);
            using var model = SilcModel.Create(device, TinyRun.Config, 1);
            using var trainer = new Trainer(model, Recipe, collective);
            var before = model.Parameters.ToArrays();
            var batch = Ranks.Part(model.Config, Whole(model.Config, 1), collective.Rank, 4);
            if (collective.Rank == 3) batch.Global[7] = float.NaN;
            trainer.Step(batch);
            Assert.AreEqual(1, trainer.ReadMetrics().Skipped);
            foreach (var (was, now) in before.Zip(model.Parameters.ToArrays())) Close.Bits(was.Values, now.Values, was.Name);
            trainer.Step(Ranks.Part(model.Config, Whole(model.Config, 2), collective.Rank, 4));
            Assert.AreEqual(1, trainer.ReadMetrics().Skipped);
            return State(trainer);
        });
        foreach (var state in states) TinyRun.SameBits(states[0], state);
    }

    [TestMethod]
    public void All_ranks_make_the_same_calls()
    {
        var calls = new List<string>[4];
        Train("global to global, late last layer, average", 4, watch: collective =>
        {
            var own = calls[collective.Rank] = [];
            ((ThreadCollective)collective).Called = (what, count) => own.Add($"{what} {count}");
        });
        Assert.IsGreaterThan(20, calls[0].Count);
        foreach (var other in calls) CollectionAssert.AreEqual(calls[0], other);
    }

    [TestMethod]
    public void A_rank_with_other_weights_is_named()
    {
        var error = Assert.ThrowsExactly<CollectiveException>(() => Ranks.Run(3, collective =>
        {
            using var device = Device.Cpu(1);
            using var model = SilcModel.Create(device, TinyRun.Config, seed: collective.Rank == 2 ? 8 : 7);
            using var trainer = new Trainer(model, Recipe with { BatchSize = 33 }, collective);
            trainer.RequireEqualWeights();
            return true;
        }));
        StringAssert.Contains(error.Message, "rank 2 holds other weights than rank 0 after step 0");
    }

    [TestMethod]
    public void Ranks_that_do_not_divide_the_batch_are_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Train("softmax", 3));
        StringAssert.Contains(error.Message, "a batch of 32 cannot be cut into 3 equal parts, one for each rank; 1, 2, 4, 8, 16, 32 ranks can");
        error = Assert.ThrowsExactly<ArgumentException>(() => Train("accumulated by 4, sigmoid", 16));
        StringAssert.Contains(error.Message, "a batch of 32 in 4 slices cannot be cut into 16 equal parts, one for each rank; 1, 2, 4, 8 ranks can");
    }

    [TestMethod]
    public void Batches_of_ranks_are_the_parts_of_the_batch()
    {
        var tokenizer = new WordTokenizer();
        var config = TinyRun.Config with { VocabSize = tokenizer.VocabSize };
        // One sample more than a batch: the ragged end of each epoch is dropped by all ranks alike, so that none runs out.
        var source = new FakeSource(33);
        using var whole = new BatchLoader(source, tokenizer, config, 32, seed: 5, workers: 2);
        BatchLoader[] parts = [.. Enumerable.Range(0, 4).Select(rank =>
            new BatchLoader(source, tokenizer, config, 32, seed: 5, workers: 1, rank: rank, ranks: 4))];
        for (int step = 0; step < 5; step++)
        {
            var batch = whole.Next();
            foreach (var (rank, loader) in parts.Index())
            {
                var part = loader.Next();
                CollectionAssert.AreEqual(batch.Samples[(8 * rank)..(8 * rank + 8)], part.Samples);
                var expected = Ranks.Part(config, batch, rank, 4);
                Close.Bits(expected.Global, part.Global, "global views");
                Close.Bits(expected.Local, part.Local, "local views");
                CollectionAssert.AreEqual(expected.Tokens, part.Tokens);
                loader.Return(part);
            }
            whole.Return(batch);
        }
        foreach (var loader in parts) loader.Dispose();
    }

    /// <summary>Numbers of each step and the state at the end, of every rank; where moments lie in shards rank 0 alone has a state.</summary>
    internal static (double[] Numbers, IReadOnlyDictionary<string, float[]> State)[] Train(string name, int ranks, TrainConfig? train = null,
        Func<int, Device>? open = null, Action<ICollective>? watch = null, int steps = 3, bool shardMoments = false) =>
        Ranks.Run<(double[], IReadOnlyDictionary<string, float[]>)>(ranks, collective =>
    {
        watch?.Invoke(collective);
        var own = open is null ? Device.Cpu(1) : null;
        try
        {
            // Other seeds on other ranks: what they begin with comes from rank 0.
            using var model = SilcModel.Create(own ?? open!(collective.Rank), cases[name].Config, seed: 1 + collective.Rank, TinyRun.Words);
            using var trainer = new Trainer(model, train ?? cases[name].Train, collective, shardMoments);
            trainer.Spread();
            var numbers = new List<double>();
            for (int step = 1; step <= steps; step++)
            {
                trainer.Step(Ranks.Part(model.Config, Whole(model.Config, step), collective.Rank, ranks));
                var metrics = trainer.ReadMetrics();
                numbers.AddRange([metrics.Contrastive, metrics.Distillation, metrics.GradNorm, metrics.LogitScale, metrics.LogitBias, metrics.Loss]);
            }
            trainer.RequireEqualWeights();
            return ([.. numbers], State(trainer));
        }
        finally
        {
            own?.Dispose();
        }
    });

    internal static Batch Whole(SilcConfig config, int number, int size = 32)
    {
        var random = new Random(number);
        var batch = new Batch(config, size);
        TinyRun.Shapes(batch, random);
        foreach (var pixels in new[] { batch.Global, batch.Local, batch.Plain, batch.Anchor })
            for (int i = 0; i < pixels.Length; i++) pixels[i] = random.NextSingle() * 2 - 1;
        foreach (var tokens in new[] { batch.Tokens, batch.SecondTokens })
            for (int i = 0; i < tokens.Length; i++) tokens[i] = random.Next(config.VocabSize);
        TinyRun.Locate(batch, config, random);
        return batch;
    }

    internal static IReadOnlyDictionary<string, float[]> State(Trainer trainer)
    {
        using var folder = new TemporaryFolder();
        trainer.Save(folder.File("state.safetensors"));
        if (!File.Exists(folder.File("state.safetensors"))) return new Dictionary<string, float[]>();
        return Safetensors.Read(folder.File("state.safetensors")).Arrays.Where(entry => entry.Key != Seal.Name)
            .ToDictionary(entry => entry.Key, entry => entry.Value.Floats());
    }
}
