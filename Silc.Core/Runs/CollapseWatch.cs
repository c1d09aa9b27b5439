namespace Silc;

/// <summary>Watches the health of self-distillation from report to report, and warns once when it stays bad. Threads: one at a time.</summary>
sealed class CollapseWatch
{
    // One bad report may be noise of a single batch, above all in the first steps.
    const int InRow = 3;

    // Groups of images that the teacher told apart at its best and does not any more.
    const double Told = 2.5, Untold = 1.2;

    int bad;
    double best;

    /// <summary>The warning, with its remedy, at the third bad report in a row and not again before a good one; else null.</summary>
    public string? Read(DistillationHealth? health)
    {
        best = Math.Max(best, health?.GroupsTold ?? 0);
        var complaint = health?.Complaint() ?? Lost(health);
        bad = complaint is null ? 0 : bad + 1;
        return bad == InRow ? complaint : null;
    }

    // Whatever the entropies are: the same output for every image, which moves from step to step. A run may begin like that, so only a loss counts.
    string? Lost(DistillationHealth? health) => health is null || health.GroupsTold > Untold || best < Told ? null
        : $"self-distillation is collapsing: the teacher's outputs tell {health.GroupsTold:F1} groups of images apart, and told {best:F1} "
            + "before; follow the student more slowly with a higher --ema, lower the learning rate, or give distillation less weight "
            + "(--distillation)";
}
