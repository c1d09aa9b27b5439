namespace Silc;

/// <summary>An update rule over all parameters of a model.</summary>
interface IOptimizer : IDisposable
{
    /// <summary>Queues one update.</summary>
    /// <param name="gate">Has learning rate and decay of this step. Closed: nothing moves.</param>
    /// <param name="teacher">Average of the first parameters, which follows them; may be empty.</param>
    /// <param name="momentum">Of the teacher.</param>
    void Step(StepState gate, Tensor teacher, double momentum);

    /// <summary>Values of all moments.</summary>
    long StateCount { get; }

    /// <summary>Moments, as named arrays under <c>optimizer/</c>.</summary>
    IEnumerable<NamedArray> ToArrays();

    /// <summary>Sets the moments from a checkpoint.</summary>
    void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin);
}
