#:package Microsoft.Extensions.DependencyInjection
#:package System.Numerics.Tensors
#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Silc behind Microsoft.Extensions.AI, with a vector store in memory: the program knows generators of embeddings, and no model.
//   dotnet run Silc.Samples/CSharp/vectors.cs -- runs/demo "a red star" photos/*.png
// Without images it draws some; without a model it takes a new one, which finds by chance.

using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Silc;
using Silc.Datasets;

var services = new ServiceCollection();
if (args is [var path, ..] && path != "-") services.AddSilc(path);
else services.AddSilc(New(new WordTokenizer()));
await using var provider = services.BuildServiceProvider();
var query = args is [_, var words, ..] ? words : "a red star";

// What any generator of images, from whoever, would do.
var store = new MemoryStore<string>();
var images = provider.GetRequiredService<IEmbeddingGenerator<DataContent, Embedding<float>>>();
(string Name, DataContent Image)[] entries = args.Length > 2 ? await Files(args[2..]) : Drawn(64);
foreach (var ((name, _), embedding) in entries.Zip(await images.GenerateAsync(entries.Select(entry => entry.Image))))
    store.Upsert(name, embedding.Vector);

var texts = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
var wanted = await texts.GenerateVectorAsync(query);
Console.WriteLine($"{query}, among {store.Count} images of {images.GetRequiredService<EmbeddingGeneratorMetadata>().DefaultModelDimensions} values:");
foreach (var (name, score) in store.Search(wanted, top: 5)) Console.WriteLine($"{score,7:F3}  {name}");

static SilcModel New(Tokenizer tokenizer) =>
    SilcModel.Create(Device.Best(), SilcConfig.Mini with { VocabSize = tokenizer.VocabSize }, seed: 0, tokenizer);

static async Task<(string, DataContent)[]> Files(string[] paths) =>
    await Task.WhenAll(paths.Select(async file => (file, await DataContent.LoadFromAsync(file))));

static (string, DataContent)[] Drawn(int count)
{
    var source = new DemoSource(count, seed: 1);
    return [.. Enumerable.Range(0, count).Select(source.Read)
        .Select(pair => (pair.Captions[0], new DataContent(ImageFile.Encode(pair.Image), "image/png")))];
}

/// <summary>The least that a vector store does: records by key, and the nearest by cosine.</summary>
sealed class MemoryStore<TKey> where TKey : notnull
{
    readonly Dictionary<TKey, ReadOnlyMemory<float>> records = [];

    public int Count => records.Count;

    public void Upsert(TKey key, ReadOnlyMemory<float> vector) => records[key] = vector;

    public IEnumerable<(TKey Key, float Score)> Search(ReadOnlyMemory<float> query, int top) => records
        .Select(record => (record.Key, Score: TensorPrimitives.CosineSimilarity(record.Value.Span, query.Span)))
        .OrderByDescending(hit => hit.Score).Take(top);
}
