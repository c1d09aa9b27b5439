using System.Globalization;
using System.Text;

namespace Silc;

/// <summary>
/// The main loop of a product of stored bf16 by <c>wgmma</c>, as one text: between instructions of its own, ptxas would wait for every product
/// (C7517), since it cannot see that nobody touches the sums. PTX ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions".
/// </summary>
/// <remarks>
/// A tile of an operand is two boxes of 64 lines of 128 bytes, whose units of 16 bytes are XOR-swizzled by the line's last three bits. K-major
/// (lines along the sum) there is a line for each row of A or column of B; M-major (across the sum) one for each term and 64 rows.
/// A turn of the loop waits until its tile is full, hands it to the tensor cores, waits for the products before it and says that their tile is free.
/// </remarks>
sealed class WgmmaText : IInstructionText
{
    const int Line = 128, LinesOf16Terms = 16 * Line;

    readonly StringBuilder text = new();
    readonly bool turnedA, turnedB;

    WgmmaText(Type[] arguments) => (turnedA, turnedB) = (arguments[0] == typeof(Bf16MMajor), arguments[1] == typeof(Bf16MMajor));

    public static string Of(Type[] arguments) => new WgmmaText(arguments).Write();

    string Write()
    {
        Add("{");
        Add(".reg .pred done, yes, tell;");
        Add(".reg .b32 stage, before, parity, full, steps, word;");
        Add(".reg .b64 da, db, ta, tb, wide;");
        for (int i = 0; i < 128; i++) Add($"mov.f32 ${i}, 0f00000000;");
        Add("mov.b32 steps, %2;");
        Add("mov.b32 stage, 0;");
        Add("mov.b32 parity, 0;");
        Add("setp.eq.s32 yes, stage, 0;");
        Add("mov.b32 before, -1;");
        Add("mov.b32 word, %0;");
        Descriptor("da", turnedA);
        Add($"add.s32 word, %0, {WgmmaTile.OperandBytes};");
        Descriptor("db", turnedB);
        Add("next:");
        Add("shl.b32 full, stage, 3;");
        Add("add.s32 full, full, %1;");
        Add("empty:");
        Add("mbarrier.try_wait.parity.shared::cta.b64 done, [full], parity;");
        Add("@!done bra empty;");
        Add($"mul.lo.s32 word, stage, {WgmmaTile.StageBytes / 16};");
        Add("cvt.u64.u32 wide, word;");
        Add("wgmma.fence.sync.aligned;");
        for (int k = 0; k < WgmmaTile.Depth / 16; k++)
            for (int half = 0; half < 2; half++)
                Multiply(k, half);
        Add("wgmma.commit_group.sync.aligned;");
        Add("wgmma.wait_group.sync.aligned 1;");
        // One lane of each warp frees the stage before.
        Add("setp.eq.s32 tell, %3, 0;");
        Add("setp.ge.and.s32 tell, before, 0, tell;");
        Add("shl.b32 word, before, 3;");
        Add("add.s32 word, word, %1;");
        Add($"add.s32 word, word, {8 * WgmmaTile.Stages};");
        Add("@tell mbarrier.arrive.shared::cta.b64 _, [word];");
        Add("mov.b32 before, stage;");
        Add("add.s32 stage, stage, 1;");
        Add($"setp.eq.s32 done, stage, {WgmmaTile.Stages};");
        Add("selp.b32 stage, 0, stage, done;");
        Add("selp.b32 word, 1, 0, done;");
        Add("xor.b32 parity, parity, word;");
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 done, steps, 0;");
        Add("@done bra next;");
        Add("wgmma.wait_group.sync.aligned 0;");
        Add("}");
        return text.ToString();
    }

    // Address, then strides in units of 16 bytes, then the swizzle of 128 bytes: from one group of eight lines to the next 1,024 bytes; M-major,
    // from 64 rows to the next a box.
    void Descriptor(string name, bool turned)
    {
        Add("shr.u32 word, word, 4;");
        Add($"cvt.u64.u32 {name}, word;");
        long strides = 1L << 62 | 8L * Line / 16 << 32 | (turned ? WgmmaTile.BoxBytes / 16L : 1) << 16;
        Add($"or.b64 {name}, {name}, {strides.ToString(CultureInfo.InvariantCulture)};");
    }

    // 64 rows of A are a box; 16 terms are two units of a line, or 16 lines.
    void Multiply(int k, int half)
    {
        int depthA = k * (turnedA ? LinesOf16Terms : 32) / 16, depthB = k * (turnedB ? LinesOf16Terms : 32) / 16;
        Add($"add.s64 ta, da, {half * WgmmaTile.BoxBytes / 16 + depthA};");
        Add("add.s64 ta, ta, wide;");
        Add($"add.s64 tb, db, {depthB};");
        Add("add.s64 tb, tb, wide;");
        text.Append("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {");
        for (int i = 0; i < 64; i++) text.Append(i > 0 ? ", " : "").Append('$').Append(64 * half + i);
        text.Append("}, ta, tb, yes, 1, 1, ").Append(turnedA ? 1 : 0).Append(", ").Append(turnedB ? 1 : 0).Append(";\n");
    }

    void Add(string line) => text.Append(line).Append('\n');
}
