using System.Text;

namespace Silc;

/// <summary>
/// The producer's part of one tile of C: one thread loads the operands by TMA, cp.async.bulk.tensor (PTX ISA, "Data Movement and Conversion
/// Instructions: Tensor copy"), two boxes an operand, into the next stage that all warps of a consumer have released; then what the
/// epilogue reads, four boxes a stage.
/// </summary>
sealed class TmaProducerText(int ring) : IInstructionText
{
    readonly StringBuilder text = new();

    public static string Of(Type[] arguments)
    {
        var (stages, columns) = EpilogueOperand.Of(arguments[2]);
        return new TmaProducerText(WgmmaStages.Of(arguments[3]))
            .Write(arguments[0] == typeof(Bf16MMajor), arguments[1] == typeof(Bf16MMajor), stages, columns);
    }

    string Write(bool mMajorA, bool nMajorB, int operandStages, int operandColumns)
    {
        Add("{");
        Add(".reg .pred done;");
        Add(".reg .b32 stage, parity, full, free, to, k, steps, outer, other, flip;");
        Add(".reg .b64 map_a, map_b, map_o;");
        Add($"mov.b64 map_a, {CudaText.KernelArgument};");
        Add("cvta.param.u64 map_a, map_a;");
        Add($"add.s64 map_b, map_a, {TensorMap.Bytes};");
        Add($"add.s64 map_o, map_b, {TensorMap.Bytes};");
        Add("mov.b32 stage, %6;");
        Add("xor.b32 parity, %7, 1;");      // a stage is empty in the phase before the one in which it becomes full
        Add("mov.b32 k, %4;");
        Add("mov.b32 steps, %5;");
        Add("fetch:");
        BeginStage("taken");
        Operand("map_a", "%2", mMajorA);
        Operand("map_b", "%3", nMajorB);
        Add($"add.s32 k, k, {WgmmaTile.TileK};");
        EndStage();
        Add("sub.s32 steps, steps, 1;");
        Add("setp.gt.s32 done, steps, 0;");
        Add("@done bra fetch;");
        for (int half = 0; half < operandStages; half++)
        {
            BeginStage($"taken_{half}");
            for (int box = 0; box < 4; box++)
            {
                int column = box * operandColumns % WgmmaTile.Side, row = (half + box * operandColumns / WgmmaTile.Side) * TensorMap.Box;
                Add($"add.s32 outer, %2, {row};");
                Add($"add.s32 other, %3, {column};");
                Box("map_o", "other, outer");
            }
            EndStage();
        }
        Add("}");
        return text.ToString();
    }

    // Waits until the stage is empty, and announces the bytes that come.
    void BeginStage(string label)
    {
        Add("shl.b32 full, stage, 3;");
        Add("add.s32 full, full, %1;");
        Add($"add.s32 free, full, {8 * ring};");
        Add($"{label}:");
        Add("mbarrier.try_wait.parity.shared::cta.b64 done, [free], parity;");
        Add($"@!done bra {label};");
        Add($"mbarrier.arrive.expect_tx.shared::cta.b64 _, [full], {WgmmaTile.StageBytes};");
        Add($"mul.lo.s32 to, stage, {WgmmaTile.StageBytes};");
        Add("add.s32 to, to, %0;");
    }

    void EndStage()
    {
        Add("add.s32 stage, stage, 1;");
        Add($"setp.eq.s32 done, stage, {ring};");
        Add("selp.b32 stage, 0, stage, done;");
        Add("selp.b32 flip, 1, 0, done;");
        Add("xor.b32 parity, parity, flip;");
    }

    void Operand(string map, string first, bool mMajor)
    {
        for (int box = 0; box < 2; box++)
        {
            Add($"add.s32 outer, {first}, {box * TensorMap.Box};");
            Box(map, mMajor ? "outer, k" : "k, outer");
        }
    }

    // Coordinates are columns in memory, then rows.
    void Box(string map, string coordinates)
    {
        Add("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
            + $"[to], [{map}, {{{coordinates}}}], [full];");
        Add($"add.s32 to, to, {WgmmaTile.BoxBytes};");
    }

    void Add(string line) => text.Append(line).Append('\n');
}
