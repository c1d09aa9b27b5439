using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ILGPU.Backends;
using ILGPU.Backends.PTX;
using ILGPU.IR.Transformations;
using Passes = ILGPU.IR.Transformations.Transformer;

namespace Silc;

/// <summary>
/// Takes the last pass out of ILGPU's compiler for CUDA. CodePlacement (ILGPU 1.5.3) moves values to where they are used, to save registers:
/// what its pass for loops has just taken out of a loop goes back in, divisions, roots and products of addresses among it, and is then done in
/// every round, for the assembler does not take it out again. It also moves reads of memory past barriers at the end of a block. Without it the
/// main loop of <see cref="Bf16Gemm{TLeft,TRight,TEpilogue}"/> has 149 instructions, not 207.
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
