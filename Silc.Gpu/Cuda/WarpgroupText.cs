using System.Globalization;
using System.Text;

namespace Silc;

/// <summary>
/// The main loop of a product of stored bf16 by <c>wgmma</c>, as one text: between instructions of its own, ptxas would wait for every product
/// (C7517), since it cannot see that nobody touches the sums. PTX ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions".
/// </summary>
/// <remarks>
/// A tile of an operand is made of lines of 128 bytes, whose units of 16 bytes are XOR-swizzled by the line's last three bits. K-major (lines along
/// the sum) there is a line for each row of A or column of B; M-major (across the sum) there is one for each term and 64 rows. Lane and line of a
/// thread's first unit say where its others lie: as many lines further as the block copies at once.
/// A turn of the loop waits for its tile, hands it to the tensor cores, waits for the products before it and refills the place that those have left.
/// </remarks>
sealed class WarpgroupText : IInstructionText
{
    const int Line = 128, Depth = 64, Half = 64 * Line;     // a wgmma takes 64 rows of A

    readonly StringBuilder text = new();
    readonly int stages, leftBytes, stageBytes, linesAtOnce, linesOfA;
    readonly bool turnedA, turnedB;

    WarpgroupText(int warpgroups, int stages, bool turnedA, bool turnedB)
    {
        (this.stages, this.turnedA, this.turnedB) = (stages, turnedA, turnedB);
        linesAtOnce = 128 * warpgroups / 8;
        linesOfA = 128 * warpgroups;
        leftBytes = Line * linesOfA;
        stageBytes = leftBytes + Line * 128;
    }

    public static string Of(Type[] arguments)
    {
        bool two = arguments[2] == typeof(TwoWarpgroups);
        return new WarpgroupText(two ? TwoWarpgroups.Count : OneWarpgroup.Count, two ? TwoWarpgroups.Stages : OneWarpgroup.Stages,
            arguments[0] == typeof(HalvesAcrossSum), arguments[1] == typeof(HalvesAcrossSum)).Write();
    }

    string Write()
    {
        Add("{");
        Add(".reg .pred in, yes;");
        Add(".reg .b32 size, to, lefta, leftb, steps, tile, free, word;");
        Add(".reg .b64 ga, gb, x, da, db, ta, tb, wide;");
        Add("mov.b64 ga, %2;");
        Add("mov.b64 gb, %7;");
        Add("mov.b32 lefta, %6;");
        Add("mov.b32 leftb, %11;");
        Add("mov.b32 steps, %12;");
        for (int stage = 0; stage < stages - 1; stage++)
        {
            Add($"mov.b32 free, {stage * stageBytes};");
            Fill();
        }
        Add($"mov.b32 free, {(stages - 1) * stageBytes};");
        Add("mov.b32 tile, 0;");
        for (int i = 0; i < 128; i++) Add($"mov.f32 ${i}, 0f00000000;");
        Add("setp.eq.s32 yes, tile, 0;");
        Add("add.s32 word, %0, %13;");
        Descriptor("da", turnedA);
        Add($"add.s32 word, %0, {leftBytes};");
        Descriptor("db", turnedB);
        Add("next:");
        Add($"cp.async.wait_group {stages - 2};");
        Add("fence.proxy.async;");
        Add("bar.sync 0;");
        Add("shr.u32 word, tile, 4;");
        Add("cvt.u64.u32 wide, word;");
        Add("wgmma.fence.sync.aligned;");
        for (int k = 0; k < Depth / 16; k++)
            for (int half = 0; half < 2; half++)
                Multiply(k, half);
        Add("wgmma.commit_group.sync.aligned;");
        Add("wgmma.wait_group.sync.aligned 1;");
        Add("bar.sync 0;");
        Fill();
        Add("mov.b32 free, tile;");
        Add($"add.s32 tile, tile, {stageBytes};");
        Add($"setp.eq.s32 in, tile, {stages * stageBytes};");
        Add("selp.b32 tile, 0, tile, in;");
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 in, steps, 0;");
        Add("@in bra next;");
        Add("wgmma.wait_group.sync.aligned 0;");
        Add("cp.async.wait_group 0;");
        Add("bar.sync 0;");
        Add("}");
        return text.ToString();
    }

    // Begins to copy the next tiles of both operands to the stage `free`.
    void Fill()
    {
        Add("add.s32 to, %0, %1;");
        Add("add.s32 to, to, free;");
        Copy(turnedA, "ga", "%3", "%5", "lefta", linesOfA, 0);
        Copy(turnedB, "gb", "%8", "%10", "leftb", 128, leftBytes);
        Add("cp.async.commit_group;");
        Add("add.s64 ga, ga, %4;");
        Add("add.s64 gb, gb, %9;");
        Add($"sub.s32 lefta, lefta, {Depth};");
        Add($"sub.s32 leftb, leftb, {Depth};");
    }

    // What lies outside of the operand becomes zeros: nothing is read for a copy of no bytes.
    void Copy(bool turned, string from, string step, string outer, string left, int lines, int start)
    {
        int linesOfAtom = Depth / linesAtOnce;      // M-major, a column of 64 rows is as many lines as there are terms
        Add($"mov.b64 x, {from};");
        for (int i = 0; i < lines / linesAtOnce; i++)
        {
            int atom = i / linesOfAtom, line = i % linesOfAtom;
            if (i > 0)
                if (turned && line == 0) Add($"add.s64 x, {from}, {atom * Line};");
                else Add($"add.s64 x, x, {step};");
            Add($"setp.gt.s32 in, {outer}, {(turned ? 64 * atom : linesAtOnce * i)};");
            Add($"setp.gt.and.s32 in, {left}, {(turned ? linesAtOnce * line : 0)}, in;");
            Add("selp.b32 size, 16, 0, in;");
            Add($"cp.async.cg.shared.global.L2::128B [to+{start + i * linesAtOnce * Line}], [x], 16, size;");
        }
    }

    // Address, then strides in units of 16 bytes, then the swizzle of 128 bytes: from one group of eight lines to the next 1,024 bytes; M-major,
    // from 64 rows to the next as many lines as a tile has terms.
    void Descriptor(string name, bool turned)
    {
        Add("shr.u32 word, word, 4;");
        Add($"cvt.u64.u32 {name}, word;");
        long strides = 1L << 62 | 1024L / 16 << 32 | (turned ? Depth * Line / 16L : 1) << 16;
        Add($"or.b64 {name}, {name}, {strides.ToString(CultureInfo.InvariantCulture)};");
    }

    // 16 terms are two units of a line, or 16 lines.
    void Multiply(int k, int half)
    {
        int depthA = k * (turnedA ? 16 * Line : 32) / 16, depthB = k * (turnedB ? 16 * Line : 32) / 16;
        Add($"add.s64 ta, da, {half * Half / 16 + depthA};");
        Add("add.s64 ta, ta, wide;");
        Add($"add.s64 tb, db, {depthB};");
        Add("add.s64 tb, tb, wide;");
        text.Append("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {");
        for (int i = 0; i < 64; i++) text.Append(i > 0 ? ", " : "").Append('$').Append(64 * half + i);
        text.Append("}, ta, tb, yes, 1, 1, ").Append(turnedA ? 1 : 0).Append(", ").Append(turnedB ? 1 : 0).Append(";\n");
    }

    void Add(string line) => text.Append(line).Append('\n');
}
