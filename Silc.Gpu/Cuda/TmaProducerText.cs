using System.Text;

namespace Silc;

/// <summary>
/// The producer's loop: one thread loads tiles by TMA, cp.async.bulk.tensor (PTX ISA, "Data Movement and Conversion Instructions: Tensor
/// copy"), two boxes an operand, into the next stage that all consumer warps have released.
/// </summary>
sealed class TmaProducerText : IInstructionText
{
    public static string Of(Type[] arguments)
    {
        bool mMajorA = arguments[0] == typeof(Bf16MMajor), nMajorB = arguments[1] == typeof(Bf16MMajor);
        var text = new StringBuilder();
        void Add(string line) => text.Append(line).Append('\n');

        Add("{");
        Add(".reg .pred done;");
        Add(".reg .b32 stage, parity, full, free, to, k, steps, outer, flip;");
        Add(".reg .b64 map_a, map_b;");
        Add($"mov.b64 map_a, {CudaText.KernelArgument};");
        Add("cvta.param.u64 map_a, map_a;");
        Add($"add.s64 map_b, map_a, {TensorMap.Bytes};");
        Add("mov.b32 stage, 0;");
        Add("mov.b32 parity, 1;");      // the phase before the first: every stage is empty
        Add("mov.b32 k, %4;");
        Add("mov.b32 steps, %5;");
        Add("fetch:");
        Add("shl.b32 full, stage, 3;");
        Add("add.s32 full, full, %1;");
        Add($"add.s32 free, full, {8 * WgmmaTile.Stages};");
        Add("taken:");
        Add("mbarrier.try_wait.parity.shared::cta.b64 done, [free], parity;");
        Add("@!done bra taken;");
        Add($"mbarrier.arrive.expect_tx.shared::cta.b64 _, [full], {WgmmaTile.StageBytes};");
        Add($"mul.lo.s32 to, stage, {WgmmaTile.StageBytes};");
        Add("add.s32 to, to, %0;");
        AddBoxes("map_a", "%2", mMajorA);
        AddBoxes("map_b", "%3", nMajorB);
        Add($"add.s32 k, k, {WgmmaTile.TileK};");
        Add("add.s32 stage, stage, 1;");
        Add($"setp.eq.s32 done, stage, {WgmmaTile.Stages};");
        Add("selp.b32 stage, 0, stage, done;");
        Add("selp.b32 flip, 1, 0, done;");
        Add("xor.b32 parity, parity, flip;");
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 done, steps, 0;");
        Add("@done bra fetch;");
        Add("}");
        return text.ToString();

        // Coordinates are columns in memory, then rows.
        void AddBoxes(string map, string first, bool mMajor)
        {
            for (int box = 0; box < 2; box++)
            {
                Add($"add.s32 outer, {first}, {box * TensorMap.Box};");
                Add("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                    + $"[to], [{map}, {{{(mMajor ? "outer, k" : "k, outer")}}}], [full];");
                Add($"add.s32 to, to, {WgmmaTile.BoxBytes};");
            }
        }
    }
}
