namespace Silc;

/// <summary>An update rule over all parameters of a model.</summary>
interface IOptimizer : IDisposable
{
    /// <summary>Queues one update.</summary>
    /// <param name="state">Has learning rate and decay of this step. With found-inf nothing moves.</param>
    /// <param name="lastLayer">
    /// Step state of the last layer of the head, if it begins to learn later; null where it learns as all parameters do.
    /// </param>
    /// <param name="teacher">Average of the first parameters, which follows them with the momentum in <paramref name="state"/>; may be empty.</param>
    /// <param name="late">Step state of all parameters of a tower that began to learn later; <paramref name="lastLayer"/> goes before.</param>
    /// <param name="tower">First part of their names.</param>
    void Step(StepState state, StepState? lastLayer, Tensor teacher, StepState? late = null, string tower = "head");

    /// <summary>Sets the moments of parameters whose names begin so to 0.</summary>
    void Forget(string prefix);

    /// <summary>Gives every rank the moments that rank 0 has loaded; all ranks call it.</summary>
    void Spread(ICollective collective);

    /// <summary>Values of all moments, of all ranks together where each has a part.</summary>
    long StateCount { get; }

    /// <summary>
    /// Moments, as named arrays under <c>optimizer/</c>. Where each rank has a part all ranks call it, and those but the first get none.
    /// </summary>
    IEnumerable<NamedArray> ToArrays();

    /// <summary>Sets the moments from a checkpoint.</summary>
    void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin);
}
