using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>The PTX of CUDA kernels: analysed, and assembled where NVIDIA's assembler is available.</summary>
[TestClass]
public sealed partial class PtxTextTests
{
    // Without a limit the pool adds threads while these work, and with them ILGPU's contexts.
    static readonly ParallelOptions threads = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    // Registers of a multiprocessor, and of a thread at most.
    const int Registers = 65536, OfThread = 255;

    [TestMethod]
    [DataRow("sm_75"), DataRow("sm_80"), DataRow("sm_86"), DataRow("sm_90"), DataRow("sm_120")]
    public void Every_kernel_assembles_and_fits_into_registers(string architecture)
    {
        var assembler = PtxAssembler.Get();
        var (name, target) = architecture == "sm_75" ? ("SM_75", CudaArchitecture.SM_75) : ("SM_80", CudaArchitecture.SM_80);
        var wrong = new ConcurrentBag<string>();
        Parallel.ForEach(KernelCompilationTests.KernelsFor(name), threads, kernel =>
        {
            var text = TextOf(target, kernel);
            if (SpecialTarget().Match(text) is { Success: true } special && special.Groups[1].Value != architecture) return;
            var result = assembler.Assemble(text, SpecialTarget().IsMatch(text) ? $"{architecture}a" : architecture);
            // Registers are allocated to a warp in units of 256: 8 a lane.
            int taken = (result.Registers + 7) / 8 * 8 * ThreadsOf(kernel, text);
            if (result.Error != 0) wrong.Add($"{kernel}: error {result.Error}\n{result.Log}");
            else if (result.SpilledBytes > MaySpill(kernel, architecture))
                wrong.Add($"{kernel}: {result.SpilledBytes} bytes spilled, {result.Registers} registers");
            else if (result.Registers > OfThread || taken > Registers)
                wrong.Add($"{kernel}: {result.Registers} registers for {ThreadsOf(kernel, text)} threads");
        });
        Assert.AreEqual(0, wrong.Count, $"{architecture}:\n{string.Join('\n', wrong.Order())}");
    }

    // ILGPU's CodePlacement pass sinks them into loops; PtxPlacement removes the pass.
    // The assembler says so where it cannot keep a wgmma asynchronous. C7504: setmaxnreg is ignored, as libnvJitLink always does, because
    // it may link the kernel with others.
    [TestMethod]
    public void Wgmma_stays_asynchronous()
    {
        var assembler = PtxAssembler.Get();
        var wrong = from kernel in KernelCompilationTests.wgmmaKernels.AsParallel().AsOrdered()
                    let text = TextOf(CudaArchitecture.SM_80, kernel)
                    let log = assembler.Assemble(text, "sm_90a").Log.Replace("(C7504)", "", StringComparison.Ordinal)
                    where text.Contains(".func", StringComparison.Ordinal) || log.Contains("(C", StringComparison.Ordinal)
                    select $"{kernel}: {log}";
        Assert.AreEqual("", string.Join('\n', wrong));
    }

    [TestMethod]
    public void Loops_do_not_repeat_divisions_and_roots()
    {
        var wrong = from kernel in KernelCompilationTests.KernelsFor("SM_80").AsParallel().AsOrdered()
                    from instruction in PtxLoops.Repeated(new PtxProgram(TextOf(CudaArchitecture.SM_80, kernel)))
                    select $"{kernel}: {instruction}";
        Assert.AreEqual("", string.Join('\n', wrong));
    }

    [TestMethod]
    public void What_a_loop_repeats_is_found()
    {
        // Blocks in ILGPU's order: the last one goes back to the first, which ends the kernel, and is no loop.
        const string Text = """
            .visible .entry Kernel( .param .align 8 .b8 kernel[8] )
            {
                ld.param.b32 %r1, [kernel+0];
                mov.b32 %r2, 0;
                bra.uni L_2;
                L_1:
                ret;
                L_2:
                setp.ge.s32 %p1, %r2, %r1;
                @%p1 bra L_3;
                div.s32 %r3, %r1, 7;
                add.s32 %r4, %r3, 1;
                rem.s32 %r5, %r4, %r1;
                div.s32 %r6, %r2, %r1;
                add.s32 %r7, %r2, 1;
                mov.b32 %r2, %r7;
                bra.uni L_2;
                L_3:
                div.s32 %r8, %r1, 5;
                bra.uni L_1;
            }
            """;
        CollectionAssert.AreEqual(new[] { "div.s32 %r3, %r1, 7", "rem.s32 %r5, %r4, %r1" }, PtxLoops.Repeated(new PtxProgram(Text)).ToArray());
    }

    // The pipeline: all stages but one are issued before the loop; an iteration waits for its tile, synchronizes, issues the next copies, and
    // multiplies.
    [TestMethod]
    [DataRow(typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasEpilogue<Bf16Quads>, Bf16Stages3>), 3)]
    [DataRow(typeof(Bf16Gemm<Bf16KMajor, Bf16KMajor, BiasGeluGradEpilogue<Bf16Quads, TanhGelu>, Bf16Stages3>), 3)]
    [DataRow(typeof(Bf16Gemm<Bf16MMajor, Bf16MMajor, BiasEpilogue<Float32Quads>, Bf16Stages3>), 3)]
    [DataRow(typeof(Bf16Gemm<Bf16MMajor, Bf16MMajor, BiasEpilogue<Float32Quads>, Bf16Stages2>), 2)]
    [DataRow(typeof(Bf16Gemm<Bf16KMajor, Bf16MMajor, BiasEpilogue<Bf16Quads>, Bf16Stages4>), 4)]
    public void Copies_waits_and_barriers_stand_in_the_order_of_the_source(Type kernel, int stages)
    {
        var steps = new List<string>();
        foreach (var code in new PtxProgram(TextOf(CudaArchitecture.SM_80, kernel)).Code)
        {
            var step = code.Name[0] switch
            {
                "cp" when code.Is("commit_group") => "commit",
                "cp" when code.Is("wait_group") => $"wait {code.Operands[0]}",
                "cp" => "copy",
                "bar" when !code.Is("warp") => "barrier",
                "ldmatrix" or "mma" => "multiply",
                "bra" when steps.Count > 0 && steps[^1] == "multiply" => "again",
                _ => null,
            };
            if (step is not null && (steps.Count == 0 || steps[^1] != step)) steps.Add(step);
        }
        var before = string.Concat(Enumerable.Repeat("copy, commit, ", stages - 1));
        Assert.AreEqual($"{before}wait {stages - 2}, barrier, copy, commit, multiply, again, wait 0, barrier", string.Join(", ", steps));
    }

    static string TextOf(CudaArchitecture architecture, Type kernel) => PtxEmulator.TextOf(architecture, kernel);

    /// <summary>
    /// With setmaxnreg, which this assembler ignores, a thread has 72 registers more than it counts here. Two blocks of the products of float32
    /// operands, which are no default where that is too little for the operands and the epilogue, have 128 registers a thread.
    /// </summary>
    internal static int MaySpill(Type kernel, string architecture)
    {
        var name = kernel.Name.Split('`')[0];
        if (name == nameof(WgmmaGemm<,,,,>)) return 4 * 160;
        if (name == nameof(TensorCoreGemm<,,,,,>) && kernel.GetGenericArguments()[^1] == typeof(MinBlocks2Of256)) return 176;
        // These GPUs are given two blocks.
        return architecture == "sm_120" && kernel == typeof(Bf16AttentionKeyGrad<Head64, MinBlocks3>) ? 28 : 0;
    }

    // The largest block that a kernel is launched with.
    static int ThreadsOf(Type kernel, string text)
    {
        if (Bound().Match(text) is { Success: true } bound) return int.Parse(bound.Groups[1].Value, CultureInfo.InvariantCulture);
        if (kernel.GetField("Threads", BindingFlags.Static | BindingFlags.Public)?.GetRawConstantValue() is int own) return own;
        var name = kernel.Name.Split('`')[0];
        if (name is nameof(CudaLayerNorm<>) or nameof(CudaLayerNormGrad<,>)) return LayerNormTile.MaxThreads;
        return name is nameof(Bf16Gemm<,,,>) or nameof(FloatGemm<,,,,>) || name.Contains("Attention", StringComparison.Ordinal) ? 128
            : BlockReduce.MaxThreads;
    }

    [GeneratedRegex(@"^\.target (sm_\d+)a", RegexOptions.Multiline)]
    private static partial Regex SpecialTarget();

    [GeneratedRegex(@"^\.maxntid (\d+)", RegexOptions.Multiline)]
    private static partial Regex Bound();
}
