using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>A head's answers to the questions of a set, beside what can be answered without looking.</summary>
/// <param name="source">Questions; those without answers are answered and not scored.</param>
/// <param name="head">Asked.</param>
/// <param name="beam">Texts that it follows at once.</param>
sealed class AnswerScoring(IQuestionSource source, DecoderHead head, int beam) : IWritingScores
{
    const int QuestionsAtOnce = 64, MostGiven = 3;

    // So much less is an answer that the head was sure of, where two are equally wrong.
    const double Sureness = 1e-3;

    readonly Dictionary<long, string> written = [];
    readonly WorstFirst<(int Index, AnsweredQuestion Question, string Said, double Probability)> answers = new(HeadPictures.Most);

    /// <summary>Answers by the id of their question.</summary>
    public IReadOnlyDictionary<long, string> Written => written;

    /// <summary>The scores of the head, first, and of floors; none where nobody has answered.</summary>
    public IReadOnlyList<Score> Scores()
    {
        var unread = new UnreadImages(source.Name, source.Count);
        var known = new List<AnsweredQuestion>();
        Progress.Show("questions", source.Count, report =>
        {
            var (id, image) = (-1L, (RgbImage?)null);
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(QuestionsAtOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                var (images, questions, places) = (new List<RgbImage>(), new List<AnsweredQuestion>(), new List<int>());
                foreach (int index in indices)
                {
                    var question = source.Question(index);
                    if (question.ImageId != id || image is null) (id, image) = (question.ImageId, unread.Try(index, () => source.ReadImage(index)));
                    if (image is null) continue;
                    images.Add(image);
                    questions.Add(question);
                    places.Add(index);
                }
                var answered = head.Answers(images, [.. questions.Select(one => one.Question)], beam);
                foreach (var (place, question, said) in places.Zip(questions, answered))
                {
                    written[question.Id] = said.Text;
                    if (question.Answers.Count == 0) continue;
                    double probability = Math.Exp(said.LogLikelihood);
                    answers.Add(VqaAccuracy.Of(said.Text, question.Answers) - Sureness * probability, (place, question, said.Text, probability));
                }
                known.AddRange(questions.Where(question => question.Answers.Count > 0));
                report(indices[^1] + 1);
            }
        });
        unread.Say();
        _ = unread.Others();
        if (known.Count == 0) return [];
        // What people said of the other half of the images: of its own an image would know its answer.
        var halves = Enumerable.Range(0, 2).Select(half => known.Where(question => question.ImageId % 2 != half).ToList()).ToArray();
        var always = halves.Select(half => Most(half.Count > 0 ? half : known)).ToArray();
        var blind = halves.Select(half => half.GroupBy(question => question.Question).ToDictionary(group => group.Key, Most)).ToArray();
        // Words that nobody asked in the other half are answered as their type is: yes or no half of the time.
        var typed = halves.Select(half => half.GroupBy(question => question.AnswerType ?? "").ToDictionary(group => group.Key, Most)).ToArray();
        return
        [
            Line($"head, step {head.Steps}, beam {beam}", known, question => Written[question.Id]),
            Line("blind: the most frequent answer to these words, or of their type", known,
                question => blind[question.ImageId % 2].GetValueOrDefault(question.Question)
                    ?? typed[question.ImageId % 2].GetValueOrDefault(question.AnswerType ?? "") ?? always[question.ImageId % 2]),
            Line($"always '{always[0]}', the most frequent", known, question => always[question.ImageId % 2]),
        ];
    }

    /// <summary>Images with question, answer and truth, those that the head got most wrong, and was surest of, first.</summary>
    public IReadOnlyList<HeadPictures> Pictures()
    {
        HeadPictures Of(string name, string title, IEnumerable<(int Index, AnsweredQuestion Question, string Said, double Probability)> some) =>
            new(name, title, [.. some.Select(one => new ContactSheetRow($"{one.Question.Question} {one.Said}", [new(source.ReadImage(one.Index),
                $"truth: {string.Join(" / ", one.Question.Answers.Distinct().Take(MostGiven))}; the head was {100 * one.Probability:F0} % sure",
                VqaAccuracy.Of(one.Said, one.Question.Answers) > 0.5)]))], [], IsText: true);
        return [Of(HeadPictures.Worst, "The worst mistakes: wrong and sure", answers.Worst), Of(HeadPictures.First, "As they come", answers.First)];
    }

    static string Most(IEnumerable<AnsweredQuestion> questions) => questions.SelectMany(question => question.Answers).GroupBy(answer => answer)
        .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).First().Key;

    Score Line(string method, List<AnsweredQuestion> questions, Func<AnsweredQuestion, string> answer)
    {
        var scores = VqaAccuracy.Score(questions, questions.ToDictionary(question => question.Id, answer));
        return new(source.Name, questions.Count, method,
            [new("overall", scores.Overall), .. scores.ByType.Select(type => new MetricValue(type.Key, type.Value))]);
    }
}
