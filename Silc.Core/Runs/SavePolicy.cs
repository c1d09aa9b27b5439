namespace Silc;

/// <summary>
/// When a run writes checkpoints, and which of them stay. It always writes one at its end.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="EverySteps">Steps between checkpoints; 0 leaves it to <paramref name="EveryMinutes"/>.</param>
/// <param name="EveryMinutes">Minutes of training after which one is due; 0 leaves it to <paramref name="EverySteps"/>.</param>
/// <param name="Keep">The newest that stay. While one is written there is one more on the disk.</param>
/// <param name="KeepEvery">Checkpoints at multiples of this step are written and stay for good; 0 for none.</param>
public sealed record SavePolicy(int EverySteps = 0, double EveryMinutes = 10, int Keep = 3, int KeepEvery = 0)
{
    /// <summary>Whether one is due after a step.</summary>
    internal bool IsDue(long step, TimeSpan sinceLast) =>
        EverySteps > 0 && step % EverySteps == 0 || KeepEvery > 0 && step % KeepEvery == 0
        || EveryMinutes > 0 && sinceLast.TotalMinutes >= EveryMinutes;

    internal SavePolicy Check()
    {
        Require.That(EverySteps >= 0, $"steps between checkpoints is {EverySteps}, it must not be negative");
        Require.NotNegative(EveryMinutes, "minutes between checkpoints");
        Require.Positive(Keep, "checkpoints to keep");
        Require.That(KeepEvery >= 0, $"steps between checkpoints that stay is {KeepEvery}, it must not be negative");
        return this;
    }
}
