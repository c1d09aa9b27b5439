using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Silc;

/// <summary>
/// Several kernels in one OpenCL program. ILGPU builds a program for each kernel, so it is given an empty program, the same for all, and
/// then the kernel of the shared program.
/// </summary>
sealed partial class ClProgram : IDisposable
{
    readonly CLAccelerator accelerator;
    readonly CLCompiledKernel[] kernels;
    readonly IntPtr program;

    public ClProgram(CLAccelerator accelerator, CLCompiledKernel[] kernels)
    {
        (this.accelerator, this.kernels) = (accelerator, kernels);
        var text = ClSource.For(kernels.Select((kernel, i) => WithNames(kernel.Source, i)));
        CLException.ThrowIfFailed(CLAPI.CurrentAPI.CreateProgram(accelerator.NativePtr, text, out program));
        // ILGPU writes -1 as 4294967295, of which the compiler would warn on the console.
        var error = CLAPI.CurrentAPI.BuildProgram(program, accelerator.DeviceId, $"-cl-std={kernels[0].CVersion} -w");
        if (error == CLError.CL_SUCCESS) return;
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

    /// <summary>Frees the program; its kernels keep what they need.</summary>
    public void Dispose() => CLAPI.CurrentAPI.ReleaseProgram(program);

    // Every kernel is called the same, and ILGPU numbers types and labels as they come on all threads: names of their own,
    // the same in every run, let the driver find the program in its cache.
    static string WithNames(string source, int kernel)
    {
        Dictionary<string, string> names = [];
        return Names().Replace(source, match =>
        {
            if (match.Value == "Kernel_Run") return $"{match.Value}_{kernel}";
            if (!names.TryGetValue(match.Value, out var name))
                names[match.Value] = name = $"{match.Value[0]}{kernel}_{names.Count}";
            return name;
        });
    }

    [GeneratedRegex(@"\b(Kernel_Run|type_\d+(_kernel)?|L_\d+)\b")]
    private static partial Regex Names();

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<Source>k__BackingField")]
    static extern ref string Text(CLCompiledKernel kernel);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "kernelPtr")]
    static extern ref IntPtr Pointer(CLKernel kernel);
}
