using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// big_vision's Adafactor: factored second moments without parameter scaling or relative steps, and momentum without bias correction.
/// Shazeer and Stern 2018, arXiv:1804.04235; Zhai et al. 2022, arXiv:2106.04560, section 3.4.
/// </summary>
sealed class Adafactor : IOptimizer
{
    readonly Parameters parameters;
    readonly TrainConfig train;
    readonly MemoryBuffer1D<float, Stride1D.Dense> momentum, statistics;
    readonly List<Slot> slots = [];

    sealed record Slot(Parameter Parameter, FactoredShape Shape, double Decay, double Rate, Tensor Rows, Tensor Cols, Tensor Full);

    public Adafactor(Parameters parameters, TrainConfig train)
    {
        (this.parameters, this.train) = (parameters, train);
        var device = parameters.Device;
        var shapes = parameters.All.Select(p => new FactoredShape(p.Shape)).ToList();
        var decays = parameters.All.Select(p => DecayRule.For(train.DecayRules, p.Name)).ToList();
        momentum = device.Allocate(parameters.Values.Cols, "Adafactor's momentum");
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

    Tensor Momentum => new(momentum.View.AsContiguous(), 1, parameters.Values.Cols);

    public void Step(StepState state, StepState? lastLayer, Tensor teacher, StepState? late = null, string tower = "head")
    {
        foreach (var slot in slots.Where(slot => slot.Rate > 0))
        {
            var p = slot.Parameter;
            parameters.Device.Ops.AdafactorUpdate(slot.Shape, p.Value, p.Grad, Momentum.Columns(p.Offset, p.Count), slot.Rows, slot.Cols, slot.Full,
                lastLayer is not null && Begins(p, BigVisionNames.LastLayerPrefix) ? lastLayer
                    : late is not null && p.Tower == tower ? late : state,
                new((float)slot.Rate, (float)slot.Decay, (float)train.Beta2, (float)train.Beta1, train.BFloat16Momentum));
        }
        if (teacher.Count > 0) parameters.Device.Ops.EmaUpdate(teacher, parameters.Values.Columns(0, teacher.Count), state.TeacherMomentum, state);
    }

    public void Spread(ICollective collective)
    {
        collective.Broadcast(Momentum);
        collective.Broadcast(new(statistics.View.AsContiguous(), 1, (int)statistics.Length));
    }

    public void Forget(string prefix)
    {
        var ops = parameters.Device.Ops;
        foreach (var slot in slots.Where(slot => Begins(slot.Parameter, prefix)))
        {
            ops.Fill(Momentum.Columns(slot.Parameter.Offset, slot.Parameter.Count), 0);
            foreach (var statistic in slot.Shape.Factored ? new[] { slot.Rows, slot.Cols } : [slot.Full]) ops.Fill(statistic, 0);
        }
    }

    static bool Begins(Parameter p, string prefix) => p.Name.StartsWith(prefix, StringComparison.Ordinal);

    public long StateCount => parameters.Count + statistics.Length;

    public IEnumerable<NamedArray> ToArrays() =>
    [
        .. parameters.ToArrays(Momentum, "optimizer/momentum/"),
        new("optimizer/statistics", [(int)statistics.Length], parameters.Device.Download(statistics.View.AsContiguous())),
    ];

    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        parameters.Load(Momentum, arrays, "optimizer/momentum/", origin);
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
