using System.Collections.Concurrent;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>
/// A PTX interpreter: compiles kernels to PTX and executes that text, warp by warp, instruction by instruction,
/// on this process's memory. It has no model of time. Besides computing results it checks races and bank
/// conflicts (<see cref="SharedMemoryModel"/>), addresses (<see cref="DeviceMemoryModel"/>), that warp-wide
/// instructions are executed by whole warps, and that warps do not diverge at branches marked uniform.
/// </summary>
public sealed class PtxEmulator(CudaArchitecture architecture)
{
    static readonly ConcurrentDictionary<(CudaArchitecture, Type), Lazy<(PtxProgram Program, PtxStep[] Steps)>> compiled = [];
    static readonly ConcurrentDictionary<(CudaArchitecture, Type), Lazy<string>> texts = [];

    // ILGPU's context takes longer to begin than a small kernel to compile.
    [ThreadStatic]
    static Dictionary<CudaArchitecture, PTXBackend>? backends;

    public DeviceMemoryModel Memory { get; } = new();

    /// <summary>Warp instructions so far, shared memory wavefronts, and how many there would be without bank conflicts.</summary>
    public (long Instructions, long Wavefronts, long IdealWavefronts) Counts { get; private set; }

    /// <summary>Blocks run from the last to the first: a GPU may run them in any order.</summary>
    public bool Backwards { get; set; }

    /// <summary>How often each kernel was launched, whatever its type arguments.</summary>
    public Dictionary<string, int> Launches { get; } = [];

    public static PtxProgram Compile(CudaArchitecture architecture, Type kernel) => Ready(architecture, kernel).Program;

    /// <summary>The PTX that the driver would get, compiled once for all tests.</summary>
    public static string TextOf(CudaArchitecture architecture, Type kernel) =>
        texts.GetOrAdd((architecture, kernel), key => new(() => CompileText(key.Item1, key.Item2))).Value;

    static string CompileText(CudaArchitecture architecture, Type kernel)
    {
        backends ??= [];
        if (!backends.TryGetValue(architecture, out var backend))
        {
            backend = backends[architecture] = new(Context.Create(Device.Configure), architecture, CudaInstructionSet.ISA_80, null!);
            PtxPlacement.Keep(backend);
        }
        var entry = typeof(Device.Entry).GetMethod(nameof(Device.Entry.Run))!.MakeGenericMethod(kernel);
        var compiled = (PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), new KernelSpecialization());
        return CudaText.Of(compiled.PTXAssembly, kernel);
    }

    static (PtxProgram Program, PtxStep[] Steps) Ready(CudaArchitecture architecture, Type kernel) =>
        compiled.GetOrAdd((architecture, kernel), key => new(() =>
        {
            var program = new PtxProgram(TextOf(key.Item1, key.Item2));
            return (program, PtxSteps.Of(program));
        })).Value;

    internal void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes = 0) where TKernel : struct, IKernel
    {
        var (program, steps) = Ready(architecture, typeof(TKernel));
        Assert.IsTrue(program.SharedBytes <= 48 << 10,
            $"{typeof(TKernel).Name} wants {program.SharedBytes} bytes of shared memory, 49152 need no permission");
        var name = typeof(TKernel).Name.Split('`')[0];
        Launches[name] = Launches.GetValueOrDefault(name) + 1;
        var parameters = KernelParameters.Of(kernel);
        Assert.HasCount(program.ParameterBytes, parameters, $"bytes of {typeof(TKernel)}");
        Run(typeof(TKernel).Name, program, steps, blocks, threads, parameters, dynamicBytes);
    }

    /// <summary>Runs a program, block by block.</summary>
    public IReadOnlyList<PtxBlock> Run(string name, PtxProgram program, PtxStep[] steps, int blocks, int threads,
        byte[] parameters, int dynamicBytes = 0)
    {
        var done = new List<PtxBlock>();
        for (int turn = 0; turn < blocks; turn++)
        {
            int index = Backwards ? blocks - 1 - turn : turn;
            var shared = new SharedMemoryModel(program.SharedBytes + dynamicBytes);
            var block = new PtxBlock(index, blocks, threads, shared, parameters, Memory);
            var warps = Enumerable.Range(0, (threads + 31) / 32)
                .Select(warp => new PtxWarp(steps, program.RegisterCount, block, warp, Math.Min(32, threads - warp * 32))).ToArray();
            int spins = 0;
            while (warps.Any(warp => !warp.Done))
            {
                foreach (var warp in warps) warp.Run();
                block.EndRound();
                if (warps.Any(warp => warp.Spins))
                {
                    Assert.IsTrue(++spins < 10_000, $"{name}: warps wait for each other");
                    continue;
                }
                Assert.IsTrue(warps.All(warp => warp.Waits) || warps.All(warp => warp.Done),
                    $"{name}: some threads wait at a barrier, others have ended");
                foreach (var warp in warps) warp.Release();
                shared.Barrier();
            }
            var (instructions, wavefronts, ideal) = Counts;
            Counts = (instructions + block.Instructions, wavefronts + shared.Wavefronts, ideal + shared.IdealWavefronts);
            done.Add(block);
        }
        return done;
    }
}
