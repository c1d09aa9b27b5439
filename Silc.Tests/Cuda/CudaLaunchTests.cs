namespace Silc.Tests;

/// <summary>How many kernels a training step launches on CUDA, as a GPU of 132 multiprocessors gets them. Nothing runs.</summary>
[TestClass]
public sealed class CudaLaunchTests
{
    const int Batch = 64;

    sealed class Counter : ILauncher
    {
        public Dictionary<Type, int> Launches { get; } = [];

        public void Launch<TKernel>(int groups, int lanes, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            Launches[typeof(TKernel)] = Launches.GetValueOrDefault(typeof(TKernel)) + 1;
    }

    // Before weights had bf16 copies, and query, key and value were one product: 1,037 on an H100, 227 of them roundings to bf16.
    [TestMethod]
    public void Launches_of_a_step()
    {
        using var device = Device.Cpu(132);
        var counter = new Counter();
        device.Launcher = counter;
        device.Ops = new CudaOps(device, Precision.Bf16);
        var config = SilcConfig.Preset("mini");
        using var model = SilcModel.Create(device, config);
        using var trainer = new Trainer(model, new TrainConfig(BatchSize: Batch, TotalSteps: 10));
        var batch = new Batch(config, Batch);
        trainer.Step(batch);
        counter.Launches.Clear();
        trainer.Step(batch);
        foreach (var (kernel, launches) in counter.Launches.OrderByDescending(entry => entry.Value)) Console.WriteLine($"{launches,4} {kernel}");
        int all = counter.Launches.Values.Sum(), conversions = counter.Launches.GetValueOrDefault(typeof(ConvertKernel<AnyFloats, HalfValues>));
        Console.WriteLine($"{all} launches");
        Assert.IsTrue(all <= 720 && conversions <= 40, $"{all} launches a step, {conversions} of them roundings to bf16");
    }
}
