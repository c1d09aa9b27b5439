using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Silc;

/// <summary>
/// Several kernels in one OpenCL program. ILGPU would build a program for each: it is given an empty one, the same for all, and then
/// the kernel of the program that counts.
/// </summary>
sealed partial class ClProgram
{
    readonly CLAccelerator accelerator;
    readonly CLCompiledKernel[] kernels;
    readonly IntPtr program;

    public ClProgram(CLAccelerator accelerator, CLCompiledKernel[] kernels)
    {
        (this.accelerator, this.kernels) = (accelerator, kernels);
        var text = ClSource.For(kernels.Select((kernel, i) => Names().Replace(kernel.Source, name => $"{name.Value}_{i}")));
        CLException.ThrowIfFailed(CLAPI.CurrentAPI.CreateProgram(accelerator.NativePtr, text, out program));
        if (CLAPI.CurrentAPI.BuildProgram(program, accelerator.DeviceId, $"-cl-std={kernels[0].CVersion}") is var error && error == CLError.CL_SUCCESS) return;
        CLAPI.CurrentAPI.GetProgramBuildLog(program, accelerator.DeviceId, out var log);
        throw new InvalidOperationException($"the OpenCL driver refuses {kernels.Length} kernels ({error}): {log}");
    }

    public Kernel Load(int number)
    {
        var compiled = kernels[number];
        CLException.ThrowIfFailed(CLAPI.CurrentAPI.CreateKernel(program, $"{compiled.Name}_{number}", out var pointer));
        Text(compiled) = $"kernel void {compiled.Name}() {{}}";
        var kernel = (CLKernel)accelerator.LoadKernel(compiled);
        CLException.ThrowIfFailed(CLAPI.CurrentAPI.ReleaseKernel(Pointer(kernel)));
        Pointer(kernel) = pointer;
        return kernel;
    }

    // Every kernel is called the same, and so may its types be.
    [GeneratedRegex(@"\b(Kernel_Run|type_\d+(_kernel)?)\b")]
    private static partial Regex Names();

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<Source>k__BackingField")]
    static extern ref string Text(CLCompiledKernel kernel);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "kernelPtr")]
    static extern ref IntPtr Pointer(CLKernel kernel);
}
