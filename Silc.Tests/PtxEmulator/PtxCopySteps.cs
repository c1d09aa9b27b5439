namespace Silc.Tests;

/// <summary>
/// cp.async: asynchronous copies from global to shared memory. The destination is written with NaN when the copy is issued, so that a race
/// with another warp's read is found, and with the data when its commit group is waited for.
/// </summary>
public static unsafe class PtxCopySteps
{
    const int Bytes = 16;

    public static Action<PtxWarp, uint> Of(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("async"), code.Text);
        if (code.Is("commit_group")) return static (warp, mask) => warp.Copies.Commit(mask);
        if (code.Is("wait_group"))
        {
            int left = int.Parse(code.Operands[0]);
            return (warp, mask) => warp.Copies.Wait(mask, left);
        }
        Assert.IsTrue(code.Is("cg") && code.Is("shared") && code.Is("global") && code.Operands[2] == "16", code.Text);
        var (sharedAt, offset) = PtxMemorySteps.Address(program, code.Operands[0]);
        PtxSource shared = sharedAt, global = PtxSteps.Source(program, code.Operands[1].Trim('[', ']'));
        var size = PtxSteps.Source(program, code.Operands[3]);
        return (warp, mask) =>
        {
            Span<int> touched = stackalloc int[32];
            int lanes = 0;
            ReadOnlySpan<ulong> to = shared(warp), from = global(warp), sizes = size(warp);
            foreach (var lane in PtxWarp.Lanes(mask))
            {
                var copy = new PtxCopy((int)to[lane] + offset, (long)from[lane], (int)sizes[lane]);
                if (copy.Size is not (0 or Bytes)) Assert.Fail(code.Text);
                if (copy.Size > 0) warp.Block.Global.Check(copy.Global, Bytes);
                warp.Block.Shared.Write(copy.Shared, Bytes, warp.Index).Fill(byte.MaxValue);
                warp.Copies.Issue(lane, copy);
                touched[lanes++] = copy.Shared;
            }
            warp.Block.Shared.Count(touched[..lanes], Bytes);
        };
    }

    public static void Arrive(PtxWarp warp, PtxCopy copy)
    {
        var to = warp.Block.Shared.Write(copy.Shared, Bytes, warp.Index);
        if (copy.Size == 0) to.Clear();
        else new ReadOnlySpan<byte>((void*)copy.Global, Bytes).CopyTo(to);
    }
}

/// <summary>One lane's copy: bytes beyond its size become zeros.</summary>
public readonly record struct PtxCopy(int Shared, long Global, int Size);

/// <summary>Pending copies of each lane of a warp, by commit group.</summary>
public sealed class PtxCopies(PtxWarp warp)
{
    readonly List<PtxCopy>[] begun = [.. Enumerable.Range(0, 32).Select(_ => new List<PtxCopy>())];
    readonly Queue<PtxCopy[]>[] batches = [.. Enumerable.Range(0, 32).Select(_ => new Queue<PtxCopy[]>())];

    public void Issue(int lane, PtxCopy copy) => begun[lane].Add(copy);

    public void Commit(uint mask)
    {
        foreach (var lane in PtxWarp.Lanes(mask))
        {
            batches[lane].Enqueue([.. begun[lane]]);
            begun[lane].Clear();
        }
    }

    public void Wait(uint mask, int left)
    {
        foreach (var lane in PtxWarp.Lanes(mask))
            while (batches[lane].Count > left)
                foreach (var copy in batches[lane].Dequeue()) PtxCopySteps.Arrive(warp, copy);
    }
}
