namespace Silc.Tests;

[TestClass]
public sealed class VqaAccuracyTests : TempFolder
{
    static string[] Times(int count, string answer, int others, string other) =>
        [.. Enumerable.Repeat(answer, count), .. Enumerable.Repeat(other, others)];

    [TestMethod]
    public void Accuracy_and_normal_form_are_those_of_the_official_program()
    {
        var official = MetricsFolder.Json("answers.json");
        foreach (var pair in official.GetProperty("cleaned").EnumerateArray())
            Assert.AreEqual(pair[1].GetString(), VqaAccuracy.Normalize(pair[0].GetString()!), pair[0].GetString());
        var (questions, answers) = (new List<AnsweredQuestion>(), new Dictionary<long, string>());
        foreach (var set in official.GetProperty("sets").EnumerateArray())
        {
            var (id, answer) = (set.GetProperty("question_id").GetInt64(), set.GetProperty("answer").GetString()!);
            questions.Add(new(id, 1, "what?", set.GetProperty("answers").Texts(), set.GetProperty("answer_type").GetString()));
            answers[id] = answer;
            Assert.AreEqual(set.GetProperty("accuracy").GetDouble() / 100, VqaAccuracy.Of(answer, questions[^1].Answers), 1e-9, $"question {id}");
        }
        var scores = VqaAccuracy.Score(questions, answers);
        Assert.AreEqual(official.GetProperty("accuracy").GetProperty("overall").GetDouble() / 100, scores.Overall, 1e-9);
        foreach (var type in official.GetProperty("accuracy").GetProperty("perAnswerType").EnumerateObject())
            Assert.AreEqual(type.Value.GetDouble() / 100, scores.ByType[type.Name], 1e-9, type.Name);
    }

    [TestMethod]
    public void By_hand()
    {
        Assert.AreEqual(1, VqaAccuracy.Of("yes", Times(10, "yes", 0, "")), 1e-12);
        foreach (var (count, accuracy) in new[] { 0, 0.3, 0.6, 0.9, 1, 1 }.Index())
            Assert.AreEqual(accuracy, VqaAccuracy.Of("blue", Times(count, "blue", 10 - count, "red")), 1e-12);
        Assert.AreEqual(1, VqaAccuracy.Of("The Two.", Times(5, "2", 5, "three")), 1e-12);
        Assert.AreEqual(0, VqaAccuracy.Of("Two", Times(10, "two", 0, "")), "where all agree answers are compared as written");
        Assert.AreEqual(0, VqaAccuracy.Of("", Times(5, "2", 5, "three")));
        Assert.AreEqual("don't know", VqaAccuracy.Normalize("Dont  KNOW?"));
        Assert.AreEqual("1000 peopleish", VqaAccuracy.Normalize("1,000 people-ish"));
    }

    [TestMethod]
    public void Sets_and_results_must_be_of_the_same_questions()
    {
        AnsweredQuestion[] questions =
            [new(1, 5, "is it?", Times(10, "yes", 0, ""), "yes/no"), new(2, 5, "how many?", Times(10, "2", 0, ""), "number")];
        AnswerResults.Write(At("a.json"), new Dictionary<long, string> { [1] = "yes", [2] = "3" });
        Assert.AreEqual("""[{"question_id":1,"answer":"yes"},{"question_id":2,"answer":"3"}]""", File.ReadAllText(At("a.json")));
        var scores = VqaAccuracy.Score(questions, AnswerResults.Read(At("a.json")));
        Assert.AreEqual((0.5, 1.0, 0.0, 2), (scores.Overall, scores.ByType["yes/no"], scores.ByType["number"], scores.Questions));
        Assert.Contains("questions have no answer: 2", Assert.ThrowsExactly<ArgumentException>(() =>
            VqaAccuracy.Score(questions, new Dictionary<long, string> { [1] = "yes" })).Message);
        Assert.Contains("does not have: 2", Assert.ThrowsExactly<ArgumentException>(() =>
            VqaAccuracy.Score(questions[..1], AnswerResults.Read(At("a.json")))).Message);
        Assert.Contains("without answers", Assert.ThrowsExactly<ArgumentException>(() => VqaAccuracy.Of("yes", [])).Message);
        File.WriteAllText(At("a.json"), """[{"question_id": 1, "answer": 2}]""");
        Assert.Contains("[0].answer is 2", Assert.ThrowsExactly<InvalidDataException>(() => AnswerResults.Read(At("a.json"))).Message);
    }
}
