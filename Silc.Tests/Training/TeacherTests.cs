namespace Silc.Tests;

[TestClass]
public sealed class TeacherTests
{
    [TestMethod, EveryDevice]
    public void Starts_as_a_copy_of_the_student(string device)
    {
        using var run = new TinyRun(device);
        foreach (var p in run.Teacher.Parameters.All) Close.Bits(run.Read(run.Model.Parameters[p.Name].Value), run.Read(p.Value), p.Name);
    }

    [TestMethod, EveryDevice]
    public void Momentum_one_leaves_it_alone(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { EmaMomentum = 1 });
        var before = run.Read(run.Teacher.Parameters.Values);
        run.Steps(1, 2);
        Close.Bits(before, run.Read(run.Teacher.Parameters.Values), "teacher");
    }

    [TestMethod, EveryDevice]
    public void Momentum_zero_copies_the_student(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { EmaMomentum = 0 });
        var before = run.Read(run.Teacher.Parameters.Values);
        run.Steps(1, 2);
        foreach (var p in run.Teacher.Parameters.All) Close.Bits(run.Read(run.Model.Parameters[p.Name].Value), run.Read(p.Value), p.Name);
        CollectionAssert.AreNotEqual(before, run.Read(run.Teacher.Parameters.Values));
    }

    /// <summary>The distance to a student that stands still falls as mⁿ.</summary>
    [TestMethod, EveryDevice]
    public void Approaches_a_student_that_stands_still(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { LearningRate = 0, WeightDecay = 0, EmaMomentum = 0.8 });
        var shared = run.Teacher.Parameters.Values;
        run.Model.Device.Ops.Fill(shared, 0);
        var student = run.Read(run.Model.Parameters.Values)[..shared.Cols];
        run.Steps(1, 2, 3);
        Close.To([.. student.Select(x => x * (1 - Math.Pow(0.8, 3)))], run.Read(shared), Close.Float32, "teacher after three steps from 0");
    }

    /// <summary>c ← 0.9·c + 0.1·mean of this batch's outputs for the global views, after c was used.</summary>
    [TestMethod, EveryDevice]
    public void The_center_follows_the_mean_output(string device)
    {
        using var run = new TinyRun(device);
        int prototypes = TinyRun.Config.Head.Prototypes, rows = 2 * TinyRun.Recipe.BatchSize;
        var center = new double[prototypes];
        for (int step = 1; step <= 3; step++)
        {
            float[] logits = [];
            run.Trainer.Probe = (name, tensor) => logits = name == "teacher_logits" ? run.Read(tensor) : logits;
            run.Steps(step);
            Assert.AreEqual(rows * prototypes, logits.Length);
            for (int k = 0; k < prototypes; k++)
                center[k] = 0.9 * center[k] + 0.1 * Enumerable.Range(0, rows).Average(row => (double)logits[row * prototypes + k]);
            Close.To(center, run.Read(run.Teacher.Center), Close.Float32, $"center after step {step}");
        }
    }

    [TestMethod]
    public void There_is_none_without_distillation()
    {
        using var run = new TinyRun(TestDevices.OneThread, TinyRun.Recipe with { DistillationWeight = 0 });
        Assert.IsNull(run.Trainer.Teacher);
        Assert.AreEqual(0, run.Step(run.Batch(1)).Distillation);
        using var model = SilcModel.Create(run.Model.Device, TinyRun.Config with { Views = new(Global: 2, Local: 0) });
        var error = Assert.ThrowsExactly<ArgumentException>(() => new Trainer(model, TinyRun.Recipe));
        StringAssert.Contains(error.Message, "local views");
    }
}
