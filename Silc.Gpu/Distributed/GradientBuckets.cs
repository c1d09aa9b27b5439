namespace Silc;

/// <summary>
/// The sums over ranks of a step's gradients. Where exchange runs beside kernels, a tower's begin when its backward pass is queued: those of the
/// head travel during the forward pass of the global views, those of the text tower during the image tower's backward pass. Elsewhere all are added
/// when the backward pass is done. Threads: one at a time.
/// </summary>
sealed class GradientBuckets
{
    // 32 MiB: large enough for the bandwidth of NVLink, small enough that the last one is short.
    const int PieceFloats = 1 << 23;

    readonly Parameters parameters;
    readonly ICollective collective;
    readonly Dictionary<string, (int Start, int End)> towers = [];
    readonly HashSet<string> begun = [];

    public GradientBuckets(Parameters parameters, ICollective collective)
    {
        (this.parameters, this.collective) = (parameters, collective);
        var firsts = parameters.All.GroupBy(p => p.Tower).Select(tower => (tower.Key, Start: tower.First().Offset)).ToList();
        foreach (var (index, (tower, start)) in firsts.Index())
            towers[tower] = (start, index + 1 < firsts.Count ? firsts[index + 1].Start : parameters.Values.Cols);
    }

    /// <summary>The gradients of a tower are complete: no kernel that is queued later adds to them.</summary>
    public void Complete(string tower)
    {
        if (collective.IsAlone || !collective.Overlaps || !towers.ContainsKey(tower) || !begun.Add(tower)) return;
        Begin(tower);
    }

    /// <summary>All gradients are complete; what is queued later sees their sums.</summary>
    public void Finish()
    {
        if (begun.Count == 0) collective.AllReduce(parameters.Grads);
        else
        {
            foreach (var tower in towers.Keys)
                if (!begun.Contains(tower)) Begin(tower);
            collective.Finish();
        }
        begun.Clear();
    }

    void Begin(string tower)
    {
        var (start, end) = towers[tower];
        for (; start < end; start += PieceFloats) collective.Begin(parameters.Grads.Columns(start, Math.Min(PieceFloats, end - start)));
    }
}
