using System.Reflection;

namespace Silc.Tests;

/// <summary>
/// Runs a test on each device of this machine: the CPU with one and with four threads, OpenCL and CUDA where they are; with SILC_EMULATE_CUDA=1 also
/// as PTX in the emulator, which takes minutes.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryDeviceAttribute : Attribute, ITestDataSource
{
    /// <summary>1: without the CPU of four threads, for tests of many steps that one thread shows as well.</summary>
    public int CpuThreads { get; set; } = 4;

    public IEnumerable<object?[]> GetData(MethodInfo methodInfo) =>
        TestDevices.Names.Where(name => name != TestDevices.FourThreads || CpuThreads == 4).Select(name => new object?[] { name });

    public string? GetDisplayName(MethodInfo methodInfo, object?[]? data) => $"{methodInfo.Name} ({data?[0]})";
}

/// <summary>The devices under test; each is opened once and lives as long as the test run.</summary>
public static class TestDevices
{
    public const string OneThread = "cpu with 1 thread", FourThreads = "cpu with 4 threads";
    public const string EmulateVariable = "SILC_EMULATE_CUDA";

    // PoCL with the kernels of a GPU, and with those of a processor without AVX-512.
    const string AsGpu = " as a GPU", AsNarrow = " of 256 bits";

    static readonly Dictionary<string, Device> open = [];

    /// <summary>True if every test of devices is to run on emulated CUDA, too.</summary>
    public static bool EmulateCuda { get; } = Environment.GetEnvironmentVariable(EmulateVariable) is { Length: > 0 };

    public static IReadOnlyList<string> Names { get; } =
    [
        OneThread, FourThreads, .. Others.Select(info => info.Id),
        .. Others.Where(info => info is { Kind: DeviceKind.OpenCL, IsProcessor: true })
            .SelectMany(info => new[] { info.Id + AsGpu, info.Id + AsNarrow }),
        .. EmulateCuda ? [CudaTest.Emulated] : Array.Empty<string>(),
    ];

    static IEnumerable<DeviceInfo> Others => Peer.Hidden ? [] : Device.List().Where(info => info.Kind != DeviceKind.Cpu);

    public static Device Open(string name)
    {
        lock (open)
            return open.TryGetValue(name, out var device) ? device : open[name] = name switch
            {
                OneThread => Device.Cpu(1),
                FourThreads => Device.Cpu(4),
                CudaTest.Emulated => Emulated(),
                _ when name.EndsWith(AsGpu, StringComparison.Ordinal) => Device.OpenAsGpu(int.Parse(name.Split(':', ' ')[1])),
                _ when name.EndsWith(AsNarrow, StringComparison.Ordinal) => Narrow(name.Split(' ')[0]),
                _ => Device.Open(name),
            };
    }

    static Device Narrow(string name)
    {
        var device = Device.Open(name);
        device.Ops = new ClOps(device, wide: false);
        return device;
    }

    static Device Emulated()
    {
        var (device, emulator) = CudaTest.Emulate(Precision.Float32);
        emulator.Memory.Allow(0, long.MaxValue);
        return device;
    }
}
