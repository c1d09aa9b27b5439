using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// AdamW, optax's form: p ← p - lr · m̂ / (√v̂ + ε) - decay · p, decay not multiplied by lr. Loshchilov and Hutter 2019,
/// arXiv:1711.05101. One launch for each run of neighbouring parameters with the same decay and rate; none for
/// frozen ones.
/// </summary>
sealed class AdamW : IOptimizer
{
    const float Epsilon = 1e-8f;

    readonly Parameters parameters;
    readonly TrainConfig train;
    readonly MemoryBuffer1D<float, Stride1D.Dense> mean, square;
    readonly List<(int Start, int Count, double Decay, double Rate)> runs = [];

    public AdamW(Parameters parameters, TrainConfig train)
    {
        (this.parameters, this.train) = (parameters, train);
        foreach (var p in parameters.All)
        {
            var decay = DecayRule.For(train.DecayRules, p.Name);
            var rate = RateRule.For(train.RateRules, p.Name);
            if (runs.Count > 0 && (runs[^1].Decay, runs[^1].Rate) == (decay, rate)) runs[^1] = runs[^1] with { Count = p.Offset + p.Count - runs[^1].Start };
            else runs.Add((p.Offset, p.Count, decay, rate));
        }

        runs.RemoveAll(run => run.Rate == 0);

        // After what the rules can refuse.
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

    public void Step(StepGate gate, double learningRate, double decay)
    {
        foreach (var (start, count, decays, rates) in runs)
            parameters.Device.Ops.AdamW(parameters.Values.Columns(start, count), parameters.Grads.Columns(start, count), Mean.Columns(start, count),
                Square.Columns(start, count), gate, (float)(learningRate * rates), (float)(decay * decays), (float)train.Beta1, (float)train.Beta2, Epsilon);
    }

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
