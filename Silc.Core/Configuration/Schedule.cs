namespace Silc;

/// <summary>Shape of the learning-rate multiplier between warm-up and cooldown.</summary>
public enum ScheduleKind
{
    /// <summary>1.</summary>
    Constant,

    /// <summary>½ (1 + cos π·progress), progress from the end of the warm-up to the end of the run.</summary>
    Cosine,

    /// <summary>1 / sqrt(1 + (step - warmup) / timescale): the paper's schedule, which can be extended.</summary>
    Rsqrt,
}

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
    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">The message names the value and its range.</exception>
    public void Check()
    {
        Require.NotNegative(WarmupSteps, "number of warm-up steps");
        Require.NotNegative(CooldownSteps, "number of cooldown steps");
        Require.That(Timescale is > 0 and < double.PositiveInfinity, $"timescale is {Timescale}, it must be positive");
    }

    /// <summary>Multiplier at <paramref name="step"/> (from 0) of a run of <paramref name="totalSteps"/>.</summary>
    public double At(long step, long totalSteps)
    {
        double after = Math.Max(0, step - WarmupSteps);
        var shape = Kind switch
        {
            ScheduleKind.Cosine => 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, after / Math.Max(1, totalSteps - WarmupSteps)))),
            ScheduleKind.Rsqrt => 1 / Math.Sqrt(1 + after / Timescale),
            _ => 1,
        };
        if (WarmupSteps > 0) shape *= Math.Min(1, step / (double)WarmupSteps);
        if (CooldownSteps > 0) shape *= Math.Clamp((totalSteps - step) / (double)CooldownSteps, 0, 1);
        return shape;
    }
}
