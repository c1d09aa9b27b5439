using Microsoft.Extensions.AI;

namespace Silc.Samples.Serve;

/// <summary>
/// The model of a service. Embeddings go through the generator, whose batches many requests share; other work takes the device in turn.
/// Threads: any number may call.
/// </summary>
sealed class ServedModel(SilcModel model, SilcEmbeddingGenerator generator, EvalCrop crop, ServeSettings settings) : IDisposable
{
    const int KeptPrototypes = 64;

    readonly SemaphoreSlim work = new(1);
    readonly Lock gate = new();
    readonly LinkedList<(string Key, ClassPrototypes Classes)> prototypes = new();

    public SilcModel Model => model;

    public EvalCrop Crop => crop;

    public string Id { get; } = generator.GetService(typeof(EmbeddingGeneratorMetadata)) is EmbeddingGeneratorMetadata { DefaultModelId: { } id }
        ? id : "silc";

    public Task<GeneratedEmbeddings<Embedding<float>>> Embed(IReadOnlyList<string> texts, CancellationToken stop) =>
        generator.GenerateAsync(texts, cancellationToken: stop);

    public Task<GeneratedEmbeddings<Embedding<float>>> Embed(IReadOnlyList<Func<RgbImage>> images, CancellationToken stop) =>
        generator.Images(images, stop);

    /// <summary>One vector as rows.</summary>
    public static Vectors Rows(GeneratedEmbeddings<Embedding<float>> one) => Vectors.Of(one[0].Vector.ToArray());

    /// <summary>Does what needs the device, when it is this request's turn; no thread waits for it.</summary>
    public async Task<T> InTurn<T>(Func<T> compute, CancellationToken stop)
    {
        await work.WaitAsync(stop);
        try
        {
            // Awaited to its end even when asked to stop: otherwise the next request would start beside it.
            return await Task.Run(compute, CancellationToken.None);
        }
        finally
        {
            work.Release();
        }
    }

    /// <summary>Labels in words; the last ones are kept. To be called in turn.</summary>
    public ClassPrototypes Prototypes(IReadOnlyList<string> labels, string[]? templates)
    {
        var (sentences, key) = (TemplatesOf(templates), string.Join('\u0001', [.. labels, "\u0002", .. templates ?? []]));
        lock (gate)
        {
            for (var node = prototypes.First; node is not null; node = node.Next)
            {
                if (node.Value.Key != key) continue;
                prototypes.Remove(node);
                prototypes.AddFirst(node);
                return node.Value.Classes;
            }
        }
        var made = model.Prototypes(ClassList.Of(labels), sentences);
        lock (gate)
        {
            prototypes.AddFirst((key, made));
            if (prototypes.Count > KeptPrototypes) prototypes.RemoveLast();
        }
        return made;
    }

    /// <summary>Throws unless labels and templates are within their limits.</summary>
    public void Check(string[]? labels, string[]? templates)
    {
        if (labels is not { Length: > 0 }) throw ServeError.Bad("labels", "labels is missing; say what to look for, as [\"cat\", \"dog\"]");
        foreach (var label in labels) CheckText(label, "labels");
        var sentences = TemplatesOf(templates).Count;
        if (labels.Length > settings.MaxLabels) throw ServeError.Bad("labels", $"{labels.Length} labels, at most {settings.MaxLabels} are taken");
        if ((long)labels.Length * sentences > 8L * settings.MaxLabels)
            throw ServeError.Bad("templates", $"{labels.Length} labels in {sentences} sentences each, at most {8L * settings.MaxLabels} in all are "
                + "taken");
    }

    public void CheckText(string? text, string field)
    {
        if (string.IsNullOrWhiteSpace(text)) throw ServeError.Bad(field, $"{field} holds an empty text");
        if (text.Length > settings.MaxTextLength)
            throw ServeError.Bad(field, $"{field} holds a text of {text.Length} letters, at most {settings.MaxTextLength} are taken");
    }

    // A set by its name, or sentences: no file, as the command line takes.
    IReadOnlyList<string> TemplatesOf(string[]? templates)
    {
        if (templates is not { Length: > 0 }) return Prompts.Photo;
        if (templates is [var name] && !name.Contains("{}"))
            return Prompts.TemplateSets.Contains(name) ? Prompts.Templates(name)
                : throw ServeError.Bad("templates", $"there are {string.Join(", ", Prompts.TemplateSets)}, or sentences with {{}} for the label");
        foreach (var template in templates)
        {
            CheckText(template, "templates");
            if (!template.Contains("{}")) throw ServeError.Bad("templates", "each sentence needs {} where the label goes");
        }
        return templates;
    }

    public void Dispose() => work.Dispose();
}
