using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Silc.Tests;

/// <summary>A model behind the interfaces of Microsoft.Extensions.AI.</summary>
[TestClass, DoNotParallelize]
public sealed class EmbeddingGeneratorTests : TempFolder
{
    const float Rounding = 2e-6f;

    static readonly SilcConfig config = TinyRun.Config with { TextLength = 12, VocabSize = new WordTokenizer().VocabSize };

    static (Device Device, SilcModel Model) Made()
    {
        var device = Device.Cpu(1);
        return (device, SilcModel.Create(device, config, seed: 1, new WordTokenizer()));
    }

    static void Same(Vectors expected, GeneratedEmbeddings<Embedding<float>> actual)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
            for (int c = 0; c < expected.Width; c++) Assert.AreEqual(expected[i, c], actual[i].Vector.Span[c], Rounding, $"row {i}, value {c}");
    }

    [TestMethod]
    public async Task Texts_and_images_are_the_models_own()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        using var generator = new SilcEmbeddingGenerator(model, "tiny");
        string[] captions = [.. Enumerable.Range(0, 300).Select(i => $"a red star and {i} circles")];
        var texts = await generator.GenerateAsync(captions);
        Same(model.EmbedTexts(captions), texts);
        Assert.AreEqual("tiny", texts[0].ModelId);
        Assert.AreEqual(captions.Sum(caption => Math.Min(12L, model.Tokenizer!.Encode(caption).Length)), texts.Usage!.InputTokenCount);

        using var shaped = new SilcEmbeddingGenerator(model, crop: EvalCrop.Naflex);
        RgbImage[] shapes = [.. Enumerable.Range(0, 40).Select(i => Images.Noise(20 + i, 60 - i, i))];
        Same(model.EmbedImages(shapes, EvalCrop.Naflex),
            await shaped.GenerateAsync(shapes.Select(image => new DataContent(ImageFile.Encode(image), "image/png"))));

        // More than a batch, by bytes, by a file, by a stream and by a data URI.
        var drawn = new DemoSource(70, seed: 0, size: 24);
        byte[][] files = [.. Enumerable.Range(0, 70).Select(i => ImageFile.Encode(drawn.Read(i).Image))];
        DataContent[] contents = [.. files.Select(file => new DataContent(file, "image/png"))];
        File.WriteAllBytes(At("one.png"), files[1]);
        contents[1] = await DataContent.LoadFromAsync(At("one.png"));
        contents[2] = await DataContent.LoadFromAsync(new MemoryStream(files[2]));
        contents[3] = new($"data:image/png;base64,{Convert.ToBase64String(files[3])}");
        Same(model.EmbedImages(files.Select(file => ImageFile.Decode(file))), await generator.GenerateAsync(contents));
        Assert.IsEmpty(await generator.GenerateAsync((string[])[]));
    }

    [TestMethod]
    public void Calls_that_come_together_share_batches_and_keep_their_own_rows()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        using var generator = new SilcEmbeddingGenerator(model);
        List<long> batches = [];
        using var listener = Listen("silc.batch.size", batches);
        string[] captions = [.. Enumerable.Range(0, 200).Select(i => $"a red star and {i} circles")];
        Task<GeneratedEmbeddings<Embedding<float>>>[] calls;
        using (model.Exclusive())
            calls = [.. captions.Select(caption => generator.GenerateAsync([caption]))];
        Task.WaitAll(calls);
        var expected = model.EmbedTexts(captions);
        foreach (var (i, call) in calls.Index()) Same(expected.Rows([i]), call.Result);
        lock (batches)
        {
            Assert.AreEqual(200, batches.Sum());
            // The first takes what was there when it began, at least one; the rest fills two.
            Assert.IsLessThanOrEqualTo(3, batches.Count);
            Assert.IsLessThanOrEqualTo(128, batches.Max());
        }
    }

    [TestMethod]
    public async Task What_is_cancelled_is_not_embedded_and_others_are()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        using var generator = new SilcEmbeddingGenerator(model);
        List<long> embedded = [];
        using var listener = Listen("silc.embeddings", embedded);
        using var stop = new CancellationTokenSource();
        Task<GeneratedEmbeddings<Embedding<float>>> first, cancelled, kept;
        Hold(out first, out cancelled, out kept);
        Same(model.EmbedTexts(["a red star"]), await first);
        Same(model.EmbedTexts(["a green ring"]), await kept);
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        lock (embedded) Assert.AreEqual(2, embedded.Sum());
        await Assert.ThrowsAsync<OperationCanceledException>(() => generator.GenerateAsync(["late"], cancellationToken: stop.Token));

        void Hold(out Task<GeneratedEmbeddings<Embedding<float>>> one, out Task<GeneratedEmbeddings<Embedding<float>>> two,
            out Task<GeneratedEmbeddings<Embedding<float>>> three)
        {
            using var turn = model.Exclusive();
            one = generator.GenerateAsync(["a red star"]);
            Thread.Sleep(200);      // is at work by now, and waits for the device
            two = generator.GenerateAsync(["a blue circle"], cancellationToken: stop.Token);
            three = generator.GenerateAsync(["a green ring"]);
            stop.Cancel();
        }
    }

    [TestMethod]
    public async Task What_cannot_be_embedded_is_said()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        var generator = new SilcEmbeddingGenerator(model);
        await Said<ArgumentException>("3 are asked for", () => generator.GenerateAsync(["a"], new() { Dimensions = 3 }), "embeddings of 3 values");
        await Said<ArgumentException>("a model", () => generator.GenerateAsync(["a"], new() { ModelId = "other" }), "'other' is asked for");
        await Said<ArgumentException>("null", () => generator.GenerateAsync((string[])[null!]), "caption 0 is null");
        await Said<ArgumentException>("a sound", () => generator.GenerateAsync([new DataContent("abc"u8.ToArray(), "audio/wav")]), "audio/wav");
        var broken = new DataContent("abc"u8.ToArray(), "image/png") { Name = "cat" };
        await Said<InvalidDataException>("no image", () => generator.GenerateAsync([broken]), "cat");
        generator.Dispose();
        await Said<ObjectDisposedException>("disposed", () => generator.GenerateAsync(["a"]), nameof(SilcEmbeddingGenerator));

        static async Task Said<T>(string what, Func<Task> call, string expected) where T : Exception =>
            Assert.Contains(expected, (await Assert.ThrowsAsync<T>(call, what)).Message);
    }

    [TestMethod]
    public async Task Services_have_the_model_once_and_dispose_it()
    {
        SilcModel model;
        await using (var services = new ServiceCollection().AddSilc(CaseModel.In(Root), "cpu").BuildServiceProvider())
        {
            var texts = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            var images = services.GetRequiredService<IEmbeddingGenerator<DataContent, Embedding<float>>>();
            Assert.AreSame<object>(texts, images);
            model = services.GetRequiredService<SilcModel>();
            Same(model.EmbedTexts(["a red star"]), await texts.GenerateAsync(["a red star"]));
            var metadata = (EmbeddingGeneratorMetadata)texts.GetService(typeof(EmbeddingGeneratorMetadata))!;
            Assert.AreEqual(("silc", "model", model.Config.EmbedDim),
                (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
            Assert.AreSame(model, texts.GetService<SilcModel>());
            Assert.IsNull(texts.GetService(typeof(SilcModel), "key"));
        }
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.EmbedTexts(["a"]));
    }

    [TestMethod]
    public async Task A_model_that_is_given_stays_the_callers()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        await using (var services = new ServiceCollection().AddSilc(model).BuildServiceProvider())
            await services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["a red star"]);
        Assert.AreEqual(1, model.EmbedTexts(["a red star"]).Count);
    }

    [TestMethod]
    public async Task Activities_have_OpenTelemetrys_names()
    {
        var (device, model) = Made();
        using var both = device;
        using var alone = model;
        List<Activity> seen = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Silc",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => { lock (seen) seen.Add(activity); },
        };
        ActivitySource.AddActivityListener(listener);
        using var generator = new SilcEmbeddingGenerator(model, "tiny");
        await generator.GenerateAsync(["a red star", "a blue circle"]);
        lock (seen)
        {
            var call = seen.Single(activity => activity.OperationName == "embeddings tiny");
            Assert.AreEqual(("embeddings", "tiny", 2), (call.GetTagItem("gen_ai.operation.name"), call.GetTagItem("gen_ai.request.model"),
                call.GetTagItem("silc.rows")));
            Assert.AreEqual(2, seen.Single(activity => activity.OperationName == "silc.batch").GetTagItem("silc.batch.size"));
        }
    }

    static MeterListener Listen(string name, List<long> values)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument.Name == name) it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => { lock (values) values.Add(value); });
        listener.Start();
        return listener;
    }
}
