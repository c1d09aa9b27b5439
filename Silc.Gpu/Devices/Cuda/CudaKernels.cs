using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// Compiles, loads and launches kernels on an NVIDIA GPU, all on one stream of their own, because the default stream cannot be captured into a
/// graph. Kernels whose fields are plain numbers are launched by the driver API directly; the others, which hold views, by ILGPU's launcher.
/// </summary>
sealed class CudaKernels(CudaAccelerator accelerator) : IDisposable
{
    readonly Dictionary<Type, Kernel> kernels = [];
    readonly Dictionary<Type, Delegate> launchers = [];
    readonly HashSet<Type> grown = [];

    /// <summary>Where every launch of the device goes.</summary>
    public CudaStream Stream { get; } = (CudaStream)accelerator.CreateStream();

    public unsafe void Launch<TKernel>(int blocks, int threads, int dynamicBytes, TKernel kernel) where TKernel : struct, IKernel
    {
        accelerator.Bind();     // tests call this without the device's lock
        var loaded = Loaded(typeof(TKernel));
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TKernel>())
        {
            if (!launchers.TryGetValue(typeof(TKernel), out var launcher))
                launchers[typeof(TKernel)] = launcher = loaded.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
            ((Action<AcceleratorStream, KernelConfig, TKernel>)launcher)(Stream, new(blocks, threads), kernel);
            return;
        }
        var function = ((CudaKernel)loaded).FunctionPtr;
        if (dynamicBytes > StaticLimit && grown.Add(typeof(TKernel)))
            CudaDriver.Check(CudaDriver.cuFuncSetAttribute(function, CudaDriver.MaxDynamicSharedBytes, dynamicBytes),
                $"{dynamicBytes} bytes of shared memory");
        void* argument = Unsafe.AsPointer(ref kernel);
        CudaDriver.Check(CudaDriver.cuLaunchKernel(function, (uint)blocks, 1, 1, (uint)threads, 1, 1, (uint)dynamicBytes,
            Stream.StreamPtr, &argument, null),
            typeof(TKernel).Name);
    }

    // Shared memory that a launch may use without an attribute.
    const int StaticLimit = 48 << 10;

    /// <summary>Registers and local memory of a thread, as the driver allocated them; a kernel that was not launched is loaded for it.</summary>
    public (int Registers, int LocalBytes) SizeOf(Type kernel)
    {
        accelerator.Bind();
        var function = ((CudaKernel)Loaded(kernel)).FunctionPtr;
        CudaDriver.Check(CudaDriver.cuFuncGetAttribute(out var registers, CudaDriver.Registers, function), "registers");
        CudaDriver.Check(CudaDriver.cuFuncGetAttribute(out var localBytes, CudaDriver.LocalBytes, function), "local memory");
        return (registers, localBytes);
    }

    Kernel Loaded(Type kernel)
    {
        if (!kernels.TryGetValue(kernel, out var loaded)) kernels[kernel] = loaded = Load(kernel);
        return loaded;
    }

    Kernel Load(Type kernel)
    {
        var entry = typeof(Device.Entry).GetMethod(nameof(Device.Entry.Run))!.MakeGenericMethod(kernel);
        var compiled = (PTXCompiledKernel)accelerator.Backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), default);
        Text(compiled) = CudaText.Of(compiled.PTXAssembly, kernel);
        try
        {
            return accelerator.LoadKernel(compiled);
        }
        catch (AcceleratorException)
        {
            var (answer, log) = AssemblerLog.Of(compiled.PTXAssembly);
            CudaDriver.Check(answer, $"the kernel {KernelName.Of(kernel)}: install a newer driver, or choose another device with --device. Its "
                + $"assembler says: {log}");
            throw;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<PTXAssembly>k__BackingField")]
    static extern ref string Text(PTXCompiledKernel kernel);

    public void Dispose() => Stream.Dispose();
}
