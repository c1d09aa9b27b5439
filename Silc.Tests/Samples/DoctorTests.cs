namespace Silc.Tests;

/// <summary><c>silc doctor</c>.</summary>
[TestClass, DoNotParallelize]
public sealed class DoctorTests
{
    [TestMethod]
    public void It_tries_a_model_and_says_what_is_missing()
    {
        var (code, output, error) = CommandLineRun.Of(["doctor"]);
        Assert.AreEqual(0, code, error);
        Assert.Contains($"{Environment.ProcessorCount} cores", output);
        Assert.IsTrue(output.Split('\n').Any(line => line.StartsWith("ok    cpu ", StringComparison.Ordinal) && line.Contains("a model works")),
            output);
        foreach (var what in new[] { "memory", "disk", "images", "letters", "CUDA", "OpenCL" }) Assert.Contains($" {what} ", output);
        // What silc could use and does not find comes with what to do.
        var lines = output.Split('\n');
        for (int i = 0; i < lines.Length; i++)
            if (!lines[i].StartsWith("ok", StringComparison.Ordinal) && lines[i].Trim() is { Length: > 0 } line && !line.StartsWith("->",
                StringComparison.Ordinal))
                Assert.Contains("->", lines[i + 1], lines[i]);
    }

    [TestMethod]
    public void A_device_that_is_not_there_is_a_failure()
    {
        var before = Environment.GetEnvironmentVariable(Device.EnvironmentVariable);
        Environment.SetEnvironmentVariable(Device.EnvironmentVariable, "cuda:77");
        try
        {
            var (code, output, _) = CommandLineRun.Of(["doctor"]);
            Assert.AreEqual(1, code);
            Assert.Contains("FAIL  device", output);
            Assert.Contains($"unset {Device.EnvironmentVariable}", output);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Device.EnvironmentVariable, before);
        }
    }
}
