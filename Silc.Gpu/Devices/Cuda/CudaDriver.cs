using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Functions of the CUDA driver API that ILGPU does not wrap, with the API's names and arguments; the context is the one that ILGPU has
/// made current on this thread.
/// </summary>
static partial class CudaDriver
{
    const string Library = "cuda";

    static CudaDriver() => NativeLibrary.SetDllImportResolver(typeof(CudaDriver).Assembly, static (name, _, _) => name == Library ? Loaded() : 0);

    static nint Loaded()
    {
        foreach (var file in OperatingSystem.IsWindows() ? new[] { "nvcuda.dll" } : ["libcuda.so.1", "libcuda.so"])
            if (NativeLibrary.TryLoad(file, out var library)) return library;
        return 0;
    }

    // CUDA_ERROR_ECC_UNCORRECTABLE, and from CUDA_ERROR_ILLEGAL_ADDRESS to CUDA_ERROR_LAUNCH_FAILED: every later call of this process fails, too.
    const int UncorrectableMemory = 214, IllegalAddress = 700, LaunchFailed = 719;

    public static void Check(int error, string what)
    {
        if (error == 0) return;
        var name = cuGetErrorName(error, out var text) == 0 ? Marshal.PtrToStringUTF8(text) : $"error {error}";
        throw error is UncorrectableMemory or >= IllegalAddress and <= LaunchFailed
            ? Lost($"{name} ({what})")
            : new InvalidOperationException($"NVIDIA's driver answered {name} to {what}");
    }

    /// <summary>A kernel failed, and with it everything that this process has on the GPU.</summary>
    public static InvalidOperationException Lost(string error) =>
        new($"a kernel failed on the GPU, which is lost to this process: {error}. Checkpoints on disk "
        + "are whole: silc train --resume goes on from the newest; if it happens again, look at the GPU's health with nvidia-smi");

    [LibraryImport(Library)]
    private static partial int cuGetErrorName(int error, out nint name);

    /// <summary>CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES</summary>
    public const int MaxDynamicSharedBytes = 8;

    /// <summary>CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES and CU_FUNC_ATTRIBUTE_NUM_REGS</summary>
    public const int LocalBytes = 3, Registers = 4;

    /// <summary>CU_JIT_INFO_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER, and for each the option that has its size in bytes</summary>
    public const int JitInfoLog = 3, JitInfoLogBytes = 4, JitErrorLog = 5, JitErrorLogBytes = 6;

    [LibraryImport(Library)]
    public static unsafe partial int cuModuleLoadDataEx(out nint module, byte* image, uint count, int* options, void** values);

    [LibraryImport(Library)]
    public static partial int cuModuleUnload(nint module);

    [LibraryImport(Library)]
    public static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    public static partial int cuFuncGetAttribute(out int value, int attribute, nint function);

    [LibraryImport(Library)]
    public static unsafe partial int cuLaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint sharedBytes, nint stream, void** parameters, void** extra);

    [LibraryImport(Library)]
    public static unsafe partial int cuTensorMapEncodeTiled(TensorMap* map, int type, uint rank, void* address, ulong* sizes,
        ulong* strides, uint* box,
        uint* elementStrides, int interleave, int swizzle, int promotion, int fill);

    [LibraryImport(Library, EntryPoint = "cuStreamBeginCapture_v2")]
    public static partial int cuStreamBeginCapture(nint stream, int mode);

    [LibraryImport(Library)]
    public static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library)]
    public static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport(Library)]
    public static partial int cuGraphLaunch(nint executable, nint stream);

    [LibraryImport(Library)]
    public static partial int cuGraphDestroy(nint graph);

    [LibraryImport(Library)]
    public static partial int cuGraphExecDestroy(nint executable);

    [LibraryImport(Library)]
    public static partial int cuEventCreate(out nint created, uint flags);

    [LibraryImport(Library)]
    public static partial int cuEventRecord(nint recorded, nint stream);

    /// <summary>For <see cref="cuEventCreate"/>: such an event costs the device less.</summary>
    public const uint WithoutTiming = 2;

    [LibraryImport(Library)]
    public static partial int cuStreamWaitEvent(nint stream, nint awaited, uint flags);

    [LibraryImport(Library)]
    public static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static partial int cuDevicePrimaryCtxRelease(int device);

    [LibraryImport(Library)]
    public static partial int cuCtxSetCurrent(nint context);

    [LibraryImport(Library)]
    public static partial int cuEventQuery(nint recorded);

    [LibraryImport(Library)]
    public static partial int cuEventSynchronize(nint awaited);

    [LibraryImport(Library)]
    public static partial int cuEventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    public static partial int cuEventDestroy(nint destroyed);
}
