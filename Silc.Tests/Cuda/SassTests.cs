using System.Collections.Concurrent;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>
/// The main loops of products and attention as machine code: how many instructions there are for each matrix product. A table, for docs/cuda.md:
/// <c>dotnet test --filter "FullyQualifiedName~SassTests" --logger "console;verbosity=detailed"</c>.
/// </summary>
[TestClass]
public sealed class SassTests
{
    // Most instructions for each matrix product, or least share of multiply-adds.
    static readonly (string Name, Type Kernel, double Most)[] rows =
    [
        ("bf16, K-major x N-major", typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasEpilogue<Bf16Quads>, Bf16Stages3>), 2.6),
        ("bf16, K-major x K-major", typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasEpilogue<Bf16Quads>, Bf16Stages3>), 2.6),
        ("bf16, M-major x N-major", typeof(Bf16Gemm<Bf16MMajor, Bf16MMajor, BiasEpilogue<Float32Quads>, Bf16Stages3>), 2.6),
        ("bf16 of float32",
            typeof(TensorCoreGemm<Bf16Mma, KMajor<Bf16Mma>, MMajor<Bf16Mma>, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocks1Of256>), 5.5),
        ("tf32, K-major x K-major",
            typeof(TensorCoreGemm<Tf32Mma, KMajor<Tf32Mma>, KMajor<Tf32Mma>, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocks2Of256>), 5.5),
        ("tf32, M-major x N-major",
            typeof(TensorCoreGemm<Tf32Mma, MMajor<Tf32Mma>, MMajor<Tf32Mma>, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocks1Of256>), 0),
        ("float32, K-major x N-major", typeof(FloatGemm<FloatKMajor, FloatMMajor, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocksAny>), 0.72),
        ("float32, M-major x N-major", typeof(FloatGemm<FloatMMajor, FloatMMajor, VectorLoad, BiasEpilogue<Float32Quads>, MinBlocksAny>), 0.72),
        ("attention, 64 channels", typeof(Bf16Attention<Head64, TwoRowTiles, MinBlocks2>), 7),
        ("attention, 128 channels", typeof(Bf16Attention<Head128, OneRowTile, MinBlocks3>), 7),
        ("attention dQ, 64 channels", typeof(Bf16AttentionQueryGrad<Head64>), 5),
        ("attention dK dV, 64 channels", typeof(Bf16AttentionKeyGrad<Head64, MinBlocks3>), 5),
        ("attention tf32, 64 channels", typeof(TensorCoreAttention<Tf32Mma, Head64, VectorLoad, Float32Quads>), 0),
        ("attention dQ tf32, 64 channels", typeof(TensorCoreAttentionQueryGrad<Tf32Mma, Head64, VectorLoad, Float32Quads>), 0),
        ("attention dK dV tf32, 64 channels", typeof(TensorCoreAttentionKeyGrad<Tf32Mma, Head64, VectorLoad, Float32Quads>), 0),
        ("attention dQ, 128 channels", typeof(TensorCoreAttentionQueryGrad<Bf16Mma, Head128, Bf16Load, Bf16Quads>), 0),
        ("attention dK dV, 128 channels", typeof(TensorCoreAttentionKeyGrad<Bf16Mma, Head128, Bf16Load, Bf16Quads>), 0),
        ("wgmma, K-major x N-major", typeof(WgmmaGemm<Bf16KMajor, Bf16MMajor, NoOperand, BiasEpilogue<Bf16Quads>, WgmmaStages6>), 0),
    ];

    [TestMethod]
    public void Main_loops_have_few_instructions_beside_the_products()
    {
        var assembler = PtxAssembler.Get();
        var wrong = new List<string>();
        Console.WriteLine("| product | GPU | instructions | MMA or FFMA | each, or share | ldmatrix | cp.async | other memory | barriers |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, kernel, bound) in rows)
            foreach (var architecture in new[] { 80, 90 })
            {
                var text = PtxEmulator.TextOf(CudaArchitecture.SM_80, kernel);
                bool special = text.Contains(".target sm_90a", StringComparison.Ordinal);
                if (special && architecture != 90) continue;
                var result = assembler.Assemble(text, special ? "sm_90a" : $"sm_{architecture}");
                Assert.AreEqual(0, result.Error, result.Log);
                int trips = kernel.Name.StartsWith(nameof(FloatGemm<,,,,>), StringComparison.Ordinal) ? FloatGemmTile.TileK : 1;
                var loop = Sass.MainLoop(result.Cubin, architecture, trips);
                bool scalar = loop.Mma == 0;
                double ratio = scalar ? (double)loop.Fma / loop.Instructions : (double)loop.Instructions / loop.Mma;
                Console.WriteLine($"| {name} | sm_{architecture} | {loop.Instructions:N0} | {(scalar ? loop.Fma : loop.Mma):N0} "
                    + $"| {(scalar ? $"{ratio:P0}" : $"{ratio:F2}")} | {loop.LdMatrix} | {loop.CpAsync} | {loop.Memory} | {loop.Barriers} |");
                if (bound > 0 && (scalar ? ratio < bound : ratio > bound)) wrong.Add($"{name} on sm_{architecture}: {ratio:F3}, not {bound}: {loop}");
            }
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    // wgmma's kernels are PtxTextTests': this assembler ignores setmaxnreg, by which a consumer has 72 registers more.
    [TestMethod]
    [DataRow("sm_75", 7, 5), DataRow("sm_80", 8, 0), DataRow("sm_86", 8, 6), DataRow("sm_90", 9, 0), DataRow("sm_120", 12, 0)]
    public void What_is_launched_by_default_spills_nothing(string architecture, int major, int minor)
    {
        var assembler = PtxAssembler.Get();
        var source = major < 8 ? CudaArchitecture.SM_75 : CudaArchitecture.SM_80;
        var wrong = new ConcurrentBag<string>();
        var kernels = DefaultKernels.Of((major, minor)).Where(kernel => !kernel.Name.StartsWith("Wgmma", StringComparison.Ordinal)).ToArray();
        Assert.IsGreaterThan(major < 8 ? 20 : 80, kernels.Length);
        Parallel.ForEach(kernels, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, kernel =>
        {
            var result = assembler.Assemble(PtxEmulator.TextOf(source, kernel), architecture);
            if (result.Error != 0 || result.SpilledBytes > 0)
                wrong.Add($"{kernel}: error {result.Error}, {result.SpilledBytes} bytes spilled, {result.Registers} registers");
        });
        Console.WriteLine($"{kernels.Length} kernels for {architecture}");
        Assert.AreEqual(0, wrong.Count, $"{architecture}:\n{string.Join('\n', wrong.Order())}");
    }

    // So the targets of branches are read rightly: the assembler ends each kernel with a branch to itself, and no branch leaves the code.
    [TestMethod]
    public void Branches_lead_into_the_kernel_and_the_last_to_itself()
    {
        var assembler = PtxAssembler.Get();
        foreach (var architecture in new[] { 75, 80, 90, 120 })
        {
            var result = assembler.Assemble(PtxEmulator.TextOf(CudaArchitecture.SM_75, typeof(FillKernel<Pack1>)), $"sm_{architecture}");
            Assert.AreEqual(0, result.Error, result.Log);
            var branches = Sass.Branches(result.Cubin, architecture).ToArray();
            Assert.AreEqual(branches[^1].From, branches[^1].To, $"sm_{architecture}");
            Assert.IsTrue(branches.All(branch => branch.To >= 0 && branch.To <= branches[^1].From),
                $"sm_{architecture}: {string.Join(", ", branches)}");
        }
    }
}
