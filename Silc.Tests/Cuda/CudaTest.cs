using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>
/// Runs a test of CUDA's own kernels as PTX in the emulator, and on every NVIDIA GPU of this machine, in each of the given
/// precisions.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryCudaAttribute(params Precision[] precisions) : Attribute, ITestDataSource
{
    public IEnumerable<object?[]> GetData(MethodInfo methodInfo) => from precision in precisions
                                                                    from device in CudaTest.Devices(precision)
                                                                    select new object?[] { device, precision };

    public string? GetDisplayName(MethodInfo methodInfo, object?[]? data) => $"{methodInfo.Name} ({data?[0]}, {data?[1]})";
}

/// <summary>
/// CUDA's operations for one test. On "emulator" they work in the memory of the CPU: kernels run as PTX in the emulator, and may
/// touch the test's matrices and scratch memory and nothing else.
/// </summary>
sealed class CudaTest : IDisposable
{
    public const string Emulated = "emulator";

    const int Scratch = 1 << 20;

    static readonly Dictionary<(string, Precision, bool), Device> open = [];
    static readonly IReadOnlyList<DeviceInfo> gpus = [.. Device.List().Where(info => info.Kind == DeviceKind.Cuda)];

    readonly List<DeviceMatrix> owned = [];
    readonly Random random = new(1);
    readonly bool anyMemory;

    /// <param name="name">"emulator", or a GPU.</param>
    /// <param name="anyMemory">Whole models allocate where this test does not see it.</param>
    /// <param name="warpgroups">Products of stored bf16 by wgmma.</param>
    public CudaTest(string name, Precision precision, bool anyMemory = false, bool warpgroups = false)
    {
        (Precision, this.anyMemory) = (precision, anyMemory);
        if (name != Emulated)
        {
            lock (open) Device = open.TryGetValue((name, precision, warpgroups), out var known) ? known : open[(name, precision, warpgroups)] = Opened(name, precision, warpgroups);
            return;
        }
        (Device, Emulator) = Emulate(precision, warpgroups);
        if (anyMemory) Emulator.Memory.Allow(0, long.MaxValue);
        else Allow(Device.Workspace(Scratch));
    }

    /// <summary>A device in the memory of the CPU whose kernels, all of them, run as PTX in an emulator.</summary>
    public static (Device Device, PtxEmulator Emulator) Emulate(Precision precision, bool warpgroups = false)
    {
        var emulator = new PtxEmulator(CudaArchitecture.SM_80);
        var device = Device.Cpu(1);
        device.Launcher = new Launcher(emulator);
        device.Lanes = 64;
        device.Ops = new CudaOps(device, precision) { TensorMaps = warpgroups ? new EmulatedTensorMaps() : null };
        return (device, emulator);
    }

    static Device Opened(string name, Precision precision, bool warpgroups)
    {
        var device = Device.Open(name, precision);
        if (warpgroups) device.Ops = new CudaOps(device, precision) { TensorMaps = new DriverTensorMaps() };
        return device;
    }

    /// <summary>True if a GPU multiplies by warpgroups.</summary>
    public static bool HasWarpgroups(string name) => gpus.Any(info => info.Id == name && info.Capabilities.Contains("sm_90", StringComparison.Ordinal));

    /// <summary>The emulator, and the GPUs that know a precision.</summary>
    public static IEnumerable<string> Devices(Precision precision) => [Emulated, .. gpus.Where(info => info.Precisions.Contains(precision)).Select(info => info.Id)];

    public PtxEmulator? Emulator { get; }

    public Device Device { get; }

    public Ops Ops => Device.Ops;

    public Precision Precision { get; }

    /// <summary>How near sums of exact products come: tensor cores cut off where the emulator rounds.</summary>
    public double Exact => Emulator is null ? Close.Chained : Close.Float32;

    /// <summary>
    /// Uniform values in ±<paramref name="range"/> that the precision has, so that products are as exact as float32's sums.
    /// </summary>
    public DeviceMatrix Random(int rows, int cols, double range = 1, int gap = 0, DType stored = DType.Float32) =>
        Own(Matrix.Make(rows, cols, (_, _) => Round((random.NextDouble() * 2 - 1) * range)), gap, stored);

    /// <summary>An output that must be overwritten: NaN.</summary>
    public DeviceMatrix Output(int rows, int cols, int gap = 0, DType stored = DType.Float32) =>
        Own(Matrix.Make(rows, cols, (_, _) => double.NaN), gap, stored);

    public DeviceMatrix Own(Matrix values, int gap = 0, DType stored = DType.Float32)
    {
        owned.Add(new DeviceMatrix(Device, values, values.Cols + gap, stored));
        if (Emulator is not null && !anyMemory) Allow(owned[^1].Tensor.View);
        return owned[^1];
    }

    void Allow(ArrayView<float> view) => Emulator!.Memory.Allow(view.LoadEffectiveAddressAsPtr(), view.LengthInBytes);

    double Round(double x) => Precision switch
    {
        Precision.Bf16 => BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16((float)x) << 16),
        Precision.Tf32 => BitConverter.UInt32BitsToSingle(TensorCore.RoundTf32((float)x)),
        _ => (float)x,
    };

    public void Dispose()
    {
        owned.ForEach(matrix => matrix.Dispose());
        if (Emulator is not null) Device.Dispose();
    }

    sealed class Launcher(PtxEmulator emulator) : ILauncher
    {
        public void Launch<TKernel>(int groups, int lanes, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            emulator.Launch(groups, lanes, kernel, dynamicBytes);
    }
}
