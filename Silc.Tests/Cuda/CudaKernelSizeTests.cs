namespace Silc.Tests;

/// <summary>Every kernel, as the driver of this machine's GPUs assembles it. What is launched or not by a model does not matter here.</summary>
[TestClass]
public sealed class CudaKernelSizeTests
{
    public TestContext TestContext { get; set; } = null!;

    /// <summary>
    /// Each loads, and its registers and local bytes are said as it does: the driver takes a minute for all, and a machine may be taken away before.
    /// </summary>
    [TestMethod]
    public void The_driver_takes_every_kernel()
    {
        var gpus = Device.List().Where(info => info.Kind == DeviceKind.Cuda).DistinctBy(info => (info.Name, info.Capabilities)).ToArray();
        if (gpus.Length == 0) Assert.Inconclusive("there is no NVIDIA GPU here");
        List<string> wrong = [];
        foreach (var gpu in gpus)
        {
            using var device = Device.Open(gpu.Id);
            foreach (var kernel in KernelsFor(gpu))
                try
                {
                    var (registers, localBytes) = device.KernelSize(kernel);
                    TestContext.DisplayMessage(MessageLevel.Informational,
                        $"{gpu.Id} {registers,4} registers {localBytes,4} local bytes  {KernelName.Of(kernel)}");
                    if (registers == 0) wrong.Add($"{gpu.Id}: {KernelName.Of(kernel)} has no registers");
                }
                catch (InvalidOperationException error)
                {
                    wrong.Add(error.Message);
                    TestContext.DisplayMessage(MessageLevel.Error, error.Message);
                }
        }
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    static IEnumerable<Type> KernelsFor(DeviceInfo gpu) => KernelCompilationTests
        .KernelsFor(gpu.Precisions.Contains(Precision.Bf16) ? "SM_80" : "SM_75")
        .Where(kernel => CudaTest.HasWgmma(gpu.Id) || !KernelCompilationTests.wgmmaKernels.Contains(kernel));
}
