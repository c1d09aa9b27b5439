using ILGPU.IR.Intrinsics;

namespace Silc;

// bf16 loads and stores, and asynchronous copies (cp.async): compute capability 8.0.
static partial class Ptx
{
    /// <summary>Loads four adjacent bf16 at a multiple of 8 bytes, widened to float32.</summary>
    [Instruction("{ .reg .b32 low, high, one; ld.global.v2.b32 {low, high}, [%0]; shl.b32 one, low, 16; mov.b32 $0, one; "
        + "and.b32 one, low, 0xffff0000; mov.b32 $1, one; shl.b32 one, high, 16; mov.b32 $2, one; and.b32 one, high, 0xffff0000; mov.b32 $3, one; }"),
        IntrinsicImplementation]
    public static Float4 LoadBf16Quad(long address) => throw OnlyOnCuda;

    /// <summary>The same if line &lt; lines and column &lt; columns, else zeros.</summary>
    [Instruction("{ .reg .pred inside; .reg .b32 low, high, one; setp.lt.s32 inside, %1, %2; setp.lt.and.s32 inside, %3, %4, inside; mov.b32 low, 0; "
        + "mov.b32 high, 0; @inside ld.global.v2.b32 {low, high}, [%0]; shl.b32 one, low, 16; mov.b32 $0, one; and.b32 one, low, 0xffff0000; "
        + "mov.b32 $1, one; shl.b32 one, high, 16; mov.b32 $2, one; and.b32 one, high, 0xffff0000; mov.b32 $3, one; }"), IntrinsicImplementation]
    public static Float4 LoadBf16Quad(long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>Loads four adjacent bf16 from shared memory at a multiple of 8 bytes, widened to float32.</summary>
    [Instruction("{ .reg .b32 low, high, one; ld.shared.v2.b32 {low, high}, [%0]; shl.b32 one, low, 16; mov.b32 $0, one; "
        + "and.b32 one, low, 0xffff0000; mov.b32 $1, one; shl.b32 one, high, 16; mov.b32 $2, one; and.b32 one, high, 0xffff0000; mov.b32 $3, one; }"),
        IntrinsicImplementation]
    public static Float4 LoadSharedBf16Quad(int address) => throw OnlyOnCuda;

    /// <summary>Rounds four floats to adjacent bf16 at a multiple of 8 bytes.</summary>
    [Instruction("{ .reg .b32 low, high; cvt.rn.bf16x2.f32 low, %2, %1; cvt.rn.bf16x2.f32 high, %4, %3; st.global.v2.b32 [%0], {low, high}; }"),
        IntrinsicImplementation]
    public static void StoreBf16Quad(long address, Float4 values) => throw OnlyOnCuda;

    /// <summary>The same if line &lt; lines and column &lt; columns.</summary>
    [Instruction("{ .reg .pred inside; .reg .b32 low, high; setp.lt.s32 inside, %5, %6; setp.lt.and.s32 inside, %7, %8, inside; "
        + "cvt.rn.bf16x2.f32 low, %2, %1; cvt.rn.bf16x2.f32 high, %4, %3; @inside st.global.v2.b32 [%0], {low, high}; }"), IntrinsicImplementation]
    public static void StoreBf16Quad(long address, Float4 values, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>Predicated load of four words at a multiple of 16 bytes: zeros unless line &lt; lines and column &lt; columns.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %1, %2; setp.lt.and.s32 inside, %3, %4, inside; mov.b32 $0, 0; mov.b32 $1, 0; "
        + "mov.b32 $2, 0; mov.b32 $3, 0; @inside ld.global.v4.b32 {$0, $1, $2, $3}, [%0]; }"), IntrinsicImplementation]
    public static Fragment LoadWords(long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>
    /// Predicated load of two adjacent bf16 at a multiple of 4 bytes: zeros unless line &lt; lines and column &lt; columns.
    /// </summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %1, %2; setp.lt.and.s32 inside, %3, %4, inside; mov.b32 $0, 0; "
        + "@inside ld.global.b32 $0, [%0]; }"),
        IntrinsicImplementation]
    public static uint LoadWord(long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>Predicated store of four words at a multiple of 16 bytes, if line &lt; lines.</summary>
    [Instruction("{ .reg .pred inside; setp.lt.s32 inside, %5, %6; @inside st.global.v4.b32 [%0], {%1, %2, %3, %4}; }"), IntrinsicImplementation]
    public static void StoreWords(long address, Fragment words, int line, int lines) => throw OnlyOnCuda;

    /// <summary>sum + a.lo · b.lo + a.hi · b.hi of two pairs of bf16, in float32.</summary>
    [Instruction("{ .reg .b32 x, y; .reg .f32 half; shl.b32 x, %1, 16; shl.b32 y, %2, 16; fma.rn.f32 half, x, y, %0; "
        + "and.b32 x, %1, 0xffff0000; and.b32 y, %2, 0xffff0000; fma.rn.f32 $0, x, y, half; }"), IntrinsicImplementation]
    public static float FmaBf16Pair(float sum, uint a, uint b) => throw OnlyOnCuda;

    /// <summary>
    /// cp.async: starts a copy of 16 bytes from global to shared memory, bypassing registers and L1; zeros unless line &lt; lines and
    /// column &lt; columns.
    /// </summary>
    [Instruction("{ .reg .pred inside; .reg .b32 size; setp.lt.s32 inside, %2, %3; setp.lt.and.s32 inside, %4, %5, inside; "
        + "selp.b32 size, 16, 0, inside; cp.async.cg.shared.global [%0], [%1], 16, size; }"), IntrinsicImplementation]
    public static void CpAsync(int shared, long address, int line, int lines, int column, int columns) => throw OnlyOnCuda;

    /// <summary>The same, zeros unless line &lt; lines.</summary>
    [Instruction("{ .reg .pred inside; .reg .b32 size; setp.lt.s32 inside, %2, %3; selp.b32 size, 16, 0, inside; "
        + "cp.async.cg.shared.global [%0], [%1], 16, size; }"), IntrinsicImplementation]
    public static void CpAsync(int shared, long address, int line, int lines) => throw OnlyOnCuda;

    /// <summary>The same, in the threads below <paramref name="threads"/> only.</summary>
    [Instruction("{ .reg .pred inside, takes; .reg .b32 size; setp.lt.s32 takes, %4, %5; setp.lt.s32 inside, %2, %3; selp.b32 size, 16, 0, inside; "
        + "@takes cp.async.cg.shared.global [%0], [%1], 16, size; }"), IntrinsicImplementation]
    public static void CpAsyncIf(int shared, long address, int line, int lines, int thread, int threads) => throw OnlyOnCuda;

    /// <summary>Closes a commit group of this thread's copies.</summary>
    [Instruction("cp.async.commit_group;"), IntrinsicImplementation]
    public static void CpAsyncCommit() => throw OnlyOnCuda;

    /// <summary>
    /// Waits until at most so many of this thread's latest commit groups are pending; other threads see the completed copies after a
    /// barrier.
    /// </summary>
    [Instruction("cp.async.wait_group #0;"), IntrinsicImplementation]
    public static void CpAsyncWait(int a) => throw OnlyOnCuda;
}
