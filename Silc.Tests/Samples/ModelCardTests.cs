namespace Silc.Tests;

/// <summary><c>silc card</c>, and the cards that training and conversion leave.</summary>
[TestClass, DoNotParallelize]
public sealed class ModelCardTests : TempFolder
{
    void Train(params string[] more) => Run(["train", "--data", "demo", "--batch", "8", "--image-size", "32", "--text-length", "24", "--tokenizer",
        "words",
        "--steps", "2", "--log-every", "1", "--device", "cpu", "--out", At("run"), .. more]);

    [TestMethod]
    public void Training_leaves_a_card_that_says_what_the_run_was()
    {
        Train("--distillation", "0", "--val-data", "demo", "--keep-best", "loss");
        var card = File.ReadAllText(At("run/README.md"));
        Assert.IsTrue(card.StartsWith("---\nlicense: unknown\nlibrary_name: silc\npipeline_tag: zero-shot-image-classification\n",
            StringComparison.Ordinal), card);
        foreach (var words in new[]
        {
            "model-index:", "      name: \"demo (validation)\"", "    - type: recall", "# run\n", "silc train --data demo",
                "demo, plain: 16,384 images, 16 samples seen",
            "| steps | 2 of 2, 8 images each |", "learning rate 0.001", "ILGPU ", "## Licence\n\nNot stated", "whose weights are `best.safetensors`",
            "`silc train --config run.json`",
        })
            Assert.Contains(words, card);
        Assert.DoesNotContain("self-distillation", card);
    }

    [TestMethod]
    public void A_card_of_ones_own_is_never_written_over()
    {
        Train();
        Run("card", At("run"), "--license", "cc-by-4.0", "--out", At("run/README.md"));
        Assert.Contains("license: cc-by-4.0\n", File.ReadAllText(At("run/README.md")));
        // The licence stays when the run goes on, and the rest is new.
        Run("train", "--resume", At("run"), "--steps", "3");
        var card = File.ReadAllText(At("run/README.md"));
        Assert.Contains("license: cc-by-4.0\n", card);
        Assert.Contains("| steps | 3 of 3,", card);
        // It goes with the weights into another format.
        var converted = Run("convert", At("run"), At("hf"), "--to", "hf");
        Assert.Contains("card      wrote ", converted);
        var other = File.ReadAllText(At("hf/README.md"));
        Assert.IsTrue(other.StartsWith("---\nlicense: cc-by-4.0\nlibrary_name: transformers\n", StringComparison.Ordinal), other);
        Assert.Contains("demo, plain: 16,384 images", other);
        Assert.Contains("- clip\n", other);
        Assert.DoesNotContain("run.json", other);

        // Whoever deletes the mark, or writes another file, keeps it.
        string[] lines = [.. File.ReadAllLines(At("run/README.md")).Where(line => !line.StartsWith("<!--", StringComparison.Ordinal)),
            "My own words."];
        File.WriteAllLines(At("run/README.md"), lines);
        var output = Run("train", "--resume", At("run"), "--steps", "4");
        Assert.Contains("is your own and stays as it is", output);
        CollectionAssert.AreEqual(lines, File.ReadAllLines(At("run/README.md")));
        var (code, _, error) = CommandLineRun.Of(["card", At("run"), "--out", At("run/README.md")]);
        Assert.AreEqual(1, code);
        Assert.Contains("is there already", error);
    }

    [TestMethod]
    public void Scores_of_eval_are_results_of_the_card()
    {
        Train();
        Run("eval", "retrieval", "--model", At("run"), "--data", "demo", "--device", "cpu", "--json", At("scores.json"));
        var card = Run("card", At("run"), "--scores", At("scores.json"));
        Assert.Contains("name: \"R@1, image to caption\"", card);
        Assert.Contains("| R@1, chance, image to caption |", card);
        Assert.IsLessThan(card.IndexOf("---\n\n", StringComparison.Ordinal), card.IndexOf("type: recall", StringComparison.Ordinal));
        Assert.DoesNotContain("chance", card[..card.IndexOf("---\n\n", StringComparison.Ordinal)]);
    }

    [TestMethod]
    [DataRow("--license Apache 2.0", "give an identifier in lower case")]
    [DataRow("--scores none.json", "silc eval … --json FILE writes one")]
    public void Slips_are_named(string options, string expected)
    {
        Train();
        var words = options.Split(' ', 2);
        var (code, _, error) = CommandLineRun.Of(["card", At("run"), .. words]);
        Assert.AreEqual(1, code, error);
        Assert.Contains(expected, error);
    }

    static string Run(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        return output;
    }
}
