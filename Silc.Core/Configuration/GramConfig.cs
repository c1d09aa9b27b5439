namespace Silc;

/// <summary>
/// Which teacher Gram anchoring holds the student's patches to: copies of the EMA teacher, that no longer move. Threads: immutable; any number may
/// share it.
/// </summary>
/// <param name="Anchor">Steps done when the teacher is copied for the first time; null when the loss begins.</param>
/// <param name="Every">Steps from one copy to the next, which takes its place; 0 keeps the first. DINOv3 has 10,000.</param>
/// <param name="Copies">Most copies, the first among them.</param>
public sealed partial record GramConfig(int? Anchor = null, int Every = 0, int Copies = 4)
{
    internal void Check(LossSpan span)
    {
        Require.That(Anchor is null or >= 0 && !(Anchor > span.Start),
            $"the teacher is copied after {Anchor} steps (--anchor), and the Gram loss begins after {span.Start} (--gram-start): it must be "
                + $"there by then");
        Require.NotNegative(Every, "steps between copies of the teacher (--anchor-every)");
        Require.Positive(Copies, "copies of the teacher (--anchor-copies)");
    }

    /// <summary>True where the teacher is copied before a step, counted from 0.</summary>
    internal bool CopiesAt(long step, LossSpan span)
    {
        long since = step - (Anchor ?? span.Start);
        return since == 0 || since > 0 && Every > 0 && since % Every == 0 && since / Every < Copies;
    }
}
