namespace Silc;

/// <summary>An update rule over all parameters of a model.</summary>
interface IOptimizer : IDisposable
{
    /// <summary>Queues one update. Learning rate and decay are multiplied by the schedule already.</summary>
    void Step(StepGate gate, double learningRate, double decay);

    /// <summary>Moments, as named arrays under <c>optimizer/</c>.</summary>
    IEnumerable<NamedArray> ToArrays();

    /// <summary>Sets the moments from a checkpoint.</summary>
    void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin);
}
