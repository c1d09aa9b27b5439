namespace Silc;

/// <summary>Watches the health of self-distillation from report to report, and warns once when it stays bad. Threads: one at a time.</summary>
sealed class CollapseWatch
{
    // One bad report may be noise of a single batch, above all in the first steps.
    const int InRow = 3;

    int bad;

    /// <summary>The warning, with its remedy, at the third bad report in a row and not again before a good one; else null.</summary>
    public string? Read(DistillationHealth? health)
    {
        var complaint = health?.Complaint();
        bad = complaint is null ? 0 : bad + 1;
        return bad == InRow ? complaint : null;
    }
}
