using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// big_vision's Adafactor: factored second moments without parameter scaling or relative steps, and momentum without bias correction.
/// Shazeer and Stern 2018, arXiv:1804.04235; Zhai et al. 2022, arXiv:2106.04560, section 3.4. With moments in shards a rank holds its part of the
/// momentum and updates that; the second moments, of matrices a row and a column each, all ranks hold and compute alike.
/// </summary>
sealed class Adafactor : IOptimizer
{
    const string MomentumPrefix = "optimizer/momentum/";

    readonly Parameters parameters;
    readonly TrainConfig train;
    readonly MomentShard? shard;
    readonly MemoryBuffer1D<float, Stride1D.Dense> momentum, statistics;
    readonly List<Slot> slots = [];
    // What was loaded, until it has reached the other ranks.
    float[]? wholeMomentum;

    sealed record Slot(Parameter Parameter, FactoredShape Shape, double Decay, double Rate, Tensor Rows, Tensor Cols, Tensor Full);

    /// <param name="parameters">Of the model.</param>
    /// <param name="train">Rules and betas.</param>
    /// <param name="shard">The part of the momentum that this rank holds; null for all.</param>
    public Adafactor(Parameters parameters, TrainConfig train, MomentShard? shard = null)
    {
        (this.parameters, this.train, this.shard) = (parameters, train, shard);
        var device = parameters.Device;
        var shapes = parameters.All.Select(p => new FactoredShape(p.Shape)).ToList();
        var decays = parameters.All.Select(p => DecayRule.For(train.DecayRules, p.Name)).ToList();
        momentum = device.Allocate(Held, "Adafactor's momentum");
        try
        {
            statistics = device.Allocate(shapes.Sum(Size), "Adafactor's second moments");
        }
        catch
        {
            device.Free(momentum);
            throw;
        }
        device.Zero(momentum.View.AsContiguous());
        device.Zero(statistics.View.AsContiguous());

        long start = 0;
        foreach (var (p, shape, decay) in parameters.All.Zip(shapes, decays))
        {
            var own = statistics.View.AsContiguous().SubView(start, Size(shape));
            start += Size(shape);
            var rate = RateRule.For(train.RateRules, p.Name);
            slots.Add(shape.Factored
                ? new(p, shape, decay, rate, new(own, 1, shape.RowCount),
                    new(own.SubView(shape.RowCount, shape.ColCount), 1, shape.ColCount), new(own, 1, 1))
                : new(p, shape, decay, rate, new(own, 1, 1), new(own, 1, 1), new(own, 1, shape.Count)));
        }
    }

    static long Size(FactoredShape shape) => shape.Factored ? shape.RowCount + shape.ColCount : shape.Count;

    // Values of the momentum.
    int Held => shard?.Count ?? parameters.Values.Cols;

    Tensor Momentum => new(momentum.View.AsContiguous(), 1, Held);

    Tensor Statistics => new(statistics.View.AsContiguous(), 1, (int)statistics.Length);

    IEnumerable<(int Start, int Count, int At)> PartsOf(Parameter p) => shard?.PartsOf(p.Offset, p.Count) ?? [(p.Offset, p.Count, p.Offset)];

    public void Step(StepState state, StepState? lastLayer, Tensor teacher, StepState? late = null, string tower = "head")
    {
        wholeMomentum = null;
        foreach (var slot in slots.Where(slot => slot.Rate > 0))
        {
            var (p, followed) = (slot.Parameter, false);
            foreach (var (start, count, at) in PartsOf(p).DefaultIfEmpty((p.Offset, 0, 0)))
            {
                parameters.Device.Ops.AdafactorUpdate(slot.Shape, p.Value, p.Grad, Momentum.Columns(at, count), slot.Rows, slot.Cols, slot.Full,
                    lastLayer is not null && Begins(p, BigVisionNames.LastLayerPrefix) ? lastLayer
                        : late is not null && p.Tower == tower ? late : state,
                    new((float)slot.Rate, (float)slot.Decay, (float)train.Beta2, (float)train.Beta1, train.BFloat16Momentum), start - p.Offset,
                    followed);
                followed = true;
            }
        }
        shard?.GatherValues();
        if (teacher.Count > 0) parameters.Device.Ops.EmaUpdate(teacher, parameters.Values.Columns(0, teacher.Count), state.TeacherMomentum, state);
    }

    public void Spread(ICollective collective)
    {
        collective.Broadcast(Statistics);
        if (shard is null) collective.Broadcast(Momentum);
        // That of a new run is 0 everywhere.
        else if (collective.Share([(byte)(wholeMomentum is null ? 0 : 1)])[0] == 1)
            shard.Spread(Momentum, collective.Rank == 0 ? wholeMomentum : null);
        wholeMomentum = null;
    }

    public void Forget(string prefix)
    {
        var ops = parameters.Device.Ops;
        foreach (var slot in slots.Where(slot => Begins(slot.Parameter, prefix)))
        {
            foreach (var (_, count, at) in PartsOf(slot.Parameter)) ops.Fill(Momentum.Columns(at, count), 0);
            foreach (var statistic in slot.Shape.Factored ? new[] { slot.Rows, slot.Cols } : [slot.Full]) ops.Fill(statistic, 0);
        }
    }

    static bool Begins(Parameter p, string prefix) => p.Name.StartsWith(prefix, StringComparison.Ordinal);

    public long StateCount => parameters.Count + statistics.Length;

    public IEnumerable<NamedArray> ToArrays()
    {
        var whole = shard?.Collect(Momentum);
        if (shard is not null && whole is null) return [];      // it has given its part
        return
        [
            .. whole is null ? parameters.ToArrays(Momentum, MomentumPrefix) : parameters.ToArrays(whole, MomentumPrefix),
            new("optimizer/statistics", [(int)statistics.Length], parameters.Device.Download(statistics.View.AsContiguous())),
        ];
    }

    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        if (shard is null) parameters.Load(Momentum, arrays, MomentumPrefix, origin);
        else shard.Set(Momentum, wholeMomentum = parameters.RowOf(parameters.Values.Cols, arrays, MomentumPrefix, origin));
        if (!arrays.TryGetValue("optimizer/statistics", out var saved) || saved.Values.Length != statistics.Length)
            throw new InvalidDataException($"{origin} lacks 'optimizer/statistics' of {statistics.Length} values");
        parameters.Device.Upload<float>(saved.Values, statistics.View.AsContiguous());
    }

    public void Dispose()
    {
        parameters.Device.Free(momentum);
        parameters.Device.Free(statistics);
    }
}
