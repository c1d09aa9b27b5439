namespace Silc.Tests;

/// <summary>
/// The programs of Silc.Samples/CSharp, each a job: compiled here, where one takes a second, and run one after another. `dotnet run` of one file
/// takes half a minute to build; .ci/run does so with vectors.cs.
/// </summary>
[TestClass, DoNotParallelize]
public sealed class SampleTests
{
    static readonly Dictionary<string, string> printed = [];
    static Scratch? scratch;

    static string At(string name) => Path.Combine(scratch!.Path, name);

    [ClassInitialize]
    public static void Run(TestContext _)
    {
        if (Peer.Hidden) return;      // once is enough: the run with peers does
        scratch = new();
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Silc.sln"))) folder = Path.GetDirectoryName(folder);
        if (folder is null) return;
        ImageFile.Write(At("image.png"), new DemoSource(1, seed: 3, size: 64).Read(0).Image);
        string model = At("run/model.safetensors");
        (string Name, string[] Arguments)[] runs =
        [
            ("train", [At("run"), "20"]), ("fine-tune", [model, "20"]), ("search", [model, "a red star"]), ("zero-shot", [model]),
            ("zero-shot with an image", [model, At("image.png"), "a red star", "a blue circle"]), ("segment", [model]), ("own", ["40"]),
        ];
        var console = Console.Out;
        try
        {
            foreach (var (name, arguments) in runs)
            {
                var output = new StringWriter();
                Console.SetOut(output);
                OutsideCompiler.RunFile(Path.Combine(folder, "Silc.Samples/CSharp", $"{name.Split(' ')[0]}.cs"), arguments);
                printed[name] = output.ToString();
            }
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    [ClassCleanup]
    public static void Clean() => scratch?.Dispose();

    [TestMethod]
    [DataRow("train", "step   20  loss", "Finished: ")]
    [DataRow("fine-tune", "before: ", "step   20  contrast", "after:  ", "tuned.safetensors")]
    [DataRow("search", "a red star, among 216 images of 64 values:", "drawn-")]
    [DataRow("zero-shot", "216 held-out images: ", "right of 108 classes")]
    [DataRow("zero-shot with an image", "cosine", "a red star", "a blue circle")]
    [DataRow("segment", "segments.png", "of the pixels right, mean IoU")]
    [DataRow("own", "step   40  contrast", "own layer: Huber's loss of the angle ")]
    public void A_sample_says_what_it_did(string name, params string[] expected)
    {
        if (printed.Count == 0) Assert.Inconclusive(Peer.Hidden ? "the run with peers runs them" : "the sources are not above the tests");
        foreach (var words in expected) Assert.Contains(words, printed[name]);
    }

    [TestMethod]
    public void Samples_leave_what_they_say()
    {
        if (printed.Count == 0) Assert.Inconclusive(Peer.Hidden ? "the run with peers runs them" : "the sources are not above the tests");
        foreach (var file in (string[])["model.safetensors", "tuned.safetensors", "index.npy", "segments.png"])
            Assert.IsTrue(File.Exists(At($"run/{file}")), file);
        var losses = printed["own"].Split("angle ")[1].Split(" -> ").Select(double.Parse).ToArray();
        Assert.IsLessThan(0.7 * losses[0], losses[1], "the own layer learned");
    }
}
