using System.Diagnostics;

namespace Silc.Samples.Training;

/// <summary>
/// Judges anew, after a quarter of the demo's steps, how many fit into its time. The trial before it runs while methods are still being
/// compiled, and found 702 steps where 1,279 fit; the second eighth of the run says what a step costs for good.
/// </summary>
/// <param name="run">Which begins now.</param>
sealed class DemoPace(TrainRun run)
{
    readonly Stopwatch clock = Stopwatch.StartNew();
    readonly int planned = run.Trainer.Config.TotalSteps;
    TimeSpan eighth;

    /// <summary>Takes the time after each step, and moves the end of the run after a quarter; true would end it at once.</summary>
    public bool Look(long step)
    {
        if (step == planned / 8) eighth = clock.Elapsed;
        if (step != planned / 4) return false;
        var now = clock.Elapsed;
        var steps = DemoRecipe.StepsInTime((int)step, now, (now - eighth) / (step - planned / 8));
        if (steps != planned) TrainProgress.Say($"steps    {steps:N0} fit into the time, by the pace of those before");
        run.EndAt(steps);
        return false;
    }
}
