namespace Silc;

/// <summary>Shape of the learning-rate multiplier between warm-up and cooldown.</summary>
public enum ScheduleKind
{
    /// <summary>Multiplier 1 throughout.</summary>
    Constant,

    /// <summary>½ (1 + cos π·progress), progress from the end of the warm-up to the end of the run.</summary>
    Cosine,

    /// <summary>1 / sqrt(1 + (step + shift - warmup) / timescale): the paper's schedule, which can be extended.</summary>
    Rsqrt,

    /// <summary>1 - progress, progress as for <see cref="Cosine"/>.</summary>
    Linear,

    /// <summary>(1 - progress)^power.</summary>
    Polynomial,

    /// <summary>Constant between steps at which it changes: see <see cref="Schedule.Stairs"/>.</summary>
    Stair,
}

/// <summary>From a step on, the learning rate is a multiple of the base. Threads: immutable; any number may share it.</summary>
/// <param name="Step">The first step, from 0, counted with the warm-up.</param>
/// <param name="Multiplier">Of the base learning rate, not of the stair before.</param>
public sealed record Stair(int Step, double Multiplier);

/// <summary>
/// Learning-rate multiplier in [0, 1], a function of the step index from 0. Formulas are big_vision's
/// <c>create_learning_rate_schedule</c>: the shape times min(1, step / warmup) times min(1, (total - step) / cooldown).
/// Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var schedule = new Schedule(ScheduleKind.Cosine, WarmupSteps: 500);
/// double half = schedule.At(step: 250, totalSteps: 10_000);                // 0.5, or nearly so
/// </code>
/// </example>
/// <param name="Kind">Shape.</param>
/// <param name="WarmupSteps">Linear rise from 0.</param>
/// <param name="CooldownSteps">Linear fall to 0 at the end.</param>
/// <param name="Timescale">Steps after which rsqrt has fallen to 1/sqrt(2).</param>
public sealed record Schedule(ScheduleKind Kind = ScheduleKind.Cosine, int WarmupSteps = 0, int CooldownSteps = 0, double Timescale = 10_000)
{
    /// <summary>Steps by which rsqrt begins later in its fall.</summary>
    public double Shift { get; init; }

    /// <summary>Power of <see cref="ScheduleKind.Polynomial"/>.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Multiplier at the end of cosine, linear and polynomial.</summary>
    public double End { get; init; }

    /// <summary>
    /// Share of the schedule of cosine, linear and polynomial that an earlier run has behind it: this run takes the rest over its own steps, which
    /// stretches it where they are more than were left there.
    /// </summary>
    public double From { get; init; }

    /// <summary>The stairs of <see cref="ScheduleKind.Stair"/>, by rising step; before the first the multiplier is 1.</summary>
    // Any empty list is replaced by one and the same, because records compare lists by reference: schedules without stairs are then equal.
    public IReadOnlyList<Stair> Stairs { get; init => field = value.Count > 0 ? value : []; } = [];

    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">The message names the value and its range.</exception>
    public void Check()
    {
        Require.NotNegative(WarmupSteps, "number of warm-up steps");
        Require.NotNegative(CooldownSteps, "number of cooldown steps");
        Require.That(Timescale is > 0 and < double.PositiveInfinity, $"timescale is {Timescale}, it must be positive");
        Require.That(Shift is >= 0 and < double.PositiveInfinity, $"shift is {Shift}, it must not be negative");
        Require.That(Power is > 0 and < double.PositiveInfinity, $"power is {Power}, it must be positive");
        Require.Within(End, 0, 1, "multiplier at the end");
        Require.That(From is >= 0 and < 1, $"share of the schedule that an earlier run has behind it (--schedule-from) is {From}, it must be at "
            + "least 0 and below 1, where nothing is left to train");
        Require.That(From == 0 || Kind is ScheduleKind.Cosine or ScheduleKind.Linear or ScheduleKind.Polynomial,
            $"a schedule that goes on from a share of it (--schedule-from) is cosine, linear or polynomial, not "
            + $"{Kind.ToString().ToLowerInvariant()}: rsqrt has Shift (--shift) for that");
        foreach (var stair in Stairs) Require.NotNegative(stair.Multiplier, $"multiplier from step {stair.Step} on");
        Require.That(Stairs.Zip(Stairs.Skip(1)).All(pair => pair.First.Step < pair.Second.Step), "the steps of stairs must rise");
        Require.That(Stairs.Count == 0 || Kind == ScheduleKind.Stair, $"stairs are for the schedule stair, not {Kind.ToString().ToLowerInvariant()}");
    }

    /// <summary>Multiplier at <paramref name="step"/> (from 0) of a run of <paramref name="totalSteps"/>.</summary>
    public double At(long step, long totalSteps)
    {
        double after = Math.Max(0, step - WarmupSteps);
        var done = Math.Min(1, after / Math.Max(1, totalSteps - WarmupSteps));
        var progress = From + (1 - From) * done;
        var shape = Kind switch
        {
            ScheduleKind.Cosine => End + (1 - End) * (0.5 * (1 + Math.Cos(Math.PI * progress))),
            ScheduleKind.Linear => End + (1 - End) * (1 - progress),
            ScheduleKind.Polynomial => End + (1 - End) * Math.Pow(1 - progress, Power),
            ScheduleKind.Rsqrt => 1 / Math.Sqrt(1 + (after + Shift) / Timescale),
            ScheduleKind.Stair => Stairs.LastOrDefault(stair => stair.Step <= step)?.Multiplier ?? 1,
            _ => 1,
        };
        if (WarmupSteps > 0) shape *= Math.Min(1, step / (double)WarmupSteps);
        if (CooldownSteps > 0) shape *= Math.Clamp((totalSteps - step) / (double)CooldownSteps, 0, 1);
        return shape;
    }
}
