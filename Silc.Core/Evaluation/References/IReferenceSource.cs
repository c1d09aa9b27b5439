namespace Silc;

/// <summary>What a sentence speaks of. Threads: immutable.</summary>
/// <param name="Id">Of the sentence.</param>
/// <param name="ImageId">Of the image; sentences of one image follow each other.</param>
/// <param name="Sentence">As "the man in the red shirt".</param>
/// <param name="Box">In pixels of the image.</param>
sealed record ReferredThing(long Id, long ImageId, string Sentence, Box Box);

/// <summary>Sentences that each speak of one thing in an image, by index. Threads: any number may call.</summary>
interface IReferenceSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of sentences.</summary>
    int Count { get; }

    /// <summary>Sentence <paramref name="index"/> and its thing.</summary>
    ReferredThing Thing(int index);

    /// <summary>Pixels across and down of the image of sentence <paramref name="index"/>, without reading it.</summary>
    (int Width, int Height) SizeOf(int index);

    /// <summary>The image of sentence <paramref name="index"/>.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    RgbImage ReadImage(int index);

    /// <summary>What was left out when the source was opened, by reason.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];
}
