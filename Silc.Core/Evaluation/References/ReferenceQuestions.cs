namespace Silc;

/// <summary>
/// Sentences as questions whose answer is a box in four words (<see cref="BoxWords"/>), for a head that answers. Threads: any number may call.
/// </summary>
/// <param name="source">The sentences.</param>
sealed class ReferenceQuestions(IReferenceSource source) : IQuestionSource
{
    /// <summary>The sentences.</summary>
    public IReferenceSource Source => source;

    public string Name => source.Name;

    public int Count => source.Count;

    public IReadOnlyList<SkippedMembers> Skipped => source.Skipped;

    public AnsweredQuestion Question(int index)
    {
        var thing = source.Thing(index);
        var (width, height) = source.SizeOf(index);
        return new(thing.Id, thing.ImageId, thing.Sentence, [BoxWords.Of(thing.Box, width, height)], "box");
    }

    public RgbImage ReadImage(int index) => source.ReadImage(index);
}
