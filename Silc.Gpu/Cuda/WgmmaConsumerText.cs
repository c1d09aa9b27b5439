using System.Globalization;
using System.Text;

namespace Silc;

/// <summary>
/// The consumer's main loop of the bf16 GEMM by <c>wgmma</c>, as one PTX text. With ILGPU's instructions in between, ptxas serializes the
/// wgmma (C7517), because it cannot prove that the accumulators are not touched. PTX ISA, "Asynchronous Warpgroup Level Matrix
/// Multiply-Accumulate Instructions".
/// </summary>
/// <remarks>
/// An operand tile is two TMA boxes of 64 lines of 128 bytes, whose 16-byte units are XOR-swizzled by the low three bits of the line.
/// K-major has a line for each row of A or column of B; M-major has a line for each k and 64 rows. An iteration waits until its stage is
/// full, issues its wgmma, waits for the previous iteration's wgmma, and releases that iteration's stage. Behind the last one it waits until
/// what the epilogue reads has come, and gives the turn to the other consumer.
/// </remarks>
sealed class WgmmaConsumerText : IInstructionText
{
    const int Line = WgmmaTile.Line, BytesOf16K = 16 * Line;

    readonly StringBuilder text = new();
    readonly bool mMajorA, nMajorB;
    readonly int operandStages, ring;

    WgmmaConsumerText(Type[] arguments) => (mMajorA, nMajorB, operandStages, ring) = (arguments[0] == typeof(Bf16MMajor),
        arguments[1] == typeof(Bf16MMajor), EpilogueOperand.Of(arguments[2]).Stages, WgmmaStages.Of(arguments[3]));

    public static string Of(Type[] arguments) => new WgmmaConsumerText(arguments).Write();

    string Write()
    {
        Add("{");
        Add(".reg .pred done, yes, tell;");
        Add(".reg .b32 stage, before, parity, full, steps, word;");
        Add(".reg .b64 da, db, ta, tb, wide;");
        for (int i = 0; i < 128; i++) Add($"mov.f32 ${i}, 0f00000000;");
        Add("mov.b32 steps, %2;");
        Add("mov.b32 stage, %4;");
        Add("mov.b32 parity, %5;");
        Add("setp.eq.s32 yes, stage, stage;");
        Add("mov.b32 before, -1;");
        Add("mov.b32 word, %0;");
        Descriptor("da", mMajorA);
        Add($"add.s32 word, %0, {WgmmaTile.OperandBytes};");
        Descriptor("db", nMajorB);
        Add("next:");
        WaitUntilFull("empty");
        Add($"mul.lo.s32 word, stage, {WgmmaTile.StageBytes / 16};");
        Add("cvt.u64.u32 wide, word;");
        Add("wgmma.fence.sync.aligned;");
        for (int k = 0; k < WgmmaTile.TileK / 16; k++)
            for (int half = 0; half < 2; half++)
                Multiply(k, half);
        Add("wgmma.commit_group.sync.aligned;");
        Add("wgmma.wait_group.sync.aligned 1;");
        Release();
        Add("mov.b32 before, stage;");
        Advance();
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 done, steps, 0;");
        Add("@done bra next;");
        for (int i = 0; i < operandStages; i++)
        {
            WaitUntilFull($"empty_{i}");
            Advance();
        }
        Add("setp.eq.s32 tell, %3, 0;");
        Add("@tell mbarrier.arrive.shared::cta.b64 _, [%6];");
        Add("wgmma.wait_group.sync.aligned 0;");
        Release();
        Add("}");
        return text.ToString();
    }

    void WaitUntilFull(string label)
    {
        Add("shl.b32 full, stage, 3;");
        Add("add.s32 full, full, %1;");
        Add($"{label}:");
        Add("mbarrier.try_wait.parity.shared::cta.b64 done, [full], parity;");
        Add($"@!done bra {label};");
    }

    void Advance()
    {
        Add("add.s32 stage, stage, 1;");
        Add($"setp.eq.s32 done, stage, {ring};");
        Add("selp.b32 stage, 0, stage, done;");
        Add("selp.b32 word, 1, 0, done;");
        Add("xor.b32 parity, parity, word;");
    }

    // One lane of each warp releases the stage of the iteration before.
    void Release()
    {
        Add("setp.eq.s32 tell, %3, 0;");
        Add("setp.ge.and.s32 tell, before, 0, tell;");
        Add("shl.b32 word, before, 3;");
        Add("add.s32 word, word, %1;");
        Add($"add.s32 word, word, {8 * ring};");
        Add("@tell mbarrier.arrive.shared::cta.b64 _, [word];");
    }

    // Matrix descriptor: address and strides in units of 16 bytes, and 128-byte swizzle. Stride offset: 1,024 bytes from eight lines to the
    // next eight. Leading offset, if M-major: a box, from 64 rows to the next 64.
    void Descriptor(string name, bool mMajor)
    {
        Add("shr.u32 word, word, 4;");
        Add($"cvt.u64.u32 {name}, word;");
        long strides = 1L << 62 | 8L * Line / 16 << 32 | (mMajor ? WgmmaTile.BoxBytes / 16L : 1) << 16;
        Add($"or.b64 {name}, {name}, {strides.ToString(CultureInfo.InvariantCulture)};");
    }

    // 64 rows of A are a box; 16 k are two units of a line (K-major), or 16 lines (M-major).
    void Multiply(int k, int half)
    {
        int depthA = k * (mMajorA ? BytesOf16K : 32) / 16, depthB = k * (nMajorB ? BytesOf16K : 32) / 16;
        Add($"add.s64 ta, da, {half * WgmmaTile.BoxBytes / 16 + depthA};");
        Add("add.s64 ta, ta, wide;");
        Add($"add.s64 tb, db, {depthB};");
        Add("add.s64 tb, tb, wide;");
        text.Append("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {");
        for (int i = 0; i < 64; i++) text.Append(i > 0 ? ", " : "").Append('$').Append(64 * half + i);
        text.Append("}, ta, tb, yes, 1, 1, ").Append(mMajorA ? 1 : 0).Append(", ").Append(nMajorB ? 1 : 0).Append(";\n");
    }

    void Add(string line) => text.Append(line).Append('\n');
}
