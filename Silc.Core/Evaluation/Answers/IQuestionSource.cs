namespace Silc;

/// <summary>Questions about images, by index. Implement it to answer questions of your own. Threads: any number may call.</summary>
public interface IQuestionSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of questions.</summary>
    int Count { get; }

    /// <summary>Question <paramref name="index"/> with its answers, where there are any.</summary>
    AnsweredQuestion Question(int index);

    /// <summary>The image of question <paramref name="index"/>.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    RgbImage ReadImage(int index);

    /// <summary>What was left out when the source was opened, by reason.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];
}
