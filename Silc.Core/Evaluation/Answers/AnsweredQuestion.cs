namespace Silc;

/// <summary>A question about an image and what people answered. Threads: immutable.</summary>
/// <param name="Id">Of the question; VQAv2 asks the same words about several images.</param>
/// <param name="ImageId">Of the image.</param>
/// <param name="Question">Its words.</param>
/// <param name="Answers">Usually ten, of as many people; none where they are kept secret, as in a test set.</param>
/// <param name="AnswerType">Of VQAv2 <c>yes/no</c>, <c>number</c> or <c>other</c>; null where nobody says.</param>
public sealed record AnsweredQuestion(long Id, long ImageId, string Question, IReadOnlyList<string> Answers, string? AnswerType = null);
