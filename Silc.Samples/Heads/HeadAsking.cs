namespace Silc.Samples.Heads;

/// <summary>Asks a head about data that are open.</summary>
/// <param name="model">Whose head it is.</param>
/// <param name="head">Of the kind that the data are for.</param>
/// <param name="floors">Also measures what is right without it.</param>
delegate HeadAnswers HeadAsking(SilcModel model, ITrainedHead head, bool floors);

/// <summary>What a head wrote about a set, beside what can be said without looking.</summary>
interface IWritingScores
{
    /// <summary>Texts by the id of what they answer.</summary>
    IReadOnlyDictionary<long, string> Written { get; }

    /// <summary>The scores of the head, first, and of floors; none where nobody says what is right.</summary>
    IReadOnlyList<Silc.Samples.Evaluation.Score> Scores();

    /// <summary>A few images, those that the head got most wrong first.</summary>
    IReadOnlyList<HeadPictures> Pictures();
}
