using Silc.Samples.Recipes;
using Silc.Samples.Training;

namespace Silc.Tests;

/// <summary>Configuration files that are kept with what they reached.</summary>
[TestClass, DoNotParallelize]
public sealed class RecipeLevelsTests : TempFolder
{
    static string Kept(string name, [System.Runtime.CompilerServices.CallerFilePath] string here = "")
    {
        var folder = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "recipes");
        if (!Directory.Exists(folder)) Assert.Inconclusive("the sources are not where they were compiled");
        return Path.Combine(folder, name);
    }

    // Whoever changes the demo's recipe in the program changes the file that is verified, too.
    [TestMethod]
    public void The_demo_s_file_is_the_demo_s_recipe()
    {
        const int Steps = 950;
        var (code, _, error) = CommandLineRun.Of("train", "--config", Kept("demo.json"), "--steps", "1", "--warmup", "1", "--device", "cpu",
            "--out", At("run"));
        Assert.AreEqual(0, code, error);
        var made = RunFolder.Newest(At("run")).Checkpoint;
        Assert.AreEqual(ConfigJson.Write(DemoRecipe.Model), ConfigJson.Write(made.Config));
        var expected = DemoRecipe.Training(Steps);
        Assert.AreEqual(ConfigJson.Write(expected with { TotalSteps = 1, Schedule = expected.Schedule with { WarmupSteps = 1 } }),
            ConfigJson.Write(made.Train));
        Assert.Contains($"\"steps\": {Steps},", File.ReadAllText(Kept("demo.json")));
    }

    [TestMethod]
    public void Every_kept_file_has_levels_that_can_be_read()
    {
        var files = Directory.GetFiles(Kept("."), "*.json").Where(file => !file.EndsWith(".levels.json", StringComparison.Ordinal)).ToList();
        Assert.AreNotEqual(0, files.Count);
        foreach (var file in files)
            foreach (var check in RecipeLevels.Beside(file).Checks) Assert.AreNotEqual("", check.Reached, $"{file}: {check.Metric}");
    }

    [TestMethod]
    public void A_recipe_below_its_levels_is_told_apart_from_one_that_reaches_them()
    {
        File.Copy(Kept("demo.json"), At("demo.json"));
        void Levels(double shape) => File.WriteAllText(At("demo.levels.json"), $$"""
            { "checks": [ { "eval": "eval zero-shot --data demo", "images": "held out", "method": "zero-shot by text", "metric": "shape",
              "atLeast": {{shape}}, "reached": "by nobody" } ] }
            """);
        string[] line = ["recipes", "verify", At("demo.json"), "--out", At("run"), "--steps", "2", "--device", "cpu"];
        Levels(0.999);
        var (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(3, code, error);
        Assert.Contains("BELOW 99.9 %", output);
        Assert.Contains("1 of 1 numbers lie below their levels", output);
        // The run is finished: it is measured again, not trained.
        Levels(0.001);
        (code, output, error) = CommandLineRun.Of(line);
        Assert.AreEqual(0, code, error);
        Assert.DoesNotContain("step 1/2", output);
        Assert.Contains("reaches its levels", output);

        // A run of another configuration is not judged; nor trained over.
        Refused("Seed 0, now 5; name another --out", [.. line, "--seed", "5"]);
        var text = File.ReadAllText(At("demo.json"));
        void Changed(string from, string to, string says)
        {
            Assert.Contains(from, text);
            File.WriteAllText(At("demo.json"), text.Replace(from, to));
            Refused(says, line);
        }
        Changed("\"lr\": 0.002", "\"lr\": 0.003", "LearningRate 0.002, now 0.003; name");
        Changed("\"data\": \"demo\"", "\"data\": \"demo:hard\"", "--data demo, now demo:hard; name");
        Changed("\"text-length\": 12", "\"text-length\": 14", "TextLength 12, now 14; name");

        void Refused(string says, string[] words)
        {
            var (code, _, error) = CommandLineRun.Of(words);
            Assert.AreEqual(SilcCommand.Failed, code, error);
            Assert.Contains("holds a finished run of another configuration", error);
            Assert.Contains(says, error);
        }
    }

    /// <summary>Several files are trained one after another, each in a folder of its name; the exit code tells of one below its levels.</summary>
    [TestMethod]
    public void Several_recipes_are_verified_by_one_command()
    {
        foreach (var (name, level) in new[] { ("first", 0.999), ("second", 0.001) })
        {
            File.Copy(Kept("demo.json"), At($"{name}.json"));
            File.WriteAllText(At($"{name}.levels.json"), $$"""
                { "checks": [ { "eval": "eval zero-shot --data demo", "images": "held out", "method": "zero-shot by text", "metric": "shape",
                  "atLeast": {{level.ToString(System.Globalization.CultureInfo.InvariantCulture)}}, "reached": "by nobody" } ] }
                """);
        }
        var (code, output, error) = CommandLineRun.Of("recipes", "verify", At("first.json"), At("second.json"), "--out", At("runs"),
            "--steps", "2", "--device", "cpu");
        Assert.AreEqual(3, code, error);
        Assert.Contains($"{At("second.json")} reaches its levels", output);
        Assert.IsTrue(File.Exists(At("runs/first/model.safetensors")) && File.Exists(At("runs/second/model.safetensors")));

        (code, _, error) = CommandLineRun.Of("recipes", "verify", At("first.json"), At("none.json"), "--out", At("none"));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains($"{At("none.json")}: no such file", error);
        Assert.IsFalse(Directory.Exists(At("none")));
        (code, _, error) = CommandLineRun.Of("recipes", "verify", At("first.json"), At("first.json"), "--out", At("none"));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains("would both be trained in", error);
    }

    [TestMethod]
    [DataRow("{}", "checks"), DataRow("{ \"checks\": [] }", "no checks in it"), DataRow("{ \"checks\": 3 }", "JSON value could not be converted")]
    [DataRow("""{ "checks": [ { "eval": "", "images": "", "method": "", "metric": "x", "atLeast": 7, "reached": "" } ] }""", "a fraction in (0, 1]")]
    public void Levels_that_are_none_say_why(string text, string expected)
    {
        File.WriteAllText(At("a.json"), "{}");
        File.WriteAllText(At("a.levels.json"), text);
        Assert.Contains(expected, Assert.ThrowsExactly<InvalidDataException>(() => RecipeLevels.Beside(At("a.json"))).Message);
    }
}
