using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Silc.Tests;

/// <summary>Every kernel must compile for CUDA and for OpenCL; neither needs a GPU.</summary>
[TestClass]
public sealed partial class KernelCompilationTests
{
    // Every kernel of the library, generic ones with one float a thread.
    static IEnumerable<Type> Kernels => typeof(IKernel).Assembly.GetTypes()
        .Where(type => type.IsValueType && typeof(IKernel).IsAssignableFrom(type))
        .Select(type => type.IsGenericTypeDefinition ? type.MakeGenericType(typeof(One)) : type);

    // ILGPU's front end does not look into intrinsics: such a kernel is host code behind a launcher.
    static bool IsForTheCpu(Type kernel) => kernel
        .GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Any(method => method.IsDefined(typeof(IntrinsicImplementationAttribute)));

    [TestMethod]
    [DataRow("SM_75"), DataRow("SM_80"), DataRow("SM_90")]
    public void Every_kernel_compiles_to_PTX(string architecture)
    {
        using var context = NewContext();
        var field = typeof(CudaArchitecture).GetField(architecture)!;
        using var backend = new PTXBackend(context, (CudaArchitecture)field.GetValue(null)!, CudaInstructionSet.ISA_80, null!);
        var declaredFor = Folders();
        foreach (var kernel in Kernels.Where(kernel => !IsForTheCpu(kernel)))
        {
            var ptx = ((PTXCompiledKernel)Compile(backend, kernel)).PTXAssembly;
            StringAssert.Contains(ptx, ".target sm_", kernel.Name);
            StringAssert.Contains(ptx, ".visible .entry", kernel.Name);
            // OpenCL drops inline PTX without a word, so a kernel for every device must not have any.
            if (declaredFor[PlainName(kernel)] != "Cuda")
                Assert.IsFalse(ptx.Contains("mma.", StringComparison.Ordinal), $"{kernel.Name} has matrix instructions");
        }
    }

    [TestMethod]
    public void Every_kernel_compiles_to_OpenCL()
    {
        using var context = NewContext();
        var capabilities = new CLCapabilityContext(true, true, true, true, true);
        using var backend = new CLBackend(context, capabilities, CLDeviceVendor.Other, new CLCVersion(2, 0));
        var declaredFor = Folders();
        foreach (var kernel in Kernels.Where(kernel => !IsForTheCpu(kernel) && declaredFor[PlainName(kernel)] != "Cuda"))
            StringAssert.Contains(((CLCompiledKernel)Compile(backend, kernel)).Source, "kernel void", kernel.Name);
    }

    [TestMethod]
    public void Kernels_for_the_CPU_are_those_in_its_folder()
    {
        var declaredFor = Folders();
        foreach (var kernel in Kernels)
        {
            var folder = declaredFor[PlainName(kernel)];
            Assert.AreEqual(folder == "Cpu", IsForTheCpu(kernel), $"{kernel.Name} is declared in {folder}");
        }
        Assert.IsTrue(Kernels.Count() > 30);
    }

    // As Device makes it.
    static Context NewContext() => Context.Create(builder =>
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).EnableAlgorithms());

    static CompiledKernel Compile(Backend backend, Type kernel)
    {
        var entry = typeof(Device.Entry).GetMethod(nameof(Device.Entry.Run))!.MakeGenericMethod(kernel);
        try
        {
            return backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), new KernelSpecialization());
        }
        catch (Exception e) when (e is not UnitTestAssertException)
        {
            throw new AssertFailedException($"{kernel} does not compile: {e.GetBaseException().Message}", e);
        }
    }

    static string PlainName(Type type) => type.Name.Split('`')[0];

    // Which folder of Silc.Gpu declares each struct, from its source.
    static Dictionary<string, string> Folders([CallerFilePath] string here = "")
    {
        var root = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Silc.Gpu");
        return (from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                let folder = Path.GetFileName(Path.GetDirectoryName(file))!
                where !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                from Match match in StructName().Matches(File.ReadAllText(file))
                select (Name: match.Groups[1].Value, folder)).ToDictionary(found => found.Name, found => found.folder);
    }

    [GeneratedRegex(@"\bstruct (\w+)")]
    private static partial Regex StructName();
}
