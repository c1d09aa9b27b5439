namespace Silc;

/// <summary>
/// Files of answers as VQA's server and the official program take them: <c>[{"question_id": 42000, "answer": "yes"}]</c>. Threads: any number may
/// call.
/// </summary>
public static class AnswerResults
{
    /// <summary>Reads a file: the answer to each question id.</summary>
    /// <exception cref="InvalidDataException">A value is missing, or a question has two answers; the message names file and record.</exception>
    public static IReadOnlyDictionary<long, string> Read(string path) => ResultFile.Read(path, "question_id", "answer");

    /// <summary>Writes a file; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<long, string>> answers) =>
        ResultFile.Write(path, "question_id", "answer", answers);
}
