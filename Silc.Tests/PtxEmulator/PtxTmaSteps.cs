using System.Runtime.InteropServices;

namespace Silc.Tests;

/// <summary>
/// TMA and mbarriers of compute capability 9.0: cp.async.bulk.tensor of boxes with 128-byte swizzle, mbarrier.init, arrive and try_wait.
/// </summary>
public static unsafe class PtxTmaSteps
{
    public static Action<PtxWarp, uint> Of(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("tensor") && code.Is("2d") && !code.Is("multicast::cluster"), code.Text);
        // [to], [map, column, row], [barrier]
        var from = code.Operands.Select(operand => PtxSteps.Source(program, operand.Trim('[', ']', '{', '}', ' '))).ToArray();
        return (warp, mask) =>
        {
            foreach (var lane in PtxWarp.Lanes(mask))
            {
                var map = EmulatedTensorMaps.Read(warp.Block.Parameters.AsSpan((int)from[1](warp)[lane]));
                int to = (int)from[0](warp)[lane], column = (int)from[2](warp)[lane], row = (int)from[3](warp)[lane];
                Assert.AreEqual(0, to % 1024, "a swizzled box begins at a multiple of 1,024");
                var (block, barrier) = (warp.Block, warp.Block.Barriers[(int)from[4](warp)[lane]]);
                block.Transfers.Add((block.Round + Delay(map, row, column), Arrive));

                void Arrive()
                {
                    Copy(block, map, to, row, column);
                    barrier.Bytes -= BoxBytes;
                    barrier.Complete();
                }
            }
        };
    }

    const int BoxBytes = 2 * TensorMap.Box * TensorMap.Box;

    // Boxes overtake each other. float32, which a GEMM reads once, is as slow as device memory beside a cache.
    static int Delay(EmulatedTensorMap map, int row, int column) => (row * 7 + column * 3) / 32 % 5 * (map.ElementBytes == 4 ? 12 : 1);

    static void Copy(PtxBlock block, EmulatedTensorMap map, int to, int row, int column)
    {
        for (int line = 0; line < TensorMap.Box; line++)
            for (int i = 0; i < map.BoxColumns; i++)
            {
                int size = map.ElementBytes, offset = to + 128 * line + size * i, r = row + line, c = column + i;
                var target = block.Shared.Engine(offset ^ (offset >> 7 & 7) << 4, size, write: true);
                target.Clear();
                if (r >= map.Rows || c >= map.Columns) continue;
                long address = map.Address + r * map.StrideBytes + size * c;
                block.Global.Check(address, size);
                new ReadOnlySpan<byte>((void*)address, size).CopyTo(target);
            }
    }

    public static Action<PtxWarp, uint> Barrier(PtxProgram program, PtxInstruction code)
    {
        PtxSource Operand(int i) => PtxSteps.Source(program, code.Operands[i].Trim('[', ']', ' '));
        switch (code.Name[1])
        {
            case "init":
                var (created, arrivals) = (Operand(0), Operand(1));
                return (warp, mask) =>
                {
                    foreach (var lane in PtxWarp.Lanes(mask)) warp.Block.Barriers[(int)created(warp)[lane]] = new((int)arrivals(warp)[lane]);
                };
            case "arrive":
                var arrived = Operand(1);
                var bytes = code.Is("expect_tx") ? Operand(2) : null;
                return (warp, mask) =>
                {
                    foreach (var lane in PtxWarp.Lanes(mask))
                    {
                        var barrier = warp.Block.Barriers[(int)arrived(warp)[lane]];
                        if (bytes is not null) barrier.Bytes += (int)bytes(warp)[lane];
                        barrier.Pending--;
                        barrier.Complete();
                    }
                };
            case "try_wait":
                int target = program.Register(code.Operands[0]);
                var (waited, parity) = (Operand(1), Operand(2));
                return (warp, mask) =>
                {
                    foreach (var lane in PtxWarp.Lanes(mask))
                    {
                        // True if the phase of this parity has ended: the current one has the other.
                        bool done = warp.Block.Barriers[(int)waited(warp)[lane]].Phase != (int)parity(warp)[lane];
                        warp.Register(target)[lane] = done ? 1ul : 0;
                        if (!done) warp.Spins = true;
                    }
                };
            default: throw new NotSupportedException($"the emulator has no '{code.Text}'");
        }
    }
}

/// <summary>An mbarrier: a phase completes when all arrivals and all expected transaction bytes are in.</summary>
public sealed class PtxBarrier
{
    readonly int arrivals;

    public PtxBarrier(int arrivals) => this.arrivals = Pending = arrivals;

    public int Pending { get; set; }
    public int Bytes { get; set; }
    public int Phase { get; private set; }

    public void Complete()
    {
        Assert.IsTrue(Pending >= 0, "more arrivals at a barrier than it was made for");
        if (Pending == 0 && Bytes == 0) (Pending, Phase) = (arrivals, 1 - Phase);
    }
}

/// <summary>TMA descriptors of the emulator.</summary>
public sealed class EmulatedTensorMaps : ITensorMaps
{
    TensorMap ITensorMaps.Of(long address, int rows, int columns, long strideBytes, int elementBytes, int boxColumns)
    {
        Assert.IsTrue(address % 16 == 0 && strideBytes % 16 == 0, "the copy engine wants multiples of 16 bytes");
        Assert.AreEqual(128, elementBytes * boxColumns, "a swizzled line is 128 bytes");
        Span<TensorMap> map = [default];
        MemoryMarshal.Write(MemoryMarshal.AsBytes(map), new EmulatedTensorMap(address, rows, columns, strideBytes, elementBytes, boxColumns));
        return map[0];
    }

    public static EmulatedTensorMap Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<EmulatedTensorMap>(bytes);
}

public readonly record struct EmulatedTensorMap(long Address, int Rows, int Columns, long StrideBytes, int ElementBytes, int BoxColumns);
