using ILGPU;
using ILGPU.Runtime;

namespace Silc;

// Embedding images and captions with a trained model.
public sealed partial class SilcModel
{
    const int TextsAtOnce = 128;

    Inference? inference;
    PackedInference? packedInference;

    /// <summary>
    /// Images that go through the image tower at once, 32 unless set: more keep a large device busy and take
    /// more memory, fewer let calls of other threads come sooner in between. Setting it frees the buffers of
    /// inference; the next call makes them anew. Vectors of other batch sizes agree but for rounding.
    /// </summary>
    /// <exception cref="ArgumentException">It is not positive.</exception>
    public int BatchSize
    {
        get;
        set
        {
            Require.Positive(value, "batch size");
            using var exclusive = Exclusive();
            if (value == field) return;
            field = value;
            FreeInference();
        }
    } = 32;

    void FreeInference()
    {
        inference?.Dispose();
        packedInference?.Dispose();
        (inference, packedInference) = (null, null);
        foreach (var windows in patchInference.Values) windows.Dispose();
        patchInference.Clear();
    }

    /// <summary>Embeds images given as pixels (N, size, size, 3) in [-1, 1]: (N, C), L2-normalised.</summary>
    /// <param name="pixels">Images one after another.</param>
    /// <param name="normalize">False leaves embeddings their lengths, as probes want them: big_vision's <c>pre_logits</c>.</param>
    /// <exception cref="ArgumentException">The values are no whole number of images.</exception>
    public Vectors EmbedPixels(float[] pixels, bool normalize = true) => EmbedPixels(pixels.AsSpan(), normalize);

    Vectors EmbedPixels(ReadOnlySpan<float> pixels, bool normalize)
    {
        int each = Config.ImageSize * Config.ImageSize * 3;
        Require.That(pixels.Length % each == 0,
            $"{pixels.Length} pixel values are no whole number of {Config.ImageSize} x {Config.ImageSize} x 3 images");
        using var exclusive = Exclusive();
        return (inference ??= new(this)).Images(pixels, pixels.Length / each, normalize);
    }

    /// <summary>Embeds images at their own aspect ratio, by their places.</summary>
    internal Vectors EmbedPacked(PackedImages images, int[] places, bool normalize)
    {
        using var exclusive = Exclusive();
        return (packedInference ??= new(this)).Images(images, places, normalize);
    }

    /// <summary>Embeds captions given as token ids (N, T): (N, C), L2-normalised.</summary>
    /// <exception cref="ArgumentException">The ids are no whole number of captions, or one lies outside of the vocabulary.</exception>
    public Vectors EmbedTokens(int[] tokens)
    {
        _ = Text;
        Require.That(tokens.Length % Config.TextLength == 0, $"{tokens.Length} token ids are no whole number of captions of {Config.TextLength}");
        foreach (var id in tokens)
            Require.That(id >= 0 && id < Config.VocabSize, $"token id {id} is not in the model's vocabulary of {Config.VocabSize}");
        using var exclusive = Exclusive();
        return (inference ??= new(this)).Texts(tokens, tokens.Length / Config.TextLength);
    }

    /// <summary>Embeds captions: (N, C), L2-normalised.</summary>
    /// <exception cref="InvalidOperationException">The model was made without a tokenizer.</exception>
    public Vectors EmbedTexts(IEnumerable<string> texts)
    {
        _ = Text;
        var tokenizer = Tokenizer ?? throw new InvalidOperationException("this model has no tokenizer: give one to SilcModel.Create or "
            + "SilcModel.Load");
        return EmbedTokens([.. texts.SelectMany(text => tokenizer.Tokens(text, Config.TextLength))]);
    }

    /// <summary>Buffers for images at their own aspect ratio, made when first used.</summary>
    sealed class PackedInference : IDisposable
    {
        readonly SilcModel model;
        readonly PackedUpload upload;
        readonly Arena arena;
        readonly Pass pass;

        public PackedInference(SilcModel model)
        {
            this.model = model;
            model.Image.RequirePacked();
            var (device, config) = (model.Device, model.Config);
            upload = new(device, config, model.BatchSize, config.Grid * config.Grid);
            try
            {
                arena = Arena.Allocate(device, Arena.Measure(device, arena =>
                    model.EmbedImage(new(device.Ops, arena, Training: false), upload.Slice(0, model.BatchSize))));
            }
            catch
            {
                upload.Dispose();
                throw;
            }
            pass = new(device.Ops, arena, Training: false);
        }

        public Vectors Images(PackedImages images, int[] places, bool normalize)
        {
            arena.Reset();
            upload.Put(images, places);
            upload.Ready();
            var (z, raw, _) = model.EmbedImage(pass, upload.Slice(0, places.Length));
            var vectors = new Vectors(places.Length, model.Config.EmbedDim);
            var chosen = normalize ? z : raw;
            model.Device.Download(chosen.View.SubView(0, chosen.Count)).CopyTo(vectors.Span(0, places.Length));
            return vectors;
        }

        public void Dispose()
        {
            arena.Dispose();
            upload.Dispose();
        }
    }

    /// <summary>Buffers of inference, made when first used.</summary>
    sealed class Inference : IDisposable
    {
        readonly SilcModel model;
        readonly int imagesAtOnce;
        readonly Arena arena;
        readonly Pass pass;
        readonly PinnedUpload pixels;
        readonly MemoryBuffer1D<int, Stride1D.Dense> tokens;

        public Inference(SilcModel model)
        {
            (this.model, imagesAtOnce) = (model, model.BatchSize);
            var (device, config) = (model.Device, model.Config);
            arena = Arena.Allocate(device, Arena.Measure(device, arena =>
            {
                var measured = new Pass(device.Ops, arena, Training: false);
                model.EmbedImage(measured, new(default, imagesAtOnce, config.ImageSize * config.ImageSize * 3), config.ImageSize);
                if (!config.HasText) return;
                arena.Reset();
                model.EmbedText(measured, new(default, default, TextsAtOnce));
            }));
            pass = new(device.Ops, arena, Training: false);
            try
            {
                pixels = new(device, (long)imagesAtOnce * config.ImageSize * config.ImageSize * 3, "images");
                tokens = device.Allocate<int>(TextsAtOnce * config.TextLength, "captions");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public Vectors Images(ReadOnlySpan<float> source, int count, bool normalize)
        {
            int each = source.Length / Math.Max(1, count), side = model.Config.ImageSize;
            return InPieces(count, imagesAtOnce, source, each, Send, n =>
            {
                var (z, raw, _) = model.EmbedImage(pass, new(pixels.View, n, each), side);
                return normalize ? z : raw;
            });

            // The buffer is free: the results of its last batch have come back.
            void Send(ReadOnlySpan<float> piece)
            {
                pixels.Put(piece, 0);
                pixels.Ready();
            }
        }

        public Vectors Texts(ReadOnlySpan<int> source, int count) => InPieces(count, TextsAtOnce, source, model.Config.TextLength,
            piece => model.Device.Upload(piece, tokens.View.AsContiguous()), n =>
                model.EmbedText(pass, new(tokens.View.AsContiguous(), default, n)).Z);

        Vectors InPieces<T>(int count, int atOnce, ReadOnlySpan<T> source, int each, Action<ReadOnlySpan<T>> send, Func<int, Tensor> embed)
            where T : unmanaged
        {
            var all = new Vectors(count, model.Config.EmbedDim);
            for (int first = 0; first < count; first += atOnce)
            {
                int n = Math.Min(atOnce, count - first);
                arena.Reset();
                send(source.Slice(first * each, n * each));
                var z = embed(n);
                model.Device.Download(z.View.SubView(0, z.Count)).CopyTo(all.Span(first, n));
            }
            return all;
        }

        public void Dispose()
        {
            arena.Dispose();
            // Null if the constructor failed.
            pixels?.Dispose();
            model.Device.Free(tokens);
        }
    }
}
