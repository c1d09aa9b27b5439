namespace Silc;

// Which losses run in a step, and what happens where one begins in the middle of a run. All of it follows from the configuration and the number of
// the step, so that a run that goes on from a checkpoint does the same.
public sealed partial class Trainer
{
    static readonly LossTerm[] teacherLosses = [LossTerm.Distillation, LossTerm.Mask];

    // Those of the step that is queued, or was last.
    HashSet<LossTerm> running = [];

    bool Runs(LossTerm term) => running.Contains(term);

    bool TeacherRuns => teacherLosses.Any(Runs);

    // Losses that train the head of the embeddings.
    IEnumerable<LossTerm> HeadLosses => Config.Masks.SharedHead ? [LossTerm.Distillation, LossTerm.Mask] : [LossTerm.Distillation];

    // Steps done when the head begins to learn.
    int HeadStart => FirstStart(HeadLosses);

    // The head that begins later has an update rule that counts from there.
    StepState? HeadState => lateHead is not null && Steps >= HeadStart ? lateHead : null;

    // Steps since the head began to learn; before that, those of the run without it.
    long HeadSteps => Steps >= HeadStart ? Steps - HeadStart : Steps;

    // Steps since the teacher began.
    long TeacherSteps => Math.Max(0, Steps - FirstStart(teacherLosses));

    int FirstStart(IEnumerable<LossTerm> losses) =>
        losses.Where(term => term.Weight(Config) > 0).Select(term => Config.SpanOf(term).Start).DefaultIfEmpty(0).Min();

    HashSet<LossTerm> RunningAt(long step) => [.. LossTerm.All.Where(term => Config.Runs(term, step))];

    // Before the launches of a step are queued: what has to be fresh, and whether they are others than those of the step before.
    void Enter()
    {
        Begin();
        // After a teacher that begins here, before this step moves it.
        if (gram is not null && Config.Gram.CopiesAt(Steps, Config.SpanOf(LossTerm.Gram))) gram.Take(Teacher!);
        var now = RunningAt(Steps);
        if (now.SetEquals(running)) return;
        running = now;
        graphs.Reset();
    }

    void Begin()
    {
        if (Teacher is null || Steps == 0 || !teacherLosses.Any(Begins)) return;
        // Values are drawn on the host, and no step at work may see them.
        device.Synchronize();
        if (HeadLosses.Any(Begins) && !HeadLosses.Any(RanBefore)) BeginHead();
        if (!teacherLosses.Any(RanBefore)) Teacher.Copy(student);
        device.Synchronize();
    }

    bool Begins(LossTerm term) => Config.Runs(term, Steps) && !RanBefore(term);

    bool RanBefore(LossTerm term) => Config.Runs(term, Steps - 1);

    // A head that was not trained, but decayed, is drawn again, by the run's seed, and forgets its moments.
    void BeginHead()
    {
        foreach (var p in student.Parameters.All.Where(p => p.Name.StartsWith(BigVisionNames.HeadPrefix, StringComparison.Ordinal)))
            student.Parameters.Draw(p, Config.Seed);
        optimizer.Forget(BigVisionNames.HeadPrefix);
        foreach (var state in new[] { lateHead, lastLayer }.OfType<StepState>()) device.Zero(state.View);
        Teacher!.CopyHead(student);
    }

    // Of the last so many steps those in which a loss ran.
    long Ran(LossTerm term, long counted) => Enumerable.Range(0, (int)counted).Count(back => Config.Runs(term, Math.Max(0, Steps - 1 - back)));
}
