using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ILGPU.Backends;
using ILGPU.Backends.PTX;
using ILGPU.IR.Transformations;
using Passes = ILGPU.IR.Transformations.Transformer;

namespace Silc;

/// <summary>
/// Removes the last pass of ILGPU's compiler for CUDA. CodePlacement (ILGPU 1.5.3) sinks values to their uses, to save registers: what
/// loop-invariant code motion has just hoisted goes back into the loop, divisions, roots and address arithmetic included, and ptxas does
/// not hoist it again. It also moves loads past barriers at the end of a basic block. Without the pass, the main loop of <see
/// cref="Bf16Gemm{TA,TB,TEpilogue,TStages}"/> has 149 instructions, not 207.
/// </summary>
static class PtxPlacement
{
    /// <summary>To be called before the first kernel is compiled.</summary>
    public static void Keep(PTXBackend backend) => SetTransformers(backend, [.. Transformers(backend).Select(passes =>
        Passes.Create(passes.Configuration, [.. passes.Transformations.Where(pass => pass is not CodePlacement)]))]);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_KernelTransformers")]
    static extern ImmutableArray<Passes> Transformers(Backend backend);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_KernelTransformers")]
    static extern void SetTransformers(Backend backend, ImmutableArray<Passes> passes);
}
