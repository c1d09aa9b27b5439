using System.Reflection;
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
    // CUDA kernels that use tensor cores: every type argument at least once.
    static readonly Type[] tensorKernels =
    [
        typeof(TensorCoreGemm<Bf16Mma, KMajor<Bf16Mma>, MMajor<Bf16Mma>, VectorLoad, BiasGeluEpilogue<Float32Quads, TanhGelu>, MinBlocks1Of256>),
        typeof(TensorCoreGemm<Bf16Mma, KMajor<Bf16Mma>, KMajor<Bf16Mma>, VectorLoad, BiasGeluGradEpilogue<Bf16Quads, TanhGelu>, MinBlocks1Of256>),
        typeof(TensorCoreGemm<Bf16Mma, MMajor<Bf16Mma>, MMajor<Bf16Mma>, ScalarLoad, BiasEpilogue<Float32Quads>, MinBlocks1Of256>),
        typeof(TensorCoreGemm<Tf32Mma, KMajor<Tf32Mma>, KMajor<Tf32Mma>, ScalarLoad, BiasEpilogue<Float32Quads>, MinBlocks1Of256>),
        typeof(TensorCoreGemm<Tf32Mma, KMajor<Tf32Mma>, MMajor<Tf32Mma>, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocks2Of256>),
        typeof(TensorCoreGemm<Tf32Mma, MMajor<Tf32Mma>, MMajor<Tf32Mma>, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocks1Of256>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasGeluEpilogue<Bf16Quads, TanhGelu>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasGeluGradEpilogue<Bf16Quads, TanhGelu>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasGeluGradEpilogue<Bf16Quads, ErfGelu>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasGeluEpilogue<Bf16Quads, QuickGelu>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasEpilogue<Bf16Quads>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasEpilogue<Float32Quads>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasEpilogue<Bf16Quads>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasEpilogue<Float32Quads>, Bf16Stages3>),
        typeof(Bf16Gemm<Bf16MMajor, Bf16MMajor, BiasEpilogue<Float32Quads>, Bf16Stages3>),
        .. from kernel in (Type[])[
               typeof(TensorCoreAttention<,,,>), typeof(TensorCoreAttentionQueryGrad<,,,>), typeof(TensorCoreAttentionKeyGrad<,,,>)]
           from arguments in new Type[][]
           {
               [typeof(Tf32Mma), typeof(Head32), typeof(ScalarLoad), typeof(Float32Quads)],
               [typeof(Bf16Mma), typeof(Head64), typeof(VectorLoad), typeof(Float32Quads)],
               [typeof(Tf32Mma), typeof(Head80), typeof(VectorLoad), typeof(Float32Quads)],
               [typeof(Bf16Mma), typeof(Head128), typeof(VectorLoad), typeof(Float32Quads)],
           }
           select kernel.MakeGenericType(arguments),
        typeof(Bf16Attention<Head32, OneRowTile, MinBlocks4>), typeof(Bf16Attention<Head32, TwoRowTiles, MinBlocks2>),
        typeof(Bf16Attention<Head64, OneRowTile, MinBlocks4>),
        typeof(Bf16Attention<Head64, TwoRowTiles, MinBlocks2>), typeof(Bf16Attention<Head80, OneRowTile, MinBlocks3>),
        typeof(Bf16Attention<Head128, OneRowTile, MinBlocks3>),
        typeof(Bf16AttentionQueryGrad<Head32>), typeof(Bf16AttentionQueryGrad<Head64>), typeof(Bf16AttentionQueryGrad<Head80>),
        typeof(Bf16AttentionKeyGrad<Head32, MinBlocks4>), typeof(Bf16AttentionKeyGrad<Head64, MinBlocks3>),
        typeof(Bf16AttentionKeyGrad<Head80, MinBlocks2>),
        typeof(Bf16AttentionGrad<Head32, MinBlocksAny>), typeof(Bf16AttentionGrad<Head64, MinBlocks3>),
        typeof(TensorCoreAttentionQueryGrad<Bf16Mma, Head128, Bf16Load, Bf16Quads>),
        typeof(TensorCoreAttentionKeyGrad<Bf16Mma, Head128, Bf16Load, Bf16Quads>),
    ];

    // Other CUDA kernels with bf16, which GPUs before compute capability 8.0 do not have.
    static readonly Type[] bf16Kernels =
    [
        typeof(CudaLayerNorm<Bf16Quads>), typeof(CudaLayerNormGrad<Bf16Quads, Bf16Quads>), typeof(CudaLayerNormGrad<Bf16Quads, NoQuads>),
        typeof(CudaLayerNormGrad<Float32Quads, Bf16Quads>), typeof(CudaSumRows<Bf16Load>), typeof(LinearGradSums<Bf16Load>),
        typeof(AttentionDelta<Bf16Load>), typeof(Bf16Patches), typeof(AdamWBf16Copy), typeof(RoundWeightsToBf16),
        typeof(ConvertKernel<UnalignedQuads, Bf16Quads>), typeof(ConvertKernel<Bf16Quads, UnalignedQuads>),
        typeof(ConvertKernel<Bf16Quads, Bf16Quads>),
    ];

    static readonly Type[] floatKernels =
    [
        typeof(FloatGemm<FloatKMajor, FloatMMajor, VectorLoad, BiasGeluEpilogue<Float32Quads, TanhGelu>, MinBlocksAny>),
        typeof(FloatGemm<FloatKMajor, FloatKMajor, ScalarLoad, BiasGeluGradEpilogue<Float32Quads, TanhGelu>, MinBlocksAny>),
        typeof(FloatGemm<FloatMMajor, FloatMMajor, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocksAny>),
        typeof(CudaLayerNorm<Float32Quads>), typeof(CudaLayerNormGrad<Float32Quads, NoQuads>), typeof(CudaSumRows<VectorLoad>),
        typeof(LinearGradSums<VectorLoad>),
        typeof(SplitKReduce<VectorLoad>), typeof(SplitKReduce<ScalarLoad>),
        typeof(AttentionDelta<VectorLoad>), typeof(AttentionDelta<ScalarLoad>),
    ];

    // Compute capability 9.0 only.
    internal static readonly Type[] wgmmaKernels =
    [
        typeof(WgmmaGemm<Bf16KMajor, Bf16MMajor, NoOperand, BiasGeluEpilogue<Bf16Quads, TanhGelu>, WgmmaStages6>),
        typeof(WgmmaGemm<Bf16KMajor, Bf16KMajor, Bf16Operand, BiasGeluGradEpilogue<Bf16Quads, TanhGelu>, WgmmaStages6>),
        typeof(WgmmaGemm<Bf16KMajor, Bf16KMajor, NoOperand, BiasEpilogue<Bf16Quads>, WgmmaStages6>),
        typeof(WgmmaGemm<Bf16KMajor, Bf16MMajor, Float32Operand, BiasEpilogue<Float32Quads>, WgmmaStages6>),
        typeof(WgmmaGemm<Bf16MMajor, Bf16MMajor, NoOperand, BiasEpilogue<Float32Quads>, WgmmaStages6>),
    ];

    // Kernels of OpenCL processors.
    static readonly Type[] tileKernels =
    [
        .. from kernel in new[] { typeof(ClGemm<>), typeof(ClAttention<>) }
           from tile in new[] { typeof(ClTile12x32), typeof(ClTile6x16) }
           select kernel.MakeGenericType(tile),
        .. ClFamilies.All.Select(family => family.Merged),
    ];

    // Every kernel of the library, those for all devices with one float a thread.
    static IEnumerable<Type> Kernels => typeof(IKernel).Assembly.GetTypes()
        .Where(type => type.IsValueType && typeof(IKernel).IsAssignableFrom(type))
        .SelectMany(type => !type.IsGenericTypeDefinition ? [type]
            : tensorKernels.Concat(bf16Kernels).Concat(floatKernels).Concat(wgmmaKernels).Concat(tileKernels)
                .Where(kernel => kernel.IsGenericType && kernel.GetGenericTypeDefinition() == type) is var known && known.Any() ? known
            : [type.MakeGenericType(typeof(Pack1)), type.MakeGenericType(typeof(Pack4)), type.MakeGenericType(typeof(Pack16))]);

    static bool IsVectorized(Type kernel) => kernel.IsGenericType && kernel.GetGenericArguments()[0] == typeof(Pack4);

    // True for kernels of OpenCL processors, which use vectors (Float32x16).
    static bool HasVectors(Type kernel) => tileKernels.Contains(kernel)
        || (kernel.IsGenericType && kernel.GetGenericArguments()[0] == typeof(Pack16));

    /// <summary>
    /// The kernels that are compiled for an architecture of CUDA: GPUs without tensor cores never meet theirs, and from SM_86 on ILGPU writes the
    /// same text as for SM_80, so that one of each is enough.
    /// </summary>
    internal static IEnumerable<Type> KernelsFor(string architecture)
    {
        var left = architecture switch
        {
            "SM_75" => [],
            "SM_90" => tensorKernels.DistinctBy(kernel => kernel.GetGenericTypeDefinition()),
            _ => tensorKernels,
        };
        return Kernels.Where(kernel => !IsForTheCpu(kernel) && !HasVectors(kernel) && (!tensorKernels.Contains(kernel) || left.Contains(kernel))
            && (architecture != "SM_75" || !(bf16Kernels.Contains(kernel) || wgmmaKernels.Contains(kernel)))
            && (architecture == "SM_80" || !IsVectorized(kernel)));
    }

    // ILGPU's front end does not look into intrinsics: such a kernel is host code behind a launcher.
    static bool IsForTheCpu(Type kernel) => kernel
        .GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Any(method => method.IsDefined(typeof(IntrinsicImplementationAttribute)));

    [TestMethod]
    [DataRow("SM_75"), DataRow("SM_80"), DataRow("SM_90", DisplayName = "Every_kernel_compiles_to_PTX (SM_90, whose text is that of SM_80)")]
    public void Every_kernel_compiles_to_PTX(string architecture)
    {
        var target = (CudaArchitecture)typeof(CudaArchitecture).GetField(architecture)!.GetValue(null)!;
        // The emulator and the assembler take the same texts and need not compile them again.
        foreach (var (kernel, ptx) in KernelsFor(architecture).AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount)
            .Select(kernel => (kernel, Compiled(kernel, () => PtxEmulator.TextOf(target, kernel)))))
        {
            StringAssert.Contains(ptx, ".target sm_", kernel.Name);
            StringAssert.Contains(ptx, ".visible .entry", kernel.Name);
            // OpenCL drops inline PTX without a word, so a kernel for every device must not have any.
            if (BackendOf(kernel) != DeviceKind.Cuda)
            {
                Assert.IsFalse(ptx.Contains("mma.", StringComparison.Ordinal), $"{kernel.Name} has matrix instructions");
                if (IsVectorized(kernel)) StringAssert.Contains(ptx, ".global.v4.f32", kernel.Name);
            }
            else
            {
                // Local memory is device memory: no kernel may spill to it in its main loop.
                Assert.IsFalse(ptx.Contains(".local", StringComparison.Ordinal), $"{kernel} has local memory");
                Assert.IsFalse(ptx.Contains("call", StringComparison.Ordinal), $"{kernel} calls functions");
                Assert.AreEqual(tensorKernels.Contains(kernel), ptx.Contains("mma.sync", StringComparison.Ordinal), $"{kernel}: matrix instructions");
                var program = new PtxProgram(ptx);
                Assert.IsTrue(program.SharedBytes <= 48 << 10,
                    $"{kernel} has {program.SharedBytes} bytes of shared memory, 49152 is what every GPU gives");
                if (architecture == "SM_75")
                    foreach (var newer in new[] { "ldmatrix", "bf16", "tf32", "cp.async" })
                        Assert.IsFalse(program.Code.Any(code => code.Text.Contains(newer, StringComparison.Ordinal)), $"{kernel} has {newer}");
            }
        }
    }

    // By what their code reaches, wherever it lies: OpenCL drops inline PTX without a word. Pack4 is the pack of CUDA alone.
    [TestMethod]
    public void Kernels_with_inline_PTX_are_marked_for_CUDA()
    {
        var withPtx = Kernels.Where(kernel => MethodCode.Reached(kernel.GetMethod(nameof(IKernel.Execute))!)
            .Any(method => method.IsDefined(typeof(InstructionAttribute)))).ToHashSet();
        foreach (var kernel in withPtx.Where(kernel => !IsVectorized(kernel)))
            Assert.AreEqual(DeviceKind.Cuda, BackendOf(kernel), $"{kernel} has inline PTX, which OpenCL drops");
        foreach (var kernel in tensorKernels) Assert.Contains(kernel, withPtx, "the walk through the code has missed the instructions of a kernel");
    }

    [TestMethod]
    public void Every_kernel_compiles_to_OpenCL()
    {
        using var context = NewContext();
        var capabilities = new CLCapabilityContext(true, true, true, true, true);
        using var backend = new CLBackend(context, capabilities, CLDeviceVendor.Other, new CLCVersion(2, 0));
        foreach (var kernel in Kernels.Where(kernel => !IsForTheCpu(kernel) && !IsVectorized(kernel) && BackendOf(kernel) != DeviceKind.Cuda))
        {
            var compiled = (CLCompiledKernel)Compile(backend, kernel);
            StringAssert.Contains(compiled.Source, "kernel void", kernel.Name);
            // "double" in OpenCL text is a vector (Float32x16); kernels without vectors must not have the word.
            if (!HasVectors(kernel)) Assert.IsFalse(Double().IsMatch(compiled.Source), $"{kernel} has doubles");
            else
            {
                StringAssert.Contains(compiled.Source, "SILC_", kernel.Name);
                Assert.IsFalse(compiled.Source.Contains("(double)", StringComparison.Ordinal), $"{kernel} converts vectors");
            }
        }
    }

    [TestMethod]
    public void Vectors_of_OpenCL_are_refused_elsewhere()
    {
        using var context = NewContext();
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null!);
        foreach (var kernel in new[] { typeof(ClGemm<ClTile12x32>), typeof(FillKernel<Pack16>) })
            StringAssert.Contains(Assert.ThrowsExactly<AssertFailedException>(() => Compile(backend, kernel)).Message,
                "does not compile", kernel.Name);
    }

    [TestMethod]
    public void Kernels_for_the_CPU_are_marked_so()
    {
        foreach (var kernel in Kernels)
            Assert.AreEqual(BackendOf(kernel) == DeviceKind.Cpu, IsForTheCpu(kernel),
                $"{kernel.Name} is marked for {BackendOf(kernel)?.ToString() ?? "every backend"}");
        Assert.IsTrue(Kernels.Count() > 30);
    }

    static Context NewContext() => Context.Create(Device.Configure);

    static CompiledKernel Compile(Backend backend, Type kernel)
    {
        var entry = typeof(Device.Entry).GetMethod(nameof(Device.Entry.Run))!.MakeGenericMethod(kernel);
        return Compiled(kernel, () => backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), new KernelSpecialization()));
    }

    static T Compiled<T>(Type kernel, Func<T> compile)
    {
        try
        {
            return compile();
        }
        catch (Exception e) when (e is not UnitTestAssertException)
        {
            throw new AssertFailedException($"{kernel} does not compile: {e.GetBaseException().Message}", e);
        }
    }

    // Null for every backend.
    static DeviceKind? BackendOf(Type kernel) => kernel.GetCustomAttribute<KernelAttribute>()?.Backend;

    [GeneratedRegex(@"\bdouble\b")]
    private static partial Regex Double();
}
