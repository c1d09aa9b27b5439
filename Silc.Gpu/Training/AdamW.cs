using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// AdamW, optax's form: p ← p - lr · m̂ / (√v̂ + ε) - decay · p, decay not multiplied by lr. Loshchilov and Hutter 2019,
/// arXiv:1711.05101. One launch for each run of neighbouring parameters with the same decay and rate, in which the teacher follows;
/// frozen ones do not move, but a teacher that was loaded may differ from them.
/// </summary>
sealed class AdamW : IOptimizer
{
    readonly Parameters parameters;
    readonly TrainConfig train;
    readonly MemoryBuffer1D<float, Stride1D.Dense> mean, square;
    readonly List<Run> runs = [];

    readonly record struct Run(int Start, int Count, double Decay, double Rate, string Tower, bool Late);

    public AdamW(Parameters parameters, TrainConfig train)
    {
        (this.parameters, this.train) = (parameters, train);
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
        mean = device.Allocate(parameters.Values.Cols, "Adam's first moments");
        try
        {
            square = device.Allocate(parameters.Values.Cols, "Adam's second moments");
        }
        catch
        {
            device.Free(mean);
            throw;
        }
        device.Zero(mean.View.AsContiguous());
        device.Zero(square.View.AsContiguous());
    }

    Tensor Mean => new(mean.View.AsContiguous(), 1, parameters.Values.Cols);

    Tensor Square => new(square.View.AsContiguous(), 1, parameters.Values.Cols);

    public void Step(StepState state, StepState? lastLayer, Tensor teacher, StepState? late = null, string tower = "head")
    {
        var (ops, keep) = (parameters.Device.Ops, state.TeacherMomentum);
        foreach (var run in runs)
        {
            var follows = run.Start < teacher.Count ? teacher.Columns(run.Start, run.Count) : default;
            var own = run.Late && lastLayer is not null ? lastLayer : run.Tower == tower ? late : null;
            // The teacher follows by the common step state, also while the last layer is frozen.
            if (run.Rate > 0)
                ops.AdamWUpdate(Part(parameters.Values), Part(parameters.Grads), Part(Mean), Part(Square), own ?? state,
                    (float)run.Rate, (float)run.Decay,
                    (float)train.Beta1, (float)train.Beta2, (float)train.Epsilon, own is null ? follows : default, keep);
            if (follows.Count > 0 && (run.Rate == 0 || own is not null)) ops.EmaUpdate(follows, Part(parameters.Values), keep, state);

            Tensor Part(Tensor all) => all.Columns(run.Start, run.Count);
        }
    }

    public void Forget(string prefix)
    {
        foreach (var p in parameters.All.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)))
            foreach (var moments in Moments) parameters.Device.Ops.Fill(moments.Columns(p.Offset, p.Count), 0);
    }

    public IEnumerable<Tensor> Moments => [Mean, Square];

    public long StateCount => 2 * parameters.Count;

    public IEnumerable<NamedArray> ToArrays() =>
        [.. parameters.ToArrays(Mean, "optimizer/mean/"), .. parameters.ToArrays(Square, "optimizer/square/")];

    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        parameters.Load(Mean, arrays, "optimizer/mean/", origin);
        parameters.Load(Square, arrays, "optimizer/square/", origin);
    }

    public void Dispose()
    {
        parameters.Device.Free(mean);
        parameters.Device.Free(square);
    }
}
