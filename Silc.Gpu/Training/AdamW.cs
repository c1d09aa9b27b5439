using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// AdamW, optax's form: p ← p - lr · m̂ / (√v̂ + ε) - decay · p, decay not multiplied by lr. Loshchilov and Hutter 2019,
/// arXiv:1711.05101. One launch for each run of neighbouring parameters with the same decay and rate, in which the teacher follows;
/// frozen ones do not move, but a teacher that was loaded may differ from them. With moments in shards each rank updates its part, and the teacher
/// follows when the values of all are there.
/// </summary>
sealed class AdamW : IOptimizer
{
    const string MeanPrefix = "optimizer/mean/", SquarePrefix = "optimizer/square/";

    readonly Parameters parameters;
    readonly TrainConfig train;
    readonly MomentShard? shard;
    readonly MemoryBuffer1D<float, Stride1D.Dense> mean, square;
    readonly List<Run> runs = [];
    // What was loaded, until it has reached the other ranks.
    float[]? wholeMean, wholeSquare;

    readonly record struct Run(int Start, int Count, double Decay, double Rate, string Tower, bool Late);

    /// <param name="parameters">Of the model.</param>
    /// <param name="train">Rules, betas and epsilon.</param>
    /// <param name="shard">The part of the moments that this rank holds; null for all.</param>
    public AdamW(Parameters parameters, TrainConfig train, MomentShard? shard = null)
    {
        (this.parameters, this.train, this.shard) = (parameters, train, shard);
        foreach (var p in parameters.All)
        {
            var decay = DecayRule.For(train.DecayRules, p.Name);
            var rate = RateRule.For(train.RateRules, p.Name);
            // The teacher has whole towers.
            var late = train.FrozenLastLayerSteps > 0 && p.Name.StartsWith(BigVisionNames.LastLayerPrefix, StringComparison.Ordinal);
            var run = new Run(p.Offset, p.Count, decay, rate, p.Tower, late);
            if (runs.Count > 0 && runs[^1] with { Start = run.Start, Count = run.Count } == run) runs[^1] =
                runs[^1] with { Count = p.Offset + p.Count - runs[^1].Start };
            else runs.Add(run);
        }

        // Allocate only after the rules, which may throw.
        var device = parameters.Device;
        mean = device.Allocate(Held, "Adam's first moments");
        try
        {
            square = device.Allocate(Held, "Adam's second moments");
        }
        catch
        {
            device.Free(mean);
            throw;
        }
        device.Zero(mean.View.AsContiguous());
        device.Zero(square.View.AsContiguous());
    }

    // Moments of each kind.
    int Held => shard?.Count ?? parameters.Values.Cols;

    Tensor Mean => new(mean.View.AsContiguous(), 1, Held);

    Tensor Square => new(square.View.AsContiguous(), 1, Held);

    public void Step(StepState state, StepState? lastLayer, Tensor teacher, StepState? late = null, string tower = "head")
    {
        var (ops, keep) = (parameters.Device.Ops, state.TeacherMomentum);
        (wholeMean, wholeSquare) = (null, null);
        if (shard is not null)
        {
            StepOfShard(state, lastLayer, late, tower);
            if (teacher.Count > 0) ops.EmaUpdate(teacher, parameters.Values.Columns(0, teacher.Count), keep, state);
            return;
        }
        foreach (var run in runs)
        {
            var follows = run.Start < teacher.Count ? teacher.Columns(run.Start, run.Count) : default;
            var own = OwnState(run, lastLayer, late, tower);
            // The teacher follows by the common step state, also while the last layer is frozen.
            if (run.Rate > 0)
                ops.AdamWUpdate(Part(parameters.Values), Part(parameters.Grads), Part(Mean), Part(Square), own ?? state,
                    (float)run.Rate, (float)run.Decay,
                    (float)train.Beta1, (float)train.Beta2, (float)train.Epsilon, own is null ? follows : default, keep);
            if (follows.Count > 0 && (run.Rate == 0 || own is not null)) ops.EmaUpdate(follows, Part(parameters.Values), keep, state);

            Tensor Part(Tensor all) => all.Columns(run.Start, run.Count);
        }
    }

    void StepOfShard(StepState state, StepState? lastLayer, StepState? late, string tower)
    {
        foreach (var run in runs.Where(run => run.Rate > 0))
            foreach (var (start, count, at) in shard!.PartsOf(run.Start, run.Count))
                parameters.Device.Ops.AdamWUpdate(parameters.Values.Columns(start, count), parameters.Grads.Columns(start, count),
                    Mean.Columns(at, count), Square.Columns(at, count), OwnState(run, lastLayer, late, tower) ?? state, (float)run.Rate,
                    (float)run.Decay, (float)train.Beta1, (float)train.Beta2, (float)train.Epsilon, teacher: default, state.TeacherMomentum);
        shard!.GatherValues();
    }

    // Of parameters that count their updates from another step than the run.
    static StepState? OwnState(Run run, StepState? lastLayer, StepState? late, string tower) =>
        run.Late && lastLayer is not null ? lastLayer : run.Tower == tower ? late : null;

    public void Spread(ICollective collective)
    {
        if (shard is null)
        {
            collective.Broadcast(Mean);
            collective.Broadcast(Square);
            return;
        }
        // Those of a new run are 0 everywhere.
        if (collective.Share([(byte)(wholeMean is null ? 0 : 1)])[0] == 0) return;
        shard.Spread(Mean, collective.Rank == 0 ? wholeMean : null);
        shard.Spread(Square, collective.Rank == 0 ? wholeSquare : null);
        (wholeMean, wholeSquare) = (null, null);
    }

    public void Forget(string prefix)
    {
        var ops = parameters.Device.Ops;
        foreach (var p in parameters.All.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)))
            foreach (var (_, count, at) in shard?.PartsOf(p.Offset, p.Count) ?? [(p.Offset, p.Count, p.Offset)])
            {
                ops.Fill(Mean.Columns(at, count), 0);
                ops.Fill(Square.Columns(at, count), 0);
            }
    }

    public long StateCount => 2 * parameters.Count;

    public IEnumerable<NamedArray> ToArrays() => [.. Arrays(Mean, MeanPrefix), .. Arrays(Square, SquarePrefix)];

    IReadOnlyList<NamedArray> Arrays(Tensor moments, string prefix) => shard is null ? parameters.ToArrays(moments, prefix)
        : shard.Collect(moments) is { } whole ? parameters.ToArrays(whole, prefix) : [];

    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        if (shard is null)
        {
            parameters.Load(Mean, arrays, MeanPrefix, origin);
            parameters.Load(Square, arrays, SquarePrefix, origin);
            return;
        }
        wholeMean = parameters.RowOf(parameters.Values.Cols, arrays, MeanPrefix, origin);
        wholeSquare = parameters.RowOf(parameters.Values.Cols, arrays, SquarePrefix, origin);
        shard.Set(Mean, wholeMean);
        shard.Set(Square, wholeSquare);
    }

    public void Dispose()
    {
        parameters.Device.Free(mean);
        parameters.Device.Free(square);
    }
}
