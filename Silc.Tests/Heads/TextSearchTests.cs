namespace Silc.Tests;

/// <summary>Greedy and beam search against PyTorch, against the search of everything, and with and without kept keys and values.</summary>
[TestClass]
public sealed class TextSearchTests
{
    const int Begin = 1, End = 2;

    static (Parameters Parameters, TextDecoder Decoder) Golden(Device device)
    {
        var parameters = new Parameters(device);
        var decoder = new TextDecoder(parameters, TextDecoderTests.Sizes, TextDecoderTests.Vocabulary, TextDecoderTests.Source);
        parameters.Allocate(0, gradients: false);
        HeadTest.Load(parameters, HeadTest.Golden("decoder"));
        return (parameters, decoder);
    }

    [TestMethod, EveryDevice]
    public void Greedy_and_beam_say_what_PyTorch_says(string device)
    {
        var (golden, opened) = (HeadTest.Golden("decoder"), TestDevices.Open(device));
        var (parameters, decoder) = Golden(opened);
        using var _ = parameters;
        foreach (int width in new[] { 1, 3 })
        {
            using var memory = new DecodingMemory(opened, decoder, 2, 5, TextDecoderTests.Source, width);
            memory.Begin(golden["z"]);
            var found = TextSearch.Run(memory, [[Begin], [Begin]], 1, 6, End);
            for (int image = 0; image < 2; image++)
            {
                CollectionAssert.AreEqual(golden[$"beam_{image}_{width}"].Select(id => (int)id).ToArray(), found[image].Tokens);
                Assert.AreEqual(golden[$"score_{image}_{width}"][0], found[image].Score, 1e-5);
                Assert.AreEqual(found[image].LogLikelihood, found[image].Score * found[image].Tokens.Length, 1e-9);
            }
            // An image alone, and after another one: what was kept of that does not matter.
            memory.Begin(golden["z"].AsSpan(5 * TextDecoderTests.Source));
            CollectionAssert.AreEqual(found[1].Tokens, TextSearch.Run(memory, [[Begin]], 1, 6, End)[0].Tokens);
        }
    }

    [TestMethod, EveryDevice]
    public void Logits_of_one_token_after_another_are_those_of_all_at_once(string device)
    {
        var (golden, opened) = (HeadTest.Golden("decoder"), TestDevices.Open(device));
        var (parameters, decoder) = Golden(opened);
        using var _ = parameters;
        int[] tokens = [.. golden["tokens"].Select(id => (int)id)];
        using var memory = new DecodingMemory(opened, decoder, 2, 5, TextDecoderTests.Source, 1);
        memory.Begin(golden["z"]);
        for (int at = 0; at < 6; at++)
        {
            var step = memory.Next([tokens[at], tokens[6 + at]], at);
            for (int image = 0; image < 2; image++)
                Close.To(golden["logits"][((image * 6 + at) * 11)..((image * 6 + at + 1) * 11)], step[(image * 11)..((image + 1) * 11)],
                    Close.Reordered, $"image {image}, token {at}");
        }
    }

    /// <summary>With as many places as there are texts but for their last token, nothing is lost, whatever the power and the prompt.</summary>
    [TestMethod]
    public void A_wide_beam_finds_the_best_of_all_texts()
    {
        const int Ids = 4, Length = 4;
        var opened = TestDevices.Open(TestDevices.FourThreads);
        for (int trial = 0; trial < 6; trial++)
        {
            using var t = new LayerTest(TestDevices.FourThreads);
            var decoder = new TextDecoder(t.Parameters, new(Width: 6, Depth: 1, Heads: 2, Length: Length), Ids, 3);
            t.Parameters.Allocate(trial, gradients: false);
            var random = new Random(trial);
            foreach (var p in t.Parameters.All)
                opened.Upload<float>([.. Enumerable.Range(0, p.Count).Select(_ => random.NextSingle() * 2 - 1)], p.Value.View);
            float[] z = [.. Enumerable.Range(0, 6).Select(_ => random.NextSingle())];
            using var source = new DeviceMatrix(opened, new Matrix(2, 3).With([.. z.Select(v => (double)v)]), 3);
            int[] prompt = trial % 2 == 0 ? [Begin] : [Begin, 3];
            var power = trial % 3 == 0 ? 0 : 1;
            int limit = Length - prompt.Length + 1;
            var (best, bestScore) = (Array.Empty<int>(), double.NegativeInfinity);
            void Extend(int[] said, double total)
            {
                if (said.Length > 0 && (said[^1] == End || said.Length == limit))
                {
                    var score = total / Math.Pow(said.Length, power);
                    if (score > bestScore) (best, bestScore) = (said, score);
                    return;
                }
                int[] whole = [.. prompt, .. said];
                var logits = TextDecoderTests.Logits(opened, decoder, whole, whole.Length, source).AsSpan((whole.Length - 1) * Ids).ToArray();
                double log = Math.Log(logits.Sum(logit => Math.Exp(logit)));
                for (int id = 0; id < Ids; id++) Extend([.. said, id], total + logits[id] - log);
            }

            Extend([], 0);
            using var memory = new DecodingMemory(opened, decoder, 1, 2, 3, texts: (int)Math.Pow(Ids, limit - 1));
            memory.Begin(z);
            var found = TextSearch.Run(memory, [prompt], power, 9, End)[0];
            CollectionAssert.AreEqual(best, found.Tokens, $"trial {trial}");
            Assert.AreEqual(bestScore, found.Score, 1e-4);
        }
    }

    [TestMethod]
    public void Barred_ids_are_not_said_and_the_limit_ends_a_text()
    {
        var (golden, opened) = (HeadTest.Golden("decoder"), TestDevices.Open(TestDevices.OneThread));
        var (parameters, decoder) = Golden(opened);
        using var _ = parameters;
        using var memory = new DecodingMemory(opened, decoder, 2, 5, TextDecoderTests.Source, 2);
        memory.Begin(golden["z"]);
        var found = TextSearch.Run(memory, [[Begin], [Begin, 5, 4]], 1, 3, End, barred: [0, End, 6, 7]);
        Assert.IsTrue(found.All(text => text.Tokens.Length == 3 && !text.Tokens.Any(id => id is 0 or End or 6 or 7)));
    }
}
