namespace Silc;

/// <summary>The steps in which a loss runs. Threads: immutable; any number may share it.</summary>
/// <param name="Loss"><see cref="LossTerm.Name"/> of the loss.</param>
/// <param name="Start">
/// Steps done when it begins, 0 for the first step. Until then the run is, to the last bit, that without the loss. A loss that begins later finds a
/// teacher that is a copy of the student, unless one was in use, and parameters of its own that are as good as new.
/// </param>
/// <param name="End">Steps done when it ends; null for the end of the run.</param>
public sealed record LossSpan(string Loss, int Start = 0, int? End = null)
{
    /// <summary>True for a step in which it runs, counted from 0.</summary>
    public bool Contains(long step) => step >= Start && !(step >= End);

    internal void Check(IReadOnlyList<LossSpan> all)
    {
        Require.That(LossTerm.All.Any(term => term.Name == Loss),
            $"a span of steps is for the loss '{Loss}'; there are {string.Join(", ", LossTerm.All.Select(term => term.Name))}");
        Require.That(all.Count(span => span.Loss == Loss) == 1, $"the loss {Loss} has several spans of steps, it can have one");
        var option = LossTerm.All.First(term => term.Name == Loss).Option ?? $"--{Loss}";
        Require.NotNegative(Start, $"first step of the loss {Loss} ({option}-start)");
        Require.That(End is null || End > Start, $"the loss {Loss} ends after {End} steps ({option}-end) and starts after {Start} "
            + $"({option}-start): it must start before it ends");
    }
}
