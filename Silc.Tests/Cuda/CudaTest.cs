using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>Runs a test of CUDA's kernels as PTX in the emulator, and on every NVIDIA GPU of this machine, at each of the given precisions.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryCudaAttribute(params Precision[] precisions) : Attribute, ITestDataSource
{
    public IEnumerable<object?[]> GetData(MethodInfo methodInfo) => from precision in precisions
                                                                    from device in CudaTest.Devices(precision)
                                                                    select new object?[] { device, precision };

    public string? GetDisplayName(MethodInfo methodInfo, object?[]? data) => $"{methodInfo.Name} ({data?[0]}, {data?[1]})";
}

/// <summary>
/// CUDA's operations for one test. On "emulator" kernels run as PTX on host memory, and may access the test's matrices and workspace only.
/// </summary>
sealed class CudaTest : IDisposable
{
    public const string Emulated = "emulator";

    const int Scratch = 1 << 20, Counters = 1 << 10;

    static readonly Dictionary<(string, Precision, bool), Device> open = [];
    static readonly IReadOnlyList<DeviceInfo> gpus = [.. Device.List().Where(info => info.Kind == DeviceKind.Cuda)];

    readonly List<DeviceMatrix> owned = [];
    readonly Random random = new(1);
    readonly bool anyMemory;

    /// <param name="name">"emulator", or a GPU.</param>
    /// <param name="anyMemory">Allows accesses to any memory: whole models allocate where this test does not see it.</param>
    /// <param name="wgmma">bf16 GEMMs by wgmma.</param>
    /// <param name="tuning">Tile sizes and launch bounds, in the emulator.</param>
    public CudaTest(string name, Precision precision, bool anyMemory = false, bool wgmma = false, CudaTuning? tuning = null)
    {
        (Precision, this.anyMemory) = (precision, anyMemory);
        if (name != Emulated)
        {
            var key = (name, precision, wgmma);
            lock (open) Device = open.TryGetValue(key, out var known) ? known : open[key] = Opened(name, precision, wgmma);
            return;
        }
        (Device, Emulator) = Emulate(precision, wgmma, tuning);
        if (anyMemory) Emulator.Memory.Allow(0, long.MaxValue);
        else
        {
            Allow(Device.Workspace(Scratch));
            var counters = Device.Counters(Counters);
            Emulator.Memory.Allow(counters.LoadEffectiveAddressAsPtr(), counters.LengthInBytes);
        }
    }

    /// <summary>A device on host memory, all of whose kernels run as PTX in an emulator.</summary>
    public static (Device Device, PtxEmulator Emulator) Emulate(Precision precision, bool wgmma = false, CudaTuning? tuning = null)
    {
        var emulator = new PtxEmulator(CudaArchitecture.SM_80);
        var device = Device.Cpu(1);
        device.Launcher = new Launcher(emulator);
        device.BlockThreads = 64;
        device.Ops = new CudaOps(device, precision) { TensorMaps = wgmma ? new EmulatedTensorMaps() : null, Tuning = tuning ?? CudaTuning.Default };
        return (device, emulator);
    }

    static Device Opened(string name, Precision precision, bool wgmma)
    {
        var device = Device.Open(name, precision);
        device.Ops = new CudaOps(device, precision) { TensorMaps = wgmma ? new DriverTensorMaps() : null };
        return device;
    }

    /// <summary>True if a GPU multiplies by wgmma.</summary>
    public static bool HasWgmma(string name) => gpus.Any(info => info.Id == name && info.Capabilities.Contains("sm_90", StringComparison.Ordinal));

    /// <summary>The emulator, and the GPUs that support a precision.</summary>
    public static IEnumerable<string> Devices(Precision precision) =>
        [Emulated, .. gpus.Where(info => info.Precisions.Contains(precision)).Select(info => info.Id)];

    public PtxEmulator? Emulator { get; }

    public Device Device { get; }

    public Ops Ops => Device.Ops;

    public Precision Precision { get; }

    /// <summary>Tolerance of sums of exact products: tensor cores truncate where the emulator rounds.</summary>
    public double Exact => Emulator is null ? Close.Chained : Close.Float32;

    /// <summary>
    /// Uniform values in ±<paramref name="range"/> that the precision can represent, so that only the float32 accumulation rounds.
    /// </summary>
    public DeviceMatrix Random(int rows, int cols, double range = 1, int gap = 0, DType dtype = DType.Float32) =>
        Own(Matrix.Make(rows, cols, (_, _) => Round((random.NextDouble() * 2 - 1) * range)), gap, dtype);

    /// <summary>An output that must be overwritten: NaN.</summary>
    public DeviceMatrix Output(int rows, int cols, int gap = 0, DType dtype = DType.Float32) =>
        Own(Matrix.Make(rows, cols, (_, _) => double.NaN), gap, dtype);

    public DeviceMatrix Own(Matrix values, int gap = 0, DType dtype = DType.Float32)
    {
        owned.Add(new DeviceMatrix(Device, values, values.Cols + gap, dtype));
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
        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            emulator.Launch(blocks, threads, kernel, dynamicBytes);
    }
}
