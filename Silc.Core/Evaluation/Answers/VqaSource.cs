namespace Silc;

/// <summary>
/// VQAv2's two files, joined by the question's id: <c>v2_OpenEnded_mscoco_val2014_questions.json</c> and
/// <c>v2_mscoco_val2014_annotations.json</c>; a test set has questions alone. Images are <c>COCO_val2014_000000000042.jpg</c>, the id in twelve
/// digits. Threads: any number may call.
/// </summary>
public sealed class VqaSource : IQuestionSource
{
    readonly List<(AnsweredQuestion Question, string Path)> questions = [];

    /// <summary>Reads the files, not the images.</summary>
    /// <param name="path">The questions.</param>
    /// <param name="answers">The annotations; null takes those beside the questions of the official name, if they are there.</param>
    /// <param name="folder">Of the images; null looks around the file.</param>
    /// <exception cref="InvalidDataException">
    /// A question without answers, answers without a question, two of one id, or no image there; the message says which.
    /// </exception>
    public VqaSource(string path, string? answers = null, string? folder = null)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        answers ??= Beside(path);
        var all = Questions(path);
        if (answers is not null) all = Join(path, all, answers);
        All = all;
        var names = all.Select(question => question.ImageId).Distinct().ToDictionary(id => id, id => Names(path, id));
        var root = AnnotatedImages.Find(path, folder, names.Values.SelectMany(image => image));
        var log = new SkipLog();
        var files = names.ToDictionary(image => image.Key,
            image => image.Value.Select(name => Path.Combine(root, name)).FirstOrDefault(File.Exists));
        foreach (var question in all)
        {
            if (files[question.ImageId] is { } file) questions.Add((question, file));
            else log.Add("question whose image is not in the folder", Path.Combine(root, names[question.ImageId][0]));
        }
        Skipped = log.Report();
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => questions.Count;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>All questions, also those whose image is not in the folder: what results are scored with.</summary>
    public IReadOnlyList<AnsweredQuestion> All { get; }

    /// <inheritdoc/>
    public AnsweredQuestion Question(int index) => questions[index].Question;

    /// <inheritdoc/>
    public RgbImage ReadImage(int index) => ImageFile.Read(questions[index].Path);

    /// <summary>The questions of a file, with answers where there are any, without looking for images.</summary>
    /// <param name="path">The questions.</param>
    /// <param name="answers">The annotations; null as above.</param>
    /// <exception cref="InvalidDataException">As above.</exception>
    public static IReadOnlyList<AnsweredQuestion> Read(string path, string? answers = null) =>
        (answers ?? Beside(path)) is { } file ? Join(path, Questions(path), file) : Questions(path);

    static string? Beside(string path)
    {
        var name = Path.GetFileName(path).Replace("OpenEnded_", "").Replace("MultipleChoice_", "").Replace("questions", "annotations");
        var file = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        return name != Path.GetFileName(path) && File.Exists(file) ? file : null;
    }

    static List<AnsweredQuestion> Questions(string path)
    {
        var (questions, ids) = (new List<AnsweredQuestion>(), new HashSet<long>());
        var found = JsonRecords.Read(path, ["questions"], record =>
        {
            long id = record.Id("question_id");
            if (!ids.Add(id)) throw record.Odd("question_id", "an earlier question has it, too; give each its own");
            questions.Add(new(id, record.Id("image_id"), record.Text("question"), []));
        });
        return found.Count > 0 && questions.Count > 0 ? questions
            : throw new InvalidDataException($"{path} has no questions; give the file of questions, that of answers is found beside it");
    }

    static List<AnsweredQuestion> Join(string path, List<AnsweredQuestion> questions, string file)
    {
        var byId = questions.ToDictionary(question => question.Id);
        var answered = new Dictionary<long, AnsweredQuestion>();
        var found = JsonRecords.Read(file, ["annotations"], record =>
        {
            long id = record.Id("question_id");
            if (!byId.TryGetValue(id, out var question)) throw record.Odd("question_id", $"{path} has no such question; the files are of two sets");
            string[] given = [.. record.Records("answers").Select(answer => answer.Text("answer"))];
            if (given.Length == 0) throw record.Odd("answers", "a question needs one or more");
            if (!answered.TryAdd(id, question with { Answers = given, AnswerType = record.MaybeText("answer_type") }))
                throw record.Odd("question_id", "an earlier annotation has it, too");
        });
        if (found.Count == 0) throw new InvalidDataException($"{file} has no annotations; it should hold the answers to {path}");
        return [.. questions.Select(question => answered.TryGetValue(question.Id, out var whole) ? whole : throw new InvalidDataException(
            $"{file} has no answers to question {question.Id} of {path}; the files are of two sets, or one is cut short"))];
    }

    static string[] Names(string path, long image) =>
    [
        .. AnnotatedImages.SplitOf(path) is { } split ? [$"COCO_{split}_{image:000000000000}.jpg"] : Array.Empty<string>(),
        $"{image:000000000000}.jpg", $"{image}.jpg", $"{image}.png",
    ];
}
