using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary><c>silc convert</c>, <c>export</c> and <c>bench load</c> as their user sees them.</summary>
[TestClass, DoNotParallelize]
public sealed partial class ModelCommandTests : TempFolder
{
    static string Tokenizer => Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer/t5_style.model");

    [TestMethod]
    public void A_model_goes_around_and_is_summed_up_on_the_way()
    {
        var (code, output, error) = CommandLineRun.Of("convert", TinyModels.Golden("hf"), At("m.npz"));
        Assert.AreEqual(0, code, error);
        foreach (var words in new[]
        {
            "Hugging Face, 88 tensors",
                "2 layers of 24 channels, 3 heads, MLP 40, tanh GELU; 14 pixels, 3 x 3 patches of 4",
            "2 layers of 16 channels, 2 heads, MLP 28, exact GELU; 5 tokens of 37", "parameters in both towers", "sigmoid loss",
            "wrote     big_vision npz: ", "cannot say that a tower has exact GELU", "no tokenizer: captions need one of 37 ids",
        }) StringAssert.Contains(output, words);
        Assert.AreEqual(0, CommandLineRun.Of("convert", At("m.npz"), At("again"), "--to", "hf", "--image-size", "14").Code);
        var values = TinyModels.Values(At("again"));
        foreach (var (name, expected) in TinyModels.Values(TinyModels.Golden("hf"))) Close.Bits(expected, values[name], name);

        (_, output, _) = CommandLineRun.Of("convert", At("m.npz"), At("silc"), "--image-size", "20");
        StringAssert.Contains(output, "resized   positions from 3 x 3 to 5 x 5");
        Assert.IsTrue(File.Exists(At("silc/model.safetensors")));
    }

    [TestMethod]
    public void A_tokenizer_travels_along_and_captions_can_be_scored()
    {
        var vocabulary = Tokenizers.Open(Tokenizer).VocabSize;
        var config = SilcConfig.Mini with { Image = new(16, 1, 2, 16), Text = new(16, 1, 2, 16), VocabSize = vocabulary };
        ModelWriter.Write(TinyModels.Weights(config, head: false), ModelFormat.Npz, At("m.npz"));
        var (code, _, error) = CommandLineRun.Of("eval", "zero-shot", "--model", At("m.npz"), "--data", "demo", "--device",
            "cpu");
        Assert.AreEqual(SilcCommand.Failed, code);
        StringAssert.Contains(error, $"brings no tokenizer: give one of {vocabulary:N0} ids with --tokenizer FILE");

        foreach (var format in new[] { "hf", "silc" })
        {
            Assert.AreEqual(0, CommandLineRun.Of("convert", At("m.npz"), At(format), "--to", format, "--tokenizer",
                Tokenizer).Code);
            using var file = ModelFile.Open(At(format));
            Assert.AreEqual(vocabulary, file.Tokenizer!.Open().VocabSize, format);
        }
        var (_, output, _) = CommandLineRun.Of("eval", "zero-shot", "--model", At("hf"), "--data", "demo", "--device", "cpu");
        StringAssert.Contains(output, "chance");
    }

    /// <summary>From the run's newest checkpoint, which has it beside the first; all else stays, to the bit.</summary>
    [TestMethod]
    public void The_second_probe_of_a_run_becomes_a_model()
    {
        string[] Line(string folder, params string[] more) => ["train", "--data", "demo", "--preset", "mini", "--image-size", "32", "--text-length",
            "24", "--views", "siglip2", "--distillation", "0", "--steps", "2", "--batch", "4", "--warmup", "1", "--device", "cpu", "--out",
            At(folder), .. more];
        Good(Line("plain"));
        Bad("plain has no second probe: the checkpoint of a run with --dual has one", "convert", At("plain"), At("x"), "--probe", "second");
        Good(Line("dual", "--dual", "0.5"));
        StringAssert.Contains(Good("convert", At("dual"), At("second"), "--probe", "second"),
            $"probe     the second of {RunFolder.Checkpoints(At("dual"))[0].Path}");
        Good("convert", At("dual"), At("first"));
        using (ModelFile second = ModelFile.Open(At("second")), first = ModelFile.Open(At("first")))
        {
            var newest = Safetensors.Read(RunFolder.Checkpoints(At("dual"))[0].Path).Arrays;
            foreach (var (name, shape) in ParameterTable.Towers(first.Config))
            {
                var count = shape.Aggregate(1, (a, b) => a * b);
                var expected = name == "img/MAPHead_0/probe" ? newest["dual/probe"].Floats() : first.Weights.All(name, count);
                Close.Bits(expected, second.Weights.All(name, count), name);
            }
            CollectionAssert.AreNotEqual(newest["img/MAPHead_0/probe"].Floats(), newest["dual/probe"].Floats());
        }
        Assert.DoesNotContain("(validation)", File.ReadAllText(At("second/README.md")));
        Good("convert", RunFolder.Checkpoints(At("dual"))[0].Path, At("named"), "--probe", "second");
        foreach (var (_, file) in RunFolder.Checkpoints(At("dual"))) File.Delete(file);
        Bad("dual has no second probe", "convert", At("dual"), At("x"), "--probe", "second");
    }

    [TestMethod]
    public void Export_says_what_it_wrote()
    {
        var (code, output, error) = CommandLineRun.Of("export", "onnx", "--model", TinyModels.Golden("open_clip"), "--out",
            At("onnx"));
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "image.onnx (");
        Assert.IsTrue(File.Exists(At("onnx/text.onnx")));
    }

    [TestMethod]
    [DataRow("convert nowhere.npz x", "nowhere.npz: no such file or folder")]
    [DataRow("convert {0} x --to onnx", "no format 'onnx'; there are npz, hf, open_clip, silc")]
    [DataRow("convert {0} x.npz --to hf", "end in .safetensors; name a folder")]
    [DataRow("convert {0} x --tokenizer none.model", "--tokenizer none.model: no such file")]
    [DataRow("convert {0} x --tokenizer bytes", "has 258 ids, the model's vocabulary only 37")]
    [DataRow("convert {0} x --image-size 3", "image size 3 has no room for a patch of size 4")]
    [DataRow("export onnx --model nowhere --out x", "--model nowhere: there is no such file or folder")]
    [DataRow("bench load huge", "no preset 'huge'")]
    public void What_cannot_be_done_is_named_in_one_line(string line, string named)
    {
        var (code, _, error) = CommandLineRun.Of([.. line.Split(' ').Select(word =>
            word.Replace("{0}", TinyModels.Golden("hf")).Replace("x", word == "x" ? At("x") : "x"))]);
        Assert.AreEqual(SilcCommand.Failed, code);
        StringAssert.Contains(error, named);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    // In a process of its own: other tests' memory would count.
    [TestMethod, Timeout(120_000)]
    public void Loading_an_eighth_of_So400m_takes_little_more_memory_than_the_model()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "silc.dll"), "bench", "load", "so400m", "--divide", "8"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Console.WriteLine(output);
        Assert.AreEqual(0, process.ExitCode, output);
        foreach (var what in new[] { "loaded", "saved" })
        {
            var ratio = double.Parse(Ratio().Matches(output).Single(match => match.Groups[1].Value == what).Groups[2].Value,
                CultureInfo.InvariantCulture);
            Assert.IsLessThan(1.3, ratio, output);
        }
    }

    [GeneratedRegex(@"^(\w+) .*, ([\d.]+) of the model", RegexOptions.Multiline)]
    private static partial Regex Ratio();
}
