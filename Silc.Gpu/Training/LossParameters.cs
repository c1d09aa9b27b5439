namespace Silc;

/// <summary>
/// How the parameters that a loss has for itself are trained: by the run's optimizer, with moments and a count of updates of their own, which begin
/// when the loss does, and the run's gradient norm, rates and decay. They are in checkpoints and no part of the model. Threads: one at a time.
/// </summary>
sealed class LossParameters : IDisposable
{
    const string Optimizer = "optimizer/", State = "step_state/", Teacher = "teacher/";

    readonly LossTerm term;
    readonly string tower;
    readonly Parameters parameters;
    readonly Parameters? teacher;
    readonly TrainConfig train;
    readonly IOptimizer optimizer;
    readonly StepState own;

    /// <param name="term">The loss; without it nothing here moves.</param>
    /// <param name="tower">First part of the names of its parameters.</param>
    /// <param name="parameters">Those parameters; not disposed here.</param>
    /// <param name="teacher">Average of them, which follows with the teacher's momentum; null without.</param>
    /// <param name="train">Rules of the run.</param>
    public LossParameters(LossTerm term, string tower, Parameters parameters, Parameters? teacher, TrainConfig train)
    {
        (this.term, this.tower, this.parameters, this.teacher, this.train) = (term, tower, parameters, teacher, train);
        optimizer = train.Optimizer == OptimizerKind.AdamW ? new AdamW(parameters, train) : new Adafactor(parameters, train);
        try
        {
            own = new(parameters.Device);
        }
        catch
        {
            optimizer.Dispose();
            throw;
        }
    }

    /// <summary>The loss.</summary>
    public LossTerm Term => term;

    /// <summary>The parameters.</summary>
    public Parameters Parameters => parameters;

    /// <summary>Values in a checkpoint.</summary>
    public long StateCount => parameters.Count + optimizer.StateCount + (teacher?.Count ?? 0) + StepState.Size;

    /// <summary>Queues the update of a step whose gradient norm is known.</summary>
    public void Step(Ops ops, StepState state)
    {
        if (train.ClipByTensor && train.ClipNorm > 0)
            foreach (var p in parameters.All) ops.ClipTensor(p.Grad, (float)train.ClipNorm);
        ops.LateState(state, state.Always, own, (float)train.Beta1, (float)train.Beta2);
        optimizer.Step(state, null, teacher?.Values ?? default, own, tower);
    }

    /// <summary>Parameters, moments, count of updates and teacher, by names that no other has.</summary>
    public IEnumerable<NamedArray> ToArrays() =>
    [
        .. parameters.ToArrays(), .. optimizer.ToArrays().Select(array => array with { Name = Own(array.Name) }),
        .. teacher?.ToArrays(Teacher) ?? [], new(State + tower, [StepState.Size], own.Read()),
    ];

    /// <summary>Sets them from a checkpoint.</summary>
    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string origin)
    {
        parameters.Load(arrays, origin: origin);
        teacher?.Load(arrays, Teacher, origin);
        var prefix = Own(Optimizer);
        optimizer.Load(arrays.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(entry => Optimizer + entry.Key[prefix.Length..], entry => entry.Value), origin);
        own.Write(arrays.TryGetValue(State + tower, out var state) && state.Values.Length <= StepState.Size ? state.Values
            : throw new InvalidDataException($"{origin} lacks '{State}{tower}'"));
    }

    /// <summary>Everything of rank 0 on all ranks.</summary>
    public void Spread(ICollective collective)
    {
        collective.Broadcast(parameters.Values);
        if (teacher is not null) collective.Broadcast(teacher.Values);
        optimizer.Spread(collective);
        collective.Broadcast(own.Values);
    }

    string Own(string name) => $"{Optimizer}{tower}/{name[Optimizer.Length..]}";

    /// <summary>Frees moments and state.</summary>
    public void Dispose()
    {
        optimizer.Dispose();
        own.Dispose();
    }
}
