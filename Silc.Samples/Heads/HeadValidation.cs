using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>Measures a head while it is trained, on images that it is not trained on.</summary>
/// <param name="every">Steps from one measurement to the next; the last step is measured, too.</param>
/// <param name="ask">Asks the head.</param>
sealed class HeadValidation(int every, Func<SilcModel, ITrainedHead, HeadAnswers> ask)
{
    long measured = -1;

    /// <summary>The measure after this report, or null where none is due.</summary>
    public double? Of(HeadReport report, ITrainedHead head)
    {
        // A session that goes on has measured up to its first report.
        if (measured < 0) measured = (report.Step - 1) / every;
        if (report.Step / every == measured && report.Step < report.TotalSteps) return null;
        measured = report.Step / every;
        using var quiet = Progress.Quiet();
        return ask(head.Model, head).Value;
    }
}
