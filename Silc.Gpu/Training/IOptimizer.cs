namespace Silc;

/// <summary>An update rule over all parameters of a model.</summary>
interface IOptimizer : IDisposable
{
    /// <summary>Queues one update.</summary>
    /// <param name="gate">Has learning rate and decay of this step. Closed: nothing moves.</param>
    /// <param name="lastLayer">The gate of the last layer of the head, which may learn later; null where it learns as all do.</param>
    /// <param name="teacher">Average of the first parameters, which follows them with the gate's momentum; may be empty.</param>
    void Step(StepState gate, StepState? lastLayer, Tensor teacher);

    /// <summary>Values of all moments.</summary>
    long StateCount { get; }

    /// <summary>Moments, as named arrays under <c>optimizer/</c>.</summary>
    IEnumerable<NamedArray> ToArrays();

    /// <summary>Sets the moments from a checkpoint.</summary>
    void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin);
}
