using System.Numerics;

namespace Silc.Tests;

/// <summary>
/// A warp: 32 lanes in lock step. Lanes that diverge take turns, those with the lowest program counter first, so that they reconverge.
/// </summary>
public sealed class PtxWarp
{
    public const uint All = uint.MaxValue;

    readonly PtxStep[] code;
    readonly int[] at = new int[32];
    uint alive, waiting, waitingForWarp;

    public PtxWarp(PtxStep[] code, int registers, PtxBlock block, int index, int lanes)
    {
        (this.code, Block, Index) = (code, block, index);
        Registers = new ulong[registers * 32];
        Threads = [.. Enumerable.Range(0, 32).Select(lane => (ulong)(index * 32 + lane))];
        alive = lanes == 32 ? All : (1u << lanes) - 1;
        Copies = new(this);
    }

    /// <summary>Pending cp.async copies.</summary>
    public PtxCopies Copies { get; }

    public PtxBlock Block { get; }

    public int Index { get; }

    /// <summary>Register r of lane l is at [r · 32 + l].</summary>
    public ulong[] Registers { get; }

    /// <summary>%tid.x</summary>
    public ulong[] Threads { get; }

    public bool Done => alive == 0;

    /// <summary>True while the whole warp waits at a barrier.</summary>
    public bool Waits => waiting != 0 && waiting == alive;

    public Span<ulong> Register(int number) => Registers.AsSpan(number * 32, 32);

    public void Release() => waiting = 0;

    /// <summary>Set by an instruction that waits for another warp: the other warps run first.</summary>
    public bool Spins { get; set; }

    /// <summary>Runs until every lane has returned or waits at a barrier.</summary>
    public void Run()
    {
        Spins = false;
        while ((alive & ~waiting) != 0)
        {
            // All lanes have come to a barrier of the warp.
            if (waitingForWarp == alive) waitingForWarp = 0;
            var ready = alive & ~waiting & ~waitingForWarp;
            if (ready == 0) Assert.Fail("some lanes of a warp wait for each other, the rest for other warps");
            int here = int.MaxValue;
            for (var left = ready; left != 0; left &= left - 1) here = Math.Min(here, at[BitOperations.TrailingZeroCount(left)]);
            uint active = 0;
            int next = int.MaxValue;
            for (var left = ready; left != 0; left &= left - 1)
            {
                int lane = BitOperations.TrailingZeroCount(left);
                if (at[lane] == here) active |= 1u << lane;
                else next = Math.Min(next, at[lane]);
            }
            // These lanes run alone up to where the next ones wait.
            while (here < next)
            {
                var step = code[here];
                var mask = active;
                if (step.Guard >= 0)
                {
                    mask = 0;
                    var guard = Register(step.Guard);
                    for (int lane = 0; lane < guard.Length; lane++) mask |= (guard[lane] != 0 ? 1u : 0) << lane;
                    mask = (step.GuardNegated ? ~mask : mask) & active;
                }
                here++;
                Block.Instructions++;
                if (step.Kind == PtxStepKind.Work)
                {
                    if (mask != 0) step.Run!(this, mask);
                    if (!Spins) continue;
                    foreach (var lane in Lanes(active)) at[lane] = here;
                    return;
                }
                foreach (var lane in Lanes(active)) at[lane] = here;
                if (step.Kind == PtxStepKind.Branch)
                {
                    if (step.Uniform && mask != 0 && mask != active) Assert.Fail($"lanes of a warp part at '{step.Text}', a uniform branch");
                    foreach (var lane in Lanes(mask)) at[lane] = step.Target;
                }
                else if (step.Kind == PtxStepKind.Return) alive &= ~mask;
                else if (step.Kind == PtxStepKind.WarpBarrier) waitingForWarp |= mask;
                else waiting |= mask;
                active = 0;
                break;
            }
            foreach (var lane in Lanes(active)) at[lane] = here;
        }
    }

    public static PtxLanes Lanes(uint mask) => new(mask);

    /// <summary>Fails at an instruction that a whole warp executes if some lanes are elsewhere.</summary>
    public static void RequireAll(uint mask, PtxInstruction code)
    {
        if (mask != All) Assert.Fail($"a whole warp must come to '{code.Text}', here come the lanes {mask:x8}");
    }
}

/// <summary>The numbers of lanes, in a foreach.</summary>
public struct PtxLanes(uint mask)
{
    uint left = mask;

    public int Current { get; private set; }

    public readonly PtxLanes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (left == 0) return false;
        Current = BitOperations.TrailingZeroCount(left);
        left &= left - 1;
        return true;
    }
}

public enum PtxStepKind { Work, Branch, Return, Barrier, WarpBarrier }

/// <summary>A decoded instruction.</summary>
public sealed record PtxStep(PtxStepKind Kind, int Guard, bool GuardNegated, Action<PtxWarp, uint>? Run, int Target, bool Uniform, string Text);

/// <summary>A running thread block: its index in the grid and its shared memory.</summary>
public sealed class PtxBlock(int index, int blocks, int lanes, SharedMemoryModel shared, byte[] parameters, DeviceMemoryModel global)
{
    public ulong[] BlockIdx { get; } = [.. Enumerable.Repeat((ulong)index, 32)];
    public ulong[] GridDim { get; } = [.. Enumerable.Repeat((ulong)blocks, 32)];
    public ulong[] BlockDim { get; } = [.. Enumerable.Repeat((ulong)lanes, 32)];
    public SharedMemoryModel Shared => shared;

    /// <summary>Barriers in shared memory, by their addresses.</summary>
    public Dictionary<int, PtxBarrier> Barriers { get; } = [];

    /// <summary>Copies by TMA on their way, and the round in which each arrives; in a round every warp runs until it waits.</summary>
    public List<(int Round, Action Copy)> Transfers { get; } = [];

    public int Round { get; private set; }

    /// <summary>Ends a round: what is due by now arrives.</summary>
    public void EndRound()
    {
        Round++;
        foreach (var (_, copy) in Transfers.Where(transfer => transfer.Round <= Round)) copy();
        Transfers.RemoveAll(transfer => transfer.Round <= Round);
    }

    public byte[] Parameters => parameters;
    public DeviceMemoryModel Global => global;

    /// <summary>Instructions of warps.</summary>
    public long Instructions { get; set; }
}

/// <summary>Addresses that a kernel may access: the emulator runs on the memory of this process.</summary>
public sealed class DeviceMemoryModel
{
    readonly List<(long Start, long End)> regions = [];
    (long Start, long End) last;

    public void Allow(long address, long bytes) => regions.Add((address, address + bytes));

    public void Check(long address, int bytes)
    {
        if (address % bytes != 0) Assert.Fail($"{bytes} bytes of device memory at {address:x} are not aligned");
        if (address >= last.Start && address + bytes <= last.End) return;
        foreach (var region in regions)
            if (address >= region.Start && address + bytes <= region.End)
            {
                last = region;
                return;
            }
        Assert.Fail($"{bytes} bytes at {address:x} are outside of device memory");
    }
}
