using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Accuracy of answers as VQA counts it: the mean over the people of min(1, how many of the others gave that answer / 3), so that 0, 1, 2, 3 and
/// more of ten people alike make 0, 0.3, 0.6, 0.9 and 1. Where the people agree, answers are compared as they are written, else after
/// <see cref="Normalize"/>. Agrees with the official program; people count by their place, also where a file has no answer_id. Threads: any
/// number may call.
/// </summary>
/// <example>
/// <code>
/// Console.WriteLine(VqaAccuracy.Of("two", ["2", "2", "two", "3", "2", "2", "4", "2", "3", "2"]));
/// </code>
/// </example>
public static partial class VqaAccuracy
{
    // The official call hands flags over where the number of replacements belongs.
    const int MostPoints = 32;

    const string Punctuation = ";/[]\"{}()=+\\_-><@`,?!";

    static readonly Dictionary<string, string> numbers =
        "zero one two three four five six seven eight nine ten".Split(' ').Index().Append((0, "none")).ToDictionary(word => word.Item2,
            word => $"{word.Item1}");

    static readonly Lazy<Dictionary<string, string>> contractions = new(ReadContractions);

    /// <summary>Accuracy of an answer, 0 to 1; 0 for an empty one.</summary>
    /// <param name="answer">What was answered.</param>
    /// <param name="given">What people answered.</param>
    /// <exception cref="ArgumentException">Nobody answered.</exception>
    public static double Of(string answer, IReadOnlyList<string> given)
    {
        Require.That(given.Count > 0, "a question without answers has no accuracy; write results for the server that keeps them");
        answer = Tidy(answer);
        string[] theirs = [.. given.Select(Tidy)];
        if (theirs.Distinct().Count() > 1) (answer, theirs) = (Clean(answer), [.. theirs.Select(Clean)]);
        int same = theirs.Count(one => one == answer);
        return theirs.Average(one => Math.Min(1, (same - (one == answer ? 1 : 0)) / 3.0));
    }

    /// <summary>An answer in the form in which answers are compared: no punctuation and articles, digits for words, apostrophes restored.</summary>
    public static string Normalize(string answer) => Clean(Tidy(answer));

    /// <summary>Scores a set.</summary>
    /// <param name="questions">Each with answers.</param>
    /// <param name="answers">One for each question, by its id.</param>
    /// <exception cref="ArgumentException">A question without answer, or an answer to no question; the message names a few.</exception>
    public static VqaScores Score(IReadOnlyList<AnsweredQuestion> questions, IReadOnlyDictionary<long, string> answers)
    {
        ResultFile.RequireSame(answers.Keys, questions.Select(question => question.Id), "question", "answer");
        Require.Positive(questions.Count, "number of questions");
        var scored = questions.Select(question => (question.AnswerType, Accuracy: Of(answers[question.Id], question.Answers))).ToList();
        return new(scored.Average(question => question.Accuracy), scored.Where(question => question.AnswerType is not null)
            .GroupBy(question => question.AnswerType!).OrderBy(type => type.Key, StringComparer.Ordinal)
            .ToDictionary(type => type.Key, type => type.Average(question => question.Accuracy)), questions.Count);
    }

    static string Tidy(string text) => text.Replace('\n', ' ').Replace('\t', ' ').Trim();

    static string Clean(string text)
    {
        var (cleaned, hasDigits) = (text, DigitsWithComma().IsMatch(text));
        foreach (char mark in Punctuation)
            cleaned = cleaned.Replace($"{mark}",
                hasDigits || text.Contains($"{mark} ", StringComparison.Ordinal) || text.Contains($" {mark}", StringComparison.Ordinal) ? "" : " ");
        cleaned = Points().Replace(cleaned, "", MostPoints);
        return string.Join(' ', cleaned.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => numbers.GetValueOrDefault(word, word)).Where(word => word is not ("a" or "an" or "the"))
            .Select(word => contractions.Value.GetValueOrDefault(word, word)));
    }

    static Dictionary<string, string> ReadContractions()
    {
        using var table = new StreamReader(typeof(VqaAccuracy).Assembly.GetManifestResourceStream("contractions.txt")!);
        return table.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    [GeneratedRegex(@"\d,\d")]
    private static partial Regex DigitsWithComma();

    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex Points();
}

/// <summary>Accuracy of answers over a set. Threads: immutable.</summary>
/// <param name="Overall">Mean over all questions, 0 to 1.</param>
/// <param name="ByType">The same of each type of answer: <c>yes/no</c>, <c>number</c>, <c>other</c>.</param>
/// <param name="Questions">How many.</param>
public sealed record VqaScores(double Overall, IReadOnlyDictionary<string, double> ByType, int Questions);
