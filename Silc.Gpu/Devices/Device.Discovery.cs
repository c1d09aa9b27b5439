using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Silc;

// Finding and opening accelerators.
public sealed partial class Device
{
    /// <summary>The environment variable that <see cref="Best"/> and <see cref="Open"/>("auto") obey.</summary>
    public const string EnvironmentVariable = "SILC_DEVICE";

    /// <summary>Every accelerator of this machine, best first: CUDA, OpenCL GPUs, CPU, OpenCL on a CPU.</summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        using var context = NewContext(cpuThreads: null, gpus: true);
        return [.. context.Devices.Select(device => Describe(context, device)).OrderBy(Rank)];
    }

    /// <summary>The device that <c>SILC_DEVICE</c> names, or else the best one that is there.</summary>
    public static Device Best(Precision precision = Precision.Float32) => Open("auto", precision);

    /// <summary>NVIDIA GPU number <paramref name="index"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message lists what there is.</exception>
    public static Device Cuda(int index = 0, Precision precision = Precision.Float32) => Open($"cuda:{index}", precision);

    /// <summary>OpenCL device number <paramref name="index"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message lists what there is.</exception>
    public static Device OpenCL(int index = 0) => Open($"opencl:{index}");

    /// <summary>The CPU, on <paramref name="threads"/> threads; null means one for each core.</summary>
    /// <exception cref="ArgumentException"><paramref name="threads"/> is not positive.</exception>
    /// <exception cref="InvalidOperationException">The processor does not know the precision.</exception>
    public static Device Cpu(int? threads = null, Precision precision = Precision.Float32)
    {
        Require.Positive(threads ?? 1, "CPU threads");
        return OpenCpu(threads, precision);
    }

    internal static Device OpenCpu(int? threads, Precision precision) =>
        Create(NewContext(threads, gpus: false), static (context, device) => true, "cpu", precision);

    /// <summary>Opens <c>auto</c>, <c>cuda</c>, <c>cuda:1</c>, <c>opencl</c>, <c>opencl:0</c> or <c>cpu</c>.</summary>
    /// <exception cref="InvalidOperationException">
    /// The device is not there, and the message lists those that are; or it does not know the precision, and the message says which it knows.
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="name"/> is none of these.</exception>
    public static Device Open(string name, Precision precision = Precision.Float32) => OpenIn(name, precision, primaryContext: false);

    /// <summary>A name in small letters; in the place of <c>auto</c> the one that <c>SILC_DEVICE</c> says, if it says one.</summary>
    internal static string Meant(string name)
    {
        name = name.Trim().ToLowerInvariant();
        var wish = name == "auto" ? Environment.GetEnvironmentVariable(EnvironmentVariable) : null;
        return wish is { Length: > 0 } ? wish.Trim().ToLowerInvariant() : name;
    }

    /// <summary>The same, on CUDA in the GPU's primary context, where NCCL works.</summary>
    internal static Device OpenIn(string name, Precision precision, bool primaryContext)
    {
        name = Meant(name);
        if (name == "cpu") return OpenCpu(null, precision);
        var (kind, index) = name.Split(':') is [var k, var i] && int.TryParse(i, out var number) ? (k, number) : (name, 0);
        if (kind is not ("auto" or "cuda" or "opencl"))
            throw new ArgumentException($"no device '{name}'; say auto, cuda, cuda:N, opencl, opencl:N or cpu");

        var context = NewContext(cpuThreads: null, gpus: true);
        return Create(context, Wanted, name, precision, primaryContext: primaryContext);

        bool Wanted(Context all, ILGPU.Runtime.Device device)
        {
            var found = Describe(all, device);
            return kind == "auto"
                ? !IsTooOld(device) && (precision != Precision.Int8 || found.Kind == DeviceKind.Cpu)
                : string.Equals(found.Kind.ToString(), kind, StringComparison.OrdinalIgnoreCase) && found.Index == index;
        }
    }

    /// <summary>An OpenCL device that is taken for a GPU, whatever it is: tests run a GPU's kernels where there is none.</summary>
    internal static Device OpenAsGpu(int index) => Create(NewContext(cpuThreads: null, gpus: true),
        (all, device) => Describe(all, device) is { Kind: DeviceKind.OpenCL } found && found.Index == index,
        $"opencl:{index}", Precision.Float32, asGpu: true);

    static Device Create(Context context, Func<Context, ILGPU.Runtime.Device, bool> wanted, string name, Precision precision, bool asGpu = false,
        bool primaryContext = false)
    {
        try
        {
            var found = context.Devices.Where(device => wanted(context, device)).OrderBy(device => Rank(Describe(context, device))).FirstOrDefault()
                ?? throw new InvalidOperationException($"there is no device '{name}' here; there is: "
                    + string.Join(", ", context.Devices.Select(device => Describe(context, device)).OrderBy(Rank).Select(info => info.Id)));
            var info = Describe(context, found);
            if (IsTooOld(found))
                throw new InvalidOperationException(
                    $"{info.Id} ({info.Name}, {info.Capabilities}) is older than compute capability 7.5 (Turing), which this "
                    + "library's CUDA kernels are written for: choose another device with --device");
            if (!info.Precisions.Contains(precision))
                throw new InvalidOperationException(
                    $"{info.Id} ({info.Name}, {info.Capabilities}) multiplies in {Names(info.Precisions)} only, not in {Names([precision])}: "
                    + (precision != Precision.Int8 ? "choose that, or an NVIDIA GPU of compute capability 8.0 or newer"
                        : info.Kind == DeviceKind.Cpu ? "choose that: this processor has no AVX-VNNI" : "choose that, or --device cpu"));
            var accelerator = Accelerate(context, found, info);
            // Before the device has streams and memory.
            var primary = primaryContext && accelerator is CudaAccelerator gpu ? new PrimaryContext(gpu) : null;
            return new Device(context, accelerator, asGpu ? info with { IsProcessor = false } : info, precision) { primary = primary };
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    static Accelerator Accelerate(Context context, ILGPU.Runtime.Device found, DeviceInfo info)
    {
        try
        {
            return found is CPUDevice cpu ? cpu.CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel) : found.CreateAccelerator(context);
        }
        catch (AcceleratorException error)
        {
            throw new InvalidOperationException($"{info.Id} ({info.Name}) cannot be opened: {error.Message}. Another process may have it for itself, "
                + "or hold all of its memory: wait for it to end, or choose another device with --device", error);
        }
    }

    static bool IsTooOld(ILGPU.Runtime.Device device) =>
        device is CudaDevice { Architecture: var architecture } && architecture < CudaArchitecture.SM_75;

    static string Names(IEnumerable<Precision> precisions) => string.Join(", ", precisions).ToLowerInvariant();

    /// <summary>How kernels are compiled, on every device.</summary>
    internal static void Configure(Context.Builder builder)
    {
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).EnableAlgorithms();
        Instructions(builder);
    }

    /// <summary>Teaches ILGPU's compilers what each backend has beyond C#; set where the backends are known.</summary>
    internal static Action<Context.Builder> Instructions { get; set; } = static _ => { };

    // A block of the CPU accelerator is one thread (2 is the minimum that ILGPU takes), so that each core runs one block at a time.
    static Context NewContext(int? cpuThreads, bool gpus) => Context.Create(builder =>
    {
        Configure(builder);
        builder.CPU(new CPUDevice(2, 1, cpuThreads ?? Environment.ProcessorCount));
        if (!gpus) return;
        Try(() => builder.Cuda());
        Try(() => builder.OpenCL(Accept));
    });

    // A machine without the driver's library has no such device.
    static void Try(Action register)
    {
        try
        {
            register();
        }
        catch (Exception e) when (
            e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or NotSupportedException or AcceleratorException)
        {
        }
    }

    // PoCL before version 6 does not announce the generic address space and reports no warp size, yet runs every kernel of this
    // library, none of which mixes address spaces.
    static bool Accept(CLDevice device)
    {
        if (device.CLStdVersion < new CLCVersion(2, 0)) return false;
        if (!device.Capabilities.GenericAddressSpace && IsPocl(device)) SetGenericAddressSpace(device.Capabilities, true);
        if (device.WarpSize == 0) SetWarpSize(device, 1);
        return device.Capabilities.GenericAddressSpace;
    }

    static bool IsPocl(CLDevice device) => device.PlatformName.Contains("Portable Computing Language", StringComparison.Ordinal);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_GenericAddressSpace")]
    static extern void SetGenericAddressSpace(CLCapabilityContext capabilities, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_WarpSize")]
    static extern void SetWarpSize(ILGPU.Runtime.Device device, int value);

    static int Rank(DeviceInfo info) => info.Kind switch
    {
        DeviceKind.Cuda => 0,
        DeviceKind.OpenCL when !info.IsProcessor => 1,
        DeviceKind.Cpu => 2,
        _ => 3,
    } * 1000 + info.Index;

    static DeviceInfo Describe(Context context, ILGPU.Runtime.Device device) => device switch
    {
        CudaDevice cuda => new(DeviceKind.Cuda, context.GetCudaDevices().IndexOf(cuda), cuda.Name, cuda.MemorySize, cuda.NumMultiprocessors,
            $"sm_{cuda.Architecture?.Major}{cuda.Architecture?.Minor}, driver {cuda.DriverVersion}", false, cuda.Architecture?.Major >= 8),
        CLDevice cl => new(DeviceKind.OpenCL, context.GetCLDevices().IndexOf(cl), cl.Name, cl.MemorySize, cl.NumMultiprocessors,
            $"{cl.PlatformName} {cl.DeviceVersion}", cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU)),
        _ => new(DeviceKind.Cpu, 0, "CPU", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, device.NumMultiprocessors,
            $"{(Vector512.IsHardwareAccelerated ? 512 : Vector<byte>.Count * 8)}-bit SIMD", true),
    };
}

static class DeviceCollections
{
    public static int IndexOf<T>(this Context.DeviceCollection<T> devices, T device) where T : ILGPU.Runtime.Device
    {
        for (int i = 0; i < devices.Count; i++)
            if (ReferenceEquals(devices[i], device)) return i;
        return 0;
    }
}
