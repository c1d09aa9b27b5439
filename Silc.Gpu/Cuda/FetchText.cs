using System.Text;

namespace Silc;

/// <summary>
/// The loop of the thread that fetches tiles, by cp.async.bulk.tensor (PTX ISA, "Data Movement and Conversion Instructions: Tensor copy"). An
/// operand's tile is two boxes. Blocks of a cluster that share a row of tiles share A, those of a column B: of what two share each fetches one
/// box, for both. A stage is free once every warp of every block that gets data from here is done with it.
/// </summary>
sealed class FetchText : IInstructionText
{
    public static string Of(Type[] arguments)
    {
        bool turnedA = arguments[0] == typeof(HalvesAcrossSum), turnedB = arguments[1] == typeof(HalvesAcrossSum);
        var (down, across) = WarpgroupText.SizeOf(arguments[2]);
        var text = new StringBuilder();
        void Add(string line) => text.Append(line).Append('\n');

        Add("{");
        Add(".reg .pred done;");
        Add(".reg .b32 stage, parity, full, free, to, k, steps, place, outer, mask;");
        Add(".reg .b16 others_a, others_b;");
        Add(".reg .b64 map_a, map_b;");
        Add($"mov.b64 map_a, {CudaText.Parameter};");
        Add("cvta.param.u64 map_a, map_a;");
        Add($"add.s64 map_b, map_a, {TensorMap.Bytes};");
        // Row r and column c of the cluster: neighbours in a row are ranks r · across + i, in a column i · across + c.
        if (across == 2)
        {
            Add("and.b32 mask, %6, -2;");
            Add("shl.b32 mask, 3, mask;");
            Add("cvt.u16.u32 others_a, mask;");
        }
        if (down == 2)
        {
            if (across == 2) Add("and.b32 mask, %6, 1;");
            else Add("mov.b32 mask, 0;");
            Add($"shl.b32 mask, {1 | 1 << across}, mask;");
            Add("cvt.u16.u32 others_b, mask;");
        }
        Add("mov.b32 stage, 0;");
        Add("mov.b32 parity, 1;");
        Add("mov.b32 k, %4;");
        Add("mov.b32 steps, %5;");
        Add("fetch:");
        Add("shl.b32 full, stage, 3;");
        Add("add.s32 full, full, %1;");
        Add($"add.s32 free, full, {8 * WarpgroupTile.Stages};");
        Add("taken:");
        Add("mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [free], parity;");
        Add("@!done bra taken;");
        Add($"mbarrier.arrive.expect_tx.shared::cta.b64 _, [full], {WarpgroupTile.StageBytes};");
        Add($"mul.lo.s32 to, stage, {WarpgroupTile.StageBytes};");
        Add("add.s32 to, to, %0;");
        Operand("map_a", "%2", turnedA, across == 2 ? "and.b32 place, %6, 1;" : null, "others_a");
        Add($"add.s32 to, to, {WarpgroupTile.OperandBytes};");
        Operand("map_b", "%3", turnedB, down == 2 ? across == 2 ? "shr.u32 place, %6, 1;" : "mov.b32 place, %6;" : null, "others_b");
        Add($"add.s32 k, k, {WarpgroupTile.Depth};");
        Add("add.s32 stage, stage, 1;");
        Add($"setp.eq.s32 done, stage, {WarpgroupTile.Stages};");
        Add("selp.b32 stage, 0, stage, done;");
        Add("selp.b32 mask, 1, 0, done;");
        Add("xor.b32 parity, parity, mask;");
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 done, steps, 0;");
        Add("@done bra fetch;");
        Add("}");
        return text.ToString();

        // Coordinates are columns in memory, then rows.
        void Operand(string map, string first, bool turned, string? shared, string others)
        {
            if (shared is null)
            {
                Box("to", $"mov.b32 outer, {first};", "");
                Add($"add.s32 mask, to, {WarpgroupTile.BoxBytes};");
                Box("mask", $"add.s32 outer, {first}, {TensorMap.Box};", "");
                return;
            }
            Add(shared);
            Add($"mad.lo.s32 mask, place, {WarpgroupTile.BoxBytes}, to;");
            Box("mask", $"mad.lo.s32 outer, place, {TensorMap.Box}, {first};", $", {others}");

            void Box(string target, string find, string more)
            {
                Add(find);
                Add("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes" + (more.Length > 0 ? ".multicast::cluster" : "")
                    + $" [{target}], [{map}, {{{(turned ? "outer, k" : "k, outer")}}}], [full]{more};");
            }
        }
    }
}
