namespace Silc.Tests;

[TestClass]
public sealed class TrainerTests
{
    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void Learns_eight_pairs_by_heart(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            using var run = new TinyRun(device, TinyRun.Recipe with { BatchSize = 8, Optimizer = optimizer, LearningRate = 5e-3, ClipNorm = 1 });
            var batch = run.Batch(1);
            double loss = double.NaN;
            for (int step = 0; step < 150 && !(loss < 0.1); step++)
            {
                run.Trainer.Step(batch);
                if (step % 10 == 9) loss = run.Step(batch).Contrastive;
            }
            Assert.IsTrue(loss < 0.1, $"{optimizer}: contrastive loss is still {loss}");
        }
    }

    [TestMethod, EveryDevice]
    public void The_same_seed_gives_the_same_bits(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            var recipe = TinyRun.Recipe with { Optimizer = optimizer, GlobalToGlobal = true, ClipNorm = 1 };
            // The CPU's one thread, for the CPU: the number of threads must not show.
            using TinyRun run = new(device, recipe), again = new(device == TestDevices.FourThreads ? TestDevices.OneThread : device, recipe);
            TinyRun.SameBits(run.Steps(1, 2, 3, 4, 5).State(), again.Steps(1, 2, 3, 4, 5).State());
        }
    }

    [TestMethod, EveryDevice]
    public void Recomputing_blocks_gives_the_same_bits_in_less_memory(string device)
    {
        var deep = TinyRun.Config with { Image = TinyRun.Config.Image with { Depth = 3 }, Text = TinyRun.Config.Text with { Depth = 2 } };
        using TinyRun kept = new(device, config: deep), again = new(device, TinyRun.Recipe with { Recompute = true }, deep);
        Assert.IsTrue(again.Trainer.ActivationBytes < 0.7 * kept.Trainer.ActivationBytes,
            $"{again.Trainer.ActivationBytes} bytes instead of {kept.Trainer.ActivationBytes}");
        TinyRun.SameBits(kept.Steps(1, 2, 3).State(), again.Steps(1, 2, 3).State());
    }

    // Every loss depends on the whole batch, so this fails if a slice meets only its own negatives, or the center only its own teacher.
    [TestMethod, EveryDevice]
    public void Slices_of_a_batch_give_its_gradient_in_less_memory(string device)
    {
        foreach (var (kind, globalToGlobal, plain) in new[] { (ContrastiveKind.Softmax, true, false), (ContrastiveKind.Sigmoid, false, true) })
        {
            var config = TinyRun.Config with { Contrastive = kind, Views = TinyRun.Config.Views with { Plain = plain } };
            var recipe = TinyRun.Recipe with
            {
                BatchSize = 8,
                GlobalToGlobal = globalToGlobal,
                DistillationWeight = 0.5,
                ContrastiveWeight = 2,
                LearningRate = 0
            };
            using var whole = new TinyRun(device, recipe, config);
            var (batch, expected) = (whole.Batch(1), whole.Step(whole.Batch(1)));
            foreach (var slices in new[] { 2, 4 })
            {
                using var cut = new TinyRun(device, recipe with { Accumulate = slices }, config);
                var actual = cut.Step(batch);
                Assert.IsTrue(cut.Trainer.ActivationBytes < whole.Trainer.ActivationBytes);
                Close.To([expected.Contrastive, expected.Distillation, expected.GradNorm],
                    [(float)actual.Contrastive, (float)actual.Distillation, (float)actual.GradNorm], Close.Reordered, "losses and norm");
                Close.To(whole.Read(whole.Teacher.Center), cut.Read(cut.Teacher.Center), Close.Reordered, "center");
                foreach (var p in whole.Model.Parameters.All.Where(
                    p => !p.Name.EndsWith("/key/bias", StringComparison.Ordinal)))     // whose gradient is 0
                    Close.To(whole.Read(p.Grad), cut.Read(cut.Model.Parameters[p.Name].Grad), Close.Reordered, $"{slices} slices, {p.Name}");
            }
        }
    }

    [TestMethod]
    public void Plain_views_are_what_captions_are_compared_with()
    {
        var config = TinyRun.Config with { Views = TinyRun.Config.Views with { Plain = true } };
        using var run = new TinyRun(TestDevices.OneThread, TinyRun.Recipe with { LearningRate = 0, WeightDecay = 0 }, config);
        var batch = run.Batch(1);
        var before = run.Step(batch);
        Array.Reverse(batch.Global);
        var crops = run.Step(batch);
        Assert.AreEqual(before.Contrastive, crops.Contrastive, "the image-text loss saw a crop");
        Assert.AreNotEqual(before.Distillation, crops.Distillation, "the teacher saw no crop");
        Array.Reverse(batch.Plain);
        Assert.AreNotEqual(before.Contrastive, run.Step(batch).Contrastive, "the image-text loss saw no plain image");
        var error = Assert.ThrowsExactly<ArgumentException>(() => new Trainer(run.Model, TinyRun.Recipe with { GlobalToGlobal = true }));
        StringAssert.Contains(error.Message, "ViewConfig.Plain");
    }

    [TestMethod]
    public void A_batch_that_slices_do_not_divide_is_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => new TrainConfig(BatchSize: 10, Accumulate: 4).Check());
        Assert.AreEqual("a batch of 10 cannot be cut into 4 equal slices", error.Message);
    }

    [TestMethod, EveryDevice]
    public void A_run_that_was_saved_and_loaded_continues_to_the_bit(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            var recipe = TinyRun.Recipe with { Optimizer = optimizer, Schedule = new(ScheduleKind.Cosine, WarmupSteps: 2) };
            using var folder = new TemporaryFolder();
            using TinyRun whole = new(device, recipe), first = new(device, recipe), second = new(device, recipe, seed: 2);
            first.Steps(1, 2).Trainer.Save(folder.File("run.safetensors"));
            second.Trainer.Load(folder.File("run.safetensors"));
            Assert.AreEqual(2, second.Trainer.Steps);
            TinyRun.SameBits(whole.Steps(1, 2, 3, 4).State(), second.Steps(3, 4).State());
        }
    }

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void Memory_stays_where_it_is(string device)
    {
        using var run = new TinyRun(device);
        var batch = run.Batch(1);
        Steps(20);      // compiles kernels, grows scratch memory
        long onDevice = run.Model.Device.AllocatedBytes, onHost = GC.GetTotalMemory(forceFullCollection: true);
        long allocated = GC.GetTotalAllocatedBytes(precise: true), buffers = run.Model.Device.Allocations;
        Steps(200);
        Assert.AreEqual(onDevice, run.Model.Device.AllocatedBytes, "device memory");
        Assert.AreEqual(buffers, run.Model.Device.Allocations, "buffers on the device");
        Assert.IsTrue((GC.GetTotalMemory(forceFullCollection: true) - onHost) / 200 < 1024, "host memory that each step keeps");
        Assert.IsTrue((GC.GetTotalAllocatedBytes(precise: true) - allocated) / 200 < 256 * 1024, "host memory that each step allocates");

        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                run.Trainer.Step(batch);
                if (i % 10 == 9) Assert.IsNotNull(run.Trainer.ReadMetrics().Health);
            }
        }
    }

    [TestMethod, EveryDevice]
    public void A_disposed_run_leaves_nothing_on_the_device(string device)
    {
        new TinyRun(device).Steps(1).Dispose();
        var before = TestDevices.Open(device).AllocatedBytes;
        new TinyRun(device).Steps(1).Dispose();
        Assert.AreEqual(before, TestDevices.Open(device).AllocatedBytes);
    }

    [TestMethod]
    public void A_trainer_that_cannot_be_made_leaves_nothing_on_the_device()
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), TinyRun.Config);
        var before = model.Device.AllocatedBytes;
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            // The rules do not cover t, the last parameter.
            var recipe = TinyRun.Recipe with { Optimizer = optimizer, DecayRules = [new(".*/.*", 1)] };
            Assert.Contains("'t'", Assert.ThrowsExactly<ArgumentException>(() => new Trainer(model, recipe)).Message);
            Assert.AreEqual(before, model.Device.AllocatedBytes, $"{optimizer}");
        }
    }

    [TestMethod, EveryDevice]
    public void Weight_decay_is_times_the_schedule_but_not_the_learning_rate(string device)
    {
        var recipe = TinyRun.Recipe with { LearningRate = 0, WeightDecay = 0.1, Schedule = new(ScheduleKind.Constant, WarmupSteps: 2) };
        using var run = new TinyRun(device, recipe);
        var before = run.Model.Parameters.All.ToDictionary(p => p.Name, p => run.Read(p.Value));
        run.Steps(1, 2);        // the schedule is 0, then 1/2
        foreach (var p in run.Model.Parameters.All)
        {
            double factor = p.Name.EndsWith("/kernel", StringComparison.Ordinal) ? 1 - 0.05 : 1;
            Close.To([.. before[p.Name].Select(x => x * factor)], run.Read(p.Value), Close.Float32, p.Name);
        }
    }

    [TestMethod]
    public void A_batch_that_does_not_fit_is_refused()
    {
        using var run = new TinyRun(TestDevices.OneThread);
        var error = Assert.ThrowsExactly<ArgumentException>(() => run.Trainer.Step(new Batch(TinyRun.Config, 3)));
        Assert.AreEqual("the batch has 3 images, the trainer was made for 4", error.Message);
        var batch = run.Batch(1);
        batch.Tokens[3] = 50;
        error = Assert.ThrowsExactly<ArgumentException>(() => run.Trainer.Step(batch));
        Assert.AreEqual("token id 50 is not in the model's vocabulary of 50", error.Message);
    }
}
