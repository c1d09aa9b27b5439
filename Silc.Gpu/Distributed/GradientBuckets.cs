namespace Silc;

/// <summary>
/// The sums over ranks of a step's gradients. Where exchange runs beside kernels, those of the head travel during the forward pass of the global
/// views, those of a transformer's blocks during the backward pass of the blocks before them, some blocks together, and the rest of a tower when
/// its backward pass is queued. Elsewhere all are added when the backward pass is done. Threads: one at a time.
/// </summary>
sealed class GradientBuckets
{
    // 32 MiB: large enough for the bandwidth of NVLink, small enough that the last one is short. Of small models an eighth, so that most overlaps.
    const int MostFloats = 1 << 23, Parts = 8;

    readonly Parameters parameters;
    readonly ICollective collective;
    // Floats that travel together: at most, and of blocks at least.
    readonly int bucket;
    readonly Dictionary<string, TowerGradients> towers = [];
    readonly Dictionary<string, (string Tower, int Start, int End)> blocks = [];
    bool begun;

    // Where a tower's gradients lie, and which of them have begun.
    sealed record TowerGradients(int Start, int End)
    {
        /// <summary>From here on the blocks' kernels are complete.</summary>
        public int Ready { get; set; }

        /// <summary>From here on they have begun.</summary>
        public int Sent { get; set; }

        /// <summary>Their end.</summary>
        public int Kernels { get; set; }

        /// <summary>All of the tower have begun.</summary>
        public bool IsDone { get; set; }

        public void Reset() => (Ready, Sent, Kernels, IsDone) = (End, End, End, false);
    }

    public GradientBuckets(Parameters parameters, ICollective collective)
    {
        (this.parameters, this.collective) = (parameters, collective);
        bucket = Math.Clamp(parameters.Values.Cols / Parts, 1, MostFloats);
        var firsts = parameters.All.GroupBy(p => p.Tower).Select(tower => (tower.Key, Start: tower.First().Offset)).ToList();
        foreach (var (index, (tower, start)) in firsts.Index())
            towers[tower] = new(start, index + 1 < firsts.Count ? firsts[index + 1].Start : parameters.Values.Cols);
        // Kernels of a block are neighbours; its biases and norms lie behind those of all blocks, and are few.
        foreach (var p in parameters.All.Where(p => p.Name.EndsWith("/kernel", StringComparison.Ordinal)))
            if (BlockOf(p.Name) is { } block)
                blocks[block] = (p.Tower, blocks.TryGetValue(block, out var range) ? range.Start : p.Offset, p.Offset + p.Count);
        Reset();
    }

    /// <summary>
    /// Wants to be told each transformer block whose gradients are complete, from the last to the first; null where that helps nobody.
    /// </summary>
    public Action<string>? Blocks => collective.IsAlone || !collective.Overlaps ? null : CompleteBlock;

    /// <summary>The gradients of a tower are complete: no kernel that is queued later adds to them.</summary>
    public void Complete(string tower)
    {
        if (collective.IsAlone || !collective.Overlaps || !towers.TryGetValue(tower, out var of) || of.IsDone) return;
        Begin(of.Start, of.Sent);
        Begin(of.Kernels, of.End);
        of.IsDone = true;
    }

    void CompleteBlock(string name)
    {
        if (!blocks.TryGetValue(name, out var block)) return;
        var of = towers[block.Tower];
        // The first that comes is the tower's last; one that does not touch those that are ready waits for the tower.
        if (of.Ready == of.End) (of.Ready, of.Sent, of.Kernels) = (block.End, block.End, block.End);
        if (of.Ready - block.End is < 0 or >= Parameters.Alignment) return;
        of.Ready = block.Start;
        if (of.Sent - of.Ready < bucket) return;
        Begin(of.Ready, of.Sent);
        of.Sent = of.Ready;
    }

    /// <summary>All gradients are complete; what is queued later sees their sums.</summary>
    public void Finish()
    {
        if (!begun) collective.AllReduce(parameters.Grads);
        else foreach (var tower in towers.Keys) Complete(tower);
        collective.Finish();
        Reset();
    }

    void Begin(int start, int end)
    {
        if (start >= end) return;
        begun = true;
        for (long at = start; at < end; at += bucket) collective.Begin(parameters.Grads.Columns((int)at, (int)Math.Min(bucket, end - at)));
    }

    void Reset()
    {
        begun = false;
        foreach (var tower in towers.Values) tower.Reset();
    }

    // The part of a name up to the block's number, as the transformer says it.
    static string? BlockOf(string name)
    {
        const string Block = "/encoderblock_";
        int at = name.IndexOf(Block, StringComparison.Ordinal);
        return at < 0 ? null : name[..name.IndexOf('/', at + Block.Length)];
    }
}
