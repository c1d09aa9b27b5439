using System.Globalization;

namespace Silc.Samples.Training;

/// <summary>
/// How the learning rate changes where a run goes on with another end, rate or schedule: a cosine that
/// had decayed to 0 is high again in the middle of a longer run, and undoes what the last steps gained.
/// </summary>
static class RateNote
{
    // Of the base rate, for those who want to go on gently.
    const double Low = 0.01;

    /// <summary>The note; null where the rate goes on as it was.</summary>
    /// <param name="before">Of the run so far.</param>
    /// <param name="after">Of the run from here on.</param>
    /// <param name="step">Steps done.</param>
    public static string? Of(TrainConfig before, TrainConfig after, long step)
    {
        if (step >= after.TotalSteps || (before.TotalSteps, before.LearningRate, before.Schedule) == (after.TotalSteps, after.LearningRate,
            after.Schedule)) return null;
        double was = before.LearningRate * before.Schedule.At(Math.Max(0, step - 1), before.TotalSteps),
            next = after.LearningRate * after.Schedule.At(step, after.TotalSteps),
            last = after.LearningRate * after.Schedule.At(after.TotalSteps - 1, after.TotalSteps);
        var note = $"rate     {Text(was)} at step {step}, {Text(next)} at step {step + 1}, {Text(last)} at step {after.TotalSteps}";
        return next <= 2 * was ? note : $"{note}: it rises again; to keep it low give --lr {Text(Low * before.LearningRate)} --schedule constant";
    }

    static string Text(double rate) => rate.ToString("G3", CultureInfo.InvariantCulture);
}
