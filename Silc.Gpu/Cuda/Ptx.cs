using ILGPU.IR.Intrinsics;

namespace Silc;

/// <summary>
/// Inline PTX: instructions that C# and ILGPU cannot express, compiled into CUDA kernels by <see cref="PtxCompiler"/>. Addresses of shared
/// memory are 32 bits, of global memory 64. Instructions that a whole warp must execute together say so.
/// </summary>
static partial class Ptx
{
    static InvalidOperationException OnlyOnCuda => new("PTX runs on CUDA devices only");

    // Values

    /// <summary>
    /// The value, computed here and once. ILGPU 1.5.3 (CodePlacement) sinks loop invariants into the loop, where divisions, roots and
    /// products are then executed in every iteration, and ptxas does not hoist them again; inline PTX stays where it is.
    /// </summary>
    [Instruction("mov.b32 $0, %0;"), IntrinsicImplementation]
    public static int Hold(int value) => throw OnlyOnCuda;

    [Instruction("mov.b64 $0, %0;"), IntrinsicImplementation]
    public static long Hold(long value) => throw OnlyOnCuda;

    [Instruction("mov.f32 $0, %0;"), IntrinsicImplementation]
    public static float Hold(float value) => throw OnlyOnCuda;

    // Shared memory

    /// <summary>Declares static shared memory, once in a kernel, and returns its address, a multiple of 16.</summary>
    [Instruction(".shared .align 16 .b8 silc_tiles[#0]; mov.u32 $0, silc_tiles;"), IntrinsicImplementation]
    public static int Shared(int bytes) => throw OnlyOnCuda;

    /// <summary>__syncthreads: a barrier for all threads of the block, which then see each other's writes to shared memory.</summary>
    public static void SyncThreads()
    {
        BarSync();
        CompilerFence();
    }

    /// <summary>__syncwarp: the same for the lanes of a warp.</summary>
    public static void SyncWarp()
    {
        BarWarpSync();
        CompilerFence();
    }

    [Instruction("bar.sync 0;"), IntrinsicImplementation]
    public static void BarSync() => throw OnlyOnCuda;

    [Instruction("bar.warp.sync 0xffffffff;"), IntrinsicImplementation]
    public static void BarWarpSync() => throw OnlyOnCuda;

    /// <summary>
    /// No instruction, but a memory operation to ILGPU's optimizer. ILGPU 1.5.3 (Movement.CanMoveSideEffectValue) does not check the last
    /// memory operation of a basic block, and moves loads past a barrier that ends a loop: with this behind it, the barrier is not the
    /// last.
    /// </summary>
    [Instruction(""), IntrinsicImplementation]
    public static void CompilerFence() => throw OnlyOnCuda;

    [Instruction("ld.shared.f32 $0, [%0];"), IntrinsicImplementation]
    public static float LoadShared(int address) => throw OnlyOnCuda;

    [Instruction("ld.shared.v4.f32 {$0, $1, $2, $3}, [%0];"), IntrinsicImplementation]
    public static Float4 LoadShared4(int address) => throw OnlyOnCuda;

    [Instruction("ld.shared.v2.f32 {$0, $1}, [%0];"), IntrinsicImplementation]
    public static Float2 LoadShared2(int address) => throw OnlyOnCuda;

    [Instruction("ld.shared.v4.b32 {$0, $1, $2, $3}, [%0];"), IntrinsicImplementation]
    public static Fragment LoadSharedWords(int address) => throw OnlyOnCuda;

    [Instruction("ld.shared.b32 $0, [%0];"), IntrinsicImplementation]
    public static uint LoadSharedWord(int address) => throw OnlyOnCuda;

    [Instruction("st.shared.f32 [%0], %1;"), IntrinsicImplementation]
    public static void StoreShared(int address, float value) => throw OnlyOnCuda;

    [Instruction("st.shared.v2.f32 [%0], {%1, %2};"), IntrinsicImplementation]
    public static void StoreShared2(int address, float x, float y) => throw OnlyOnCuda;

    [Instruction("st.shared.v4.f32 [%0], {%1, %2, %3, %4};"), IntrinsicImplementation]
    public static void StoreShared4(int address, Float4 value) => throw OnlyOnCuda;

    [Instruction("st.shared.b32 [%0], %1;"), IntrinsicImplementation]
    public static void StoreSharedWord(int address, uint word) => throw OnlyOnCuda;

    [Instruction("st.shared.v2.b32 [%0], {%1, %2};"), IntrinsicImplementation]
    public static void StoreSharedWords(int address, uint x, uint y) => throw OnlyOnCuda;

    [Instruction("st.shared.v4.b32 [%0], {%1, %2, %3, %4};"), IntrinsicImplementation]
    public static void StoreSharedWords(int address, uint x, uint y, uint z, uint w) => throw OnlyOnCuda;

    // Global memory; loads are predicated, for tiles that reach past the edge, and give zeros there

    /// <summary>Predicated load of a float: 0 unless line &lt; lines and column &lt; columns.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %1, %2; setp.lt.and.s32 inside, %3, %4, inside; mov.f32 $0, 0f00000000; "
        + "@inside ld.global.f32 $0, [%0]; }"),
        IntrinsicImplementation]
    public static float Load(long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>Predicated, vectorized load of four floats; the address is a multiple of 16.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %1, %2; setp.lt.and.s32 inside, %3, %4, inside; mov.f32 $0, 0f00000000; "
        + "mov.f32 $1, 0f00000000; mov.f32 $2, 0f00000000; mov.f32 $3, 0f00000000; "
        + "@inside ld.global.v4.f32 {$0, $1, $2, $3}, [%0]; }"), IntrinsicImplementation]
    public static Float4 Load4(long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    [Instruction("ld.global.f32 $0, [%0];"), IntrinsicImplementation]
    public static float Load(long address) => throw OnlyOnCuda;

    [Instruction("ld.global.v4.f32 {$0, $1, $2, $3}, [%0];"), IntrinsicImplementation]
    public static Float4 Load4(long address) => throw OnlyOnCuda;

    [Instruction("st.global.f32 [%0], %1;"), IntrinsicImplementation]
    public static void Store(long address, float value) => throw OnlyOnCuda;

    /// <summary>Predicated store of a float, if column &lt; columns.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %2, %3; @inside st.global.f32 [%0], %1; }"), IntrinsicImplementation]
    public static void Store(long address, float value, int column, int columns) => throw OnlyOnCuda;

    [Instruction("st.global.v4.f32 [%0], {%1, %2, %3, %4};"), IntrinsicImplementation]
    public static void Store4(long address, Float4 value) => throw OnlyOnCuda;

    /// <summary>The same if line &lt; lines and column &lt; columns.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %5, %6; setp.lt.and.s32 inside, %7, %8, inside; "
        + "@inside st.global.v4.f32 [%0], {%1, %2, %3, %4}; }"),
        IntrinsicImplementation]
    public static void Store4(long address, Float4 value, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>Loads four floats at any alignment: vectorized where the address is a multiple of 16.</summary>
    [Instruction("{ .reg .pred whole; .reg .b64 odd; and.b64 odd, %0, 15; setp.eq.s64 whole, odd, 0; @whole ld.global.v4.f32 {$0, $1, $2, $3}, [%0]; "
        + "@!whole ld.global.f32 $0, [%0]; @!whole ld.global.f32 $1, [%0+4]; @!whole ld.global.f32 $2, [%0+8]; @!whole ld.global.f32 $3, [%0+12]; }"),
        IntrinsicImplementation]
    public static Float4 LoadQuad(long address) => throw OnlyOnCuda;

    /// <summary>As <see cref="LoadQuad"/>.</summary>
    [Instruction("{ .reg .pred whole; .reg .b64 odd; and.b64 odd, %0, 15; setp.eq.s64 whole, odd, 0; @whole st.global.v4.f32 [%0], {%1, %2, %3, %4}; "
        + "@!whole st.global.f32 [%0], %1; @!whole st.global.f32 [%0+4], %2; @!whole st.global.f32 [%0+8], %3; @!whole st.global.f32 [%0+12], %4; }"),
        IntrinsicImplementation]
    public static void StoreQuad(long address, Float4 value) => throw OnlyOnCuda;

    /// <summary>
    /// By thread 0: counts up in device memory, from <paramref name="last"/> to 0, and stores what was there before to shared memory. What its
    /// block stored before a barrier is released to other blocks, and what those have released is acquired.
    /// </summary>
    [Instruction("{ .reg .pred first; .reg .b32 before; setp.eq.s32 first, %2, 0; @first atom.acq_rel.gpu.global.inc.u32 before, [%0], %1; "
        + "@first st.shared.b32 [%3], before; }"), IntrinsicImplementation]
    public static void Arrive(long counter, int last, int thread, int shared) => throw OnlyOnCuda;

    // Tensor cores: compute capability 8.0

    /// <summary>Rounds two floats to bf16, the first into the low 16 bits.</summary>
    [Instruction("cvt.rn.bf16x2.f32 $0, %1, %0;"), IntrinsicImplementation]
    public static uint Bf16(float low, float high) => throw OnlyOnCuda;

    /// <summary>Rounds a float to tf32, ties away from zero.</summary>
    [Instruction("cvt.rna.tf32.f32 $0, %0;"), IntrinsicImplementation]
    public static uint Tf32(float value) => throw OnlyOnCuda;

    /// <summary>
    /// ldmatrix.x4, by a whole warp: loads four matrices of 8 rows of 16 bytes; lane 8i + j gives the address of row j of matrix i.
    /// </summary>
    [Instruction("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {$0, $1, $2, $3}, [%0];"), IntrinsicImplementation]
    public static Fragment LdMatrix(int address) => throw OnlyOnCuda;

    /// <summary>As <see cref="LdMatrix"/>, each matrix of 8 x 8 bf16 transposed.</summary>
    [Instruction("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {$0, $1, $2, $3}, [%0];"), IntrinsicImplementation]
    public static Fragment LdMatrixTrans(int address) => throw OnlyOnCuda;

    /// <summary>
    /// mma, by a whole warp: A (16 x 16) · B (16 x 8) of bf16 + C (16 x 8) of float32. Fragments: <see cref="FragmentLayout"/>.
    /// </summary>
    [Instruction("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {$0, $1, $2, $3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"),
        IntrinsicImplementation]
    public static Float4 MmaBf16(Float4 acc, Fragment a, uint b0, uint b1) => throw OnlyOnCuda;

    /// <summary>The same with A (16 x 8) and B (8 x 8) of tf32.</summary>
    [Instruction("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {$0, $1, $2, $3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"),
        IntrinsicImplementation]
    public static Float4 MmaTf32(Float4 acc, Fragment a, uint b0, uint b1) => throw OnlyOnCuda;

    // Arithmetic

    /// <summary>2^x, to two units in the last place.</summary>
    [Instruction("ex2.approx.ftz.f32 $0, %0;"), IntrinsicImplementation]
    public static float Exp2(float x) => throw OnlyOnCuda;

    /// <summary>1 / x, to one unit in the last place.</summary>
    [Instruction("rcp.approx.ftz.f32 $0, %0;"), IntrinsicImplementation]
    public static float Reciprocal(float x) => throw OnlyOnCuda;

    /// <summary>x &lt; limit ? yes : no, branchless.</summary>
    [Instruction("{ .reg .pred less; setp.lt.f32 less, %0, %1; selp.f32 $0, %2, %3, less; }"), IntrinsicImplementation]
    public static float SelectIfLess(float x, float limit, float yes, float no) => throw OnlyOnCuda;

    /// <summary>__shfl_xor_sync, by a whole warp: the value of lane ^ mask.</summary>
    [Instruction("shfl.sync.bfly.b32 $0, %0, #1, 31, 0xffffffff;"), IntrinsicImplementation]
    public static float ShuffleXor(float value, int mask) => throw OnlyOnCuda;
}
