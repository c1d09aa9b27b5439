using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Silc;

/// <summary>
/// A model as Microsoft.Extensions.AI knows generators of embeddings: of captions and of images, into one space, L2-normalised, (1, C) each. Rows of
/// calls that come at the same time share batches of the device. Images are decoded before they queue; captions beyond
/// <see cref="SilcConfig.TextLength"/> tokens are cut, as everywhere.
/// </summary>
/// <example>
/// <code>
/// using Microsoft.Extensions.AI;
///
/// using var generator = new SilcEmbeddingGenerator(model);
/// IEmbeddingGenerator&lt;string, Embedding&lt;float&gt;&gt; texts = generator;
/// IEmbeddingGenerator&lt;DataContent, Embedding&lt;float&gt;&gt; images = generator;
/// ReadOnlyMemory&lt;float&gt; bicycle = (await texts.GenerateAsync(["a red bicycle"]))[0].Vector;
/// ReadOnlyMemory&lt;float&gt; photo = (await images.GenerateAsync([await DataContent.LoadFromAsync("photo.jpg")]))[0].Vector;
/// </code>
/// </example>
/// <remarks>
/// Measurements: the meter <c>Silc</c> (<c>silc.embeddings</c>, <c>silc.embeddings.waiting</c>, <c>silc.batch.size</c>, <c>silc.batch.duration</c>,
/// <c>silc.queue.duration</c>) and activities of the source <c>Silc</c>. Threads: any number may call. <see cref="Dispose"/> refuses further calls,
/// lets those at work end, and leaves the model alone.
/// </remarks>
public sealed class SilcEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>, IEmbeddingGenerator<DataContent, Embedding<float>>
{
    const int TextsAtOnce = 128;

    readonly SilcModel model;
    readonly EvalCrop crop;
    readonly EmbeddingGeneratorMetadata metadata;
    readonly DeviceBatcher<int[]> texts;
    readonly DeviceBatcher<PreparedImage> images;
    volatile bool disposed;

    /// <param name="model">Stays the caller's, and must outlive the generator.</param>
    /// <param name="modelId">What answers call the model; null means <c>silc</c>.</param>
    /// <param name="crop">How images become squares; as those of the vectors that they are compared with.</param>
    /// <param name="logger">Is told of batches (Debug) and failures (Error); null tells nobody.</param>
    public SilcEmbeddingGenerator(SilcModel model, string? modelId = null, EvalCrop crop = EvalCrop.Squash,
        ILogger<SilcEmbeddingGenerator>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (this.model, this.crop) = (model, crop);
        metadata = new("silc", defaultModelId: modelId ?? "silc", defaultModelDimensions: model.Config.EmbedDim);
        var log = logger ?? NullLogger<SilcEmbeddingGenerator>.Instance;
        texts = new("text", () => TextsAtOnce, rows => model.EmbedTokens(Joined(rows)), log);
        images = new("image", () => model.BatchSize, Embed, log);
    }

    /// <summary>Embeds captions, in their order; <see cref="GeneratedEmbeddings{T}.Usage"/> counts their tokens.</summary>
    /// <param name="values">Captions.</param>
    /// <param name="options">May name this model and its width, and nothing else.</param>
    /// <param name="cancellationToken">Captions that still wait are then not embedded.</param>
    /// <exception cref="ArgumentException">A caption is null, or the options ask for another model or another width.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer, or no text tower.</exception>
    /// <exception cref="ObjectDisposedException">The generator, the model or its device was disposed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        Check(options);
        _ = model.Text;
        var tokenizer = model.Tokenizer ?? throw new InvalidOperationException("this model has no tokenizer: give one to SilcModel.Load");
        string[] captions = [.. values];
        foreach (var (i, caption) in captions.Index()) Require.That(caption is not null, $"caption {i} is null");
        using var activity = Activity(captions.Length);
        var length = model.Config.TextLength;
        int[][] rows = [.. captions.Select(caption => tokenizer.Tokens(caption, length))];
        var tokens = captions.Sum(caption => (long)Math.Min(length, tokenizer.Encode(caption).Length));
        var vectors = await texts.Embed(rows, cancellationToken).ConfigureAwait(false);
        activity?.SetTag("gen_ai.usage.input_tokens", tokens);
        var generated = Generated(vectors);
        generated.Usage = new() { InputTokenCount = tokens, TotalTokenCount = tokens };
        return generated;
    }

    /// <summary>
    /// Embeds images, in their order. <see cref="DataContent"/> holds the bytes of an image file, or a data URI of one;
    /// <c>DataContent.LoadFromAsync</c> makes it of a file or a stream.
    /// </summary>
    /// <param name="values">Image files; of many, some are decoded while others are embedded.</param>
    /// <param name="options">May name this model and its width, and nothing else.</param>
    /// <param name="cancellationToken">Images that still wait are then not embedded.</param>
    /// <exception cref="ArgumentException">
    /// A content is null or no image by its media type, or the options ask for another model or width.
    /// </exception>
    /// <exception cref="InvalidDataException">An image cannot be decoded; the message has its name, or its number.</exception>
    /// <exception cref="ObjectDisposedException">The generator, the model or its device was disposed.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<DataContent> values, EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        Check(options);
        return Images([.. values.Select((content, i) => (Func<RgbImage>)(() => Decode(content, i)))], cancellationToken);
    }

    /// <summary>The same of images that are opened when their turn to be decoded has come.</summary>
    internal async Task<GeneratedEmbeddings<Embedding<float>>> Images(IReadOnlyList<Func<RgbImage>> open, CancellationToken stop)
    {
        using var activity = Activity(open.Count);
        var (vectors, before) = (new List<float[]>(open.Count), Task.FromResult<float[][]>([]));
        // Pixels of no more than two batches are in memory: one is embedded while the next is decoded.
        foreach (var some in open.Chunk(model.BatchSize))
        {
            var prepared = new PreparedImage[some.Length];
            await Parallel.ForEachAsync(Enumerable.Range(0, some.Length), stop, (i, _) =>
            {
                prepared[i] = Prepare(some[i]());
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
            vectors.AddRange(await before.ConfigureAwait(false));
            before = images.Embed(prepared, stop);
        }
        vectors.AddRange(await before.ConfigureAwait(false));
        return Generated(vectors);
    }

    PreparedImage Prepare(RgbImage image)
    {
        var config = model.Config;
        if (crop != EvalCrop.Naflex) return new(ViewSampler.EvalPixels(image, config.ImageSize, crop, config.Images), null);
        var packed = new PackedImages(1, config.Grid * config.Grid, config.PatchSize);
        packed.Fill(0, image, config.Images);
        return new([], packed);
    }

    Vectors Embed(IReadOnlyList<PreparedImage> rows)
    {
        if (crop != EvalCrop.Naflex) return model.EmbedPixels(Joined([.. rows.Select(row => row.Pixels)]));
        var packed = new PackedImages(rows.Count, model.Config.Grid * model.Config.Grid, model.Config.PatchSize);
        for (int i = 0; i < rows.Count; i++) packed.Copy(i, rows[i].Packed!, 0);
        return model.EmbedPacked(packed, [.. Enumerable.Range(0, rows.Count)], normalize: true);
    }

    /// <summary>A square, or an image at its own aspect ratio.</summary>
    readonly record struct PreparedImage(float[] Pixels, PackedImages? Packed);

    /// <summary>The metadata, the model or the generator itself, where it is asked for by its type and without a key.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : serviceType == typeof(SilcModel) ? model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Refuses further calls.</summary>
    public void Dispose() => disposed = true;

    void Check(EmbeddingGenerationOptions? options)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var (name, width) = (metadata.DefaultModelId, model.Config.EmbedDim);
        Require.That(options?.Dimensions is null || options.Dimensions == width,
            $"embeddings of {options?.Dimensions} values are asked for, this model makes {width}");
        Require.That(options?.ModelId is null || options.ModelId == name, $"the model '{options?.ModelId}' is asked for, this is '{name}'");
    }

    static RgbImage Decode(DataContent content, int number)
    {
        Require.That(content is not null, $"image {number} is null");
        var name = content!.Name ?? $"image {number}";
        Require.That(content.HasTopLevelMediaType("image") || content.MediaType == "application/octet-stream",
            $"{name} is {content.MediaType}; an image is wanted, such as image/png");
        return ImageFile.Decode(content.Data, name);
    }

    static T[] Joined<T>(IReadOnlyList<T[]> rows)
    {
        var each = rows[0].Length;
        var all = new T[rows.Count * each];
        foreach (var (i, row) in rows.Index()) row.CopyTo(all, i * each);
        return all;
    }

    GeneratedEmbeddings<Embedding<float>> Generated(IReadOnlyCollection<float[]> vectors)
    {
        var now = DateTimeOffset.UtcNow;
        return [.. vectors.Select(vector => new Embedding<float>(vector) { ModelId = metadata.DefaultModelId, CreatedAt = now })];
    }

    System.Diagnostics.Activity? Activity(int count)
    {
        // Names of OpenTelemetry's conventions for generative systems.
        var activity = EmbeddingMeter.Source.StartActivity($"embeddings {metadata.DefaultModelId}", System.Diagnostics.ActivityKind.Internal);
        return activity?.SetTag("gen_ai.operation.name", "embeddings").SetTag("gen_ai.provider.name", metadata.ProviderName)
            .SetTag("gen_ai.request.model", metadata.DefaultModelId).SetTag("silc.rows", count);
    }
}
