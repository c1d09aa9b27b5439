namespace Silc;

/// <summary>
/// The center c of a teacher's scores (1, K), which follows their mean: c ← m·c + (1 - m)·mean, unless the step was skipped. Threads: one at
/// a time.
/// </summary>
sealed class RunningCenter : IDisposable
{
    readonly Parameters parameters;
    readonly Parameter center, mean;

    /// <summary>A center of 0.</summary>
    public RunningCenter(Device device, int prototypes)
    {
        parameters = new(device);
        center = parameters.Add("center", 1, prototypes, Inits.Zeros);
        mean = parameters.Add("mean", 1, prototypes, Inits.Zeros);
        try
        {
            parameters.Allocate(seed: 0, gradients: false);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>c (1, K).</summary>
    public Tensor Value => center.Value;

    /// <summary>The mean that it will follow (1, K).</summary>
    public Tensor Mean => mean.Value;

    /// <summary>Takes c of the weights that <paramref name="read"/> passes on under the name <c>center</c>.</summary>
    public void Load(Action<string, ValueSink> read) => parameters.Write(center, read);

    /// <summary>The mean scores of equally large parts of the batch, one a row: what the center will follow.</summary>
    public void Observe(Ops ops, Tensor means) => ops.MeanRows(means, mean.Value);

    /// <summary>After the targets were used the center moves, unless the step was skipped.</summary>
    public void Move(Ops ops, StepState state) => ops.EmaUpdate(Value, mean.Value, state.CenterMomentum, state);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => parameters.Dispose();
}
