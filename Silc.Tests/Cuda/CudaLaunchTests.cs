namespace Silc.Tests;

/// <summary>How many kernels a training step launches on CUDA, as a GPU of 132 multiprocessors gets them. Nothing runs.</summary>
[TestClass]
public sealed class CudaLaunchTests
{
    sealed class Recorder : ILauncher
    {
        public List<object> Launches { get; } = [];

        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            Launches.Add((blocks, threads, dynamicBytes, kernel));

        public int Count<TKernel>() where TKernel : struct, IKernel => Launches.Count(launch => launch is ValueTuple<int, int, int, TKernel>);
    }

    // An H100 was given 1,037 of mini before weights had bf16 copies and query, key and value were one product, 227 of them roundings to bf16; and
    // 1,445 of ti before column sums were one launch and the sums behind two layers' products another. b has the depth of s and more memory than
    // a test may take.
    [TestMethod]
    [DataRow("mini", 64, 436), DataRow("ti", 64, 974), DataRow("s", 64, 999)]
    public void Launches_of_a_step(string preset, int batch, int most) => Run(SilcConfig.Preset(preset), batch, OptimizerKind.AdamW,
        (recorder, step) =>
    {
        step();
        recorder.Launches.Clear();
        step();
        foreach (var kind in recorder.Launches.GroupBy(launch => launch.GetType().GetGenericArguments()[3]).OrderByDescending(kind => kind.Count()))
            Console.WriteLine($"{kind.Count(),4} {kind.Key}");
        int all = recorder.Launches.Count, roundings = recorder.Count<ConvertKernel<UnalignedQuads, Bf16Quads>>();
        Console.WriteLine($"{all} launches");
        Assert.IsTrue(all <= most && roundings <= MostRoundings, $"{all} launches a step, {roundings} of them roundings to bf16");
    });

    const int MostRoundings = 15;

    // A CUDA graph of a step can be replayed: with batches in the same memory, steps differ only in the two fills of learning rate and
    // decay, which come first.
    [TestMethod]
    [DataRow(OptimizerKind.AdamW), DataRow(OptimizerKind.Adafactor)]
    public void Steps_have_the_same_launches(OptimizerKind optimizer) => Run(TinyRun.Config, TinyRun.Recipe.BatchSize, optimizer, (recorder, step) =>
    {
        const int OfSchedule = 2;
        List<List<object>> steps = [];
        for (int i = 0; i < 5; i++)
        {
            recorder.Launches.Clear();
            step();
            steps.Add([.. recorder.Launches]);
        }
        CollectionAssert.AreNotEqual(steps[2], steps[4], "the schedule stands still");
        CollectionAssert.AreEqual(steps[2][OfSchedule..], steps[4][OfSchedule..]);
    });

    static void Run(SilcConfig config, int size, OptimizerKind optimizer, Action<Recorder, Action> body)
    {
        using var device = Device.Cpu(132);
        var recorder = new Recorder();
        device.Launcher = recorder;
        device.Ops = new CudaOps(device, Precision.Bf16);
        using var model = SilcModel.Create(device, config);
        using var trainer = new Trainer(model, new TrainConfig(BatchSize: size, TotalSteps: 10, Optimizer: optimizer, AverageWeights: true));
        var batch = new Batch(config, size);
        body(recorder, () => trainer.Step(batch));
    }
}
