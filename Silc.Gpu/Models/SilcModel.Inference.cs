using ILGPU;
using ILGPU.Runtime;

namespace Silc;

// Embedding pictures and captions with a trained model.
public sealed partial class SilcModel
{
    const int PicturesAtOnce = 32, TextsAtOnce = 128;

    Inference? inference;

    /// <summary>Embeds pictures given as pixels (N, size, size, 3) in [-1, 1]: (N, C), L2-normalised.</summary>
    /// <param name="pixels">Pictures one after another.</param>
    /// <param name="normalize">
    /// False leaves embeddings their lengths, as probes want them: big_vision's <c>pre_logits</c>.
    /// </param>
    public float[,] EmbedPixels(float[] pixels, bool normalize = true)
    {
        int each = Config.ImageSize * Config.ImageSize * 3;
        Require.That(pixels.Length % each == 0, $"{pixels.Length} pixel values are no whole number of {Config.ImageSize} x {Config.ImageSize} x 3 pictures");
        return (inference ??= new(this)).Pictures(pixels, pixels.Length / each, normalize);
    }

    /// <summary>Embeds captions given as token ids (N, T): (N, C), L2-normalised.</summary>
    public float[,] EmbedTokens(int[] tokens)
    {
        Require.That(tokens.Length % Config.TextLength == 0, $"{tokens.Length} token ids are no whole number of captions of {Config.TextLength}");
        foreach (var id in tokens)
            Require.That(id >= 0 && id < Config.VocabSize, $"token id {id} is not in the model's vocabulary of {Config.VocabSize}");
        return (inference ??= new(this)).Texts(tokens, tokens.Length / Config.TextLength);
    }

    /// <summary>Embeds captions: (N, C), L2-normalised.</summary>
    /// <exception cref="InvalidOperationException">The model was made without a tokenizer.</exception>
    public float[,] EmbedTexts(IEnumerable<string> texts)
    {
        var tokenizer = Tokenizer ?? throw new InvalidOperationException("this model has no tokenizer: give one to SilcModel.Create or SilcModel.Load");
        return EmbedTokens([.. texts.SelectMany(text => tokenizer.Tokens(text, Config.TextLength))]);
    }

    /// <summary>Buffers of inference, made when first used.</summary>
    sealed class Inference : IDisposable
    {
        readonly SilcModel model;
        readonly Arena arena;
        readonly Pass pass;
        readonly StagedBuffer pixels;
        readonly MemoryBuffer1D<int, Stride1D.Dense> tokens;

        public Inference(SilcModel model)
        {
            this.model = model;
            var (device, config) = (model.Device, model.Config);
            using var measure = Arena.Measure(device);
            device.DryRun = true;
            try
            {
                var dry = new Pass(device.Ops, measure, Training: false);
                model.EmbedImage(dry, new(default, PicturesAtOnce, config.ImageSize * config.ImageSize * 3), config.ImageSize);
                measure.Reset();
                model.EmbedText(dry, new(default, default, TextsAtOnce));
            }
            finally
            {
                device.DryRun = false;
            }
            arena = Arena.Allocate(device, measure.Peak);
            pass = new(device.Ops, arena, Training: false);
            pixels = new(device, (long)PicturesAtOnce * config.ImageSize * config.ImageSize * 3, "pictures");
            tokens = device.Allocate<int>(TextsAtOnce * config.TextLength, "captions");
        }

        public float[,] Pictures(float[] source, int count, bool normalize)
        {
            int each = source.Length / Math.Max(1, count), side = model.Config.ImageSize;
            return InPieces(count, PicturesAtOnce, (first, n) =>
            {
                pixels.Put(source, first * each, n * each, 0);      // what was there has been read: its results came back
                model.Device.AwaitCopies();
                var (z, raw, _) = model.EmbedImage(pass, new(pixels.View, n, each), side);
                return normalize ? z : raw;
            });
        }

        public float[,] Texts(int[] source, int count)
        {
            int length = model.Config.TextLength;
            return InPieces(count, TextsAtOnce, (first, n) =>
            {
                model.Device.Upload<int>(source.AsSpan(first * length, n * length), tokens.View.AsContiguous());
                return model.EmbedText(pass, new(tokens.View.AsContiguous(), default, n)).Z;
            });
        }

        float[,] InPieces(int count, int atOnce, Func<int, int, Tensor> embed)
        {
            var all = new float[count, model.Config.EmbedDim];
            for (int first = 0; first < count; first += atOnce)
            {
                arena.Reset();
                var z = embed(first, Math.Min(atOnce, count - first));
                var host = model.Device.Download(z.View.SubView(0, z.Count));
                Buffer.BlockCopy(host, 0, all, first * z.Cols * sizeof(float), host.Length * sizeof(float));
            }
            return all;
        }

        public void Dispose()
        {
            arena.Dispose();
            pixels.Dispose();
            model.Device.Free(tokens);
        }
    }
}
