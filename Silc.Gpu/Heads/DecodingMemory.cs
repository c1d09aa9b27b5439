using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Keys and values of texts that grow by a token at a time, so that no token is computed twice, and those of the images, which are computed once.
/// Threads: one at a time, under the device's lock.
/// </summary>
sealed class DecodingMemory : IDisposable
{
    readonly Device device;
    readonly TextDecoder decoder;
    readonly int sourceRows, texts;
    readonly MemoryBuffer1D<float, Stride1D.Dense> memory;
    readonly MemoryBuffer1D<int, Stride1D.Dense> ids;
    readonly Tensor source;
    readonly Arena arena;
    readonly Pass pass;

    // Texts are taken over from one to the other when a search goes on with others than it had.
    DecoderMemory[] now, next;
    int images;

    /// <param name="device">Where it lies.</param>
    /// <param name="decoder">Its sizes.</param>
    /// <param name="mostImages">Images at once.</param>
    /// <param name="sourceRows">Tokens S of an image.</param>
    /// <param name="sourceWidth">Their channels D.</param>
    /// <param name="texts">Texts of an image at once.</param>
    public DecodingMemory(Device device, TextDecoder decoder, int mostImages, int sourceRows, int sourceWidth, int texts)
    {
        (this.device, this.decoder, this.sourceRows, this.texts, MostImages) = (device, decoder, sourceRows, texts, mostImages);
        var (width, length, depth) = (decoder.Config.Width, decoder.Config.Length, decoder.Config.Depth);
        int own = Tensor.RowsOf(Tensor.RowsOf(mostImages, texts), length), seen = Tensor.RowsOf(mostImages, sourceRows);
        memory = device.Allocate(width * (4L * depth * own + 2L * depth * seen) + (long)seen * sourceWidth, "keys and values");
        long at = 0;
        source = Take(seen, sourceWidth);
        (Tensor Keys, Tensor Values)[] images = [.. Enumerable.Range(0, depth).Select(_ => (Take(seen, width), Take(seen, width)))];
        now = [.. images.Select(image => new DecoderMemory(Take(own, width), Take(own, width), image.Keys, image.Values))];
        next = [.. images.Select(image => new DecoderMemory(Take(own, width), Take(own, width), image.Keys, image.Values))];
        try
        {
            ids = device.Allocate<int>(mostImages * texts, "tokens");
            arena = Arena.Allocate(device, Arena.Measure(device, arena =>
            {
                var pass = new Pass(device.Ops, arena, Training: false);
                var none = new DecoderMemory(new(default, own, width), new(default, own, width), new(default, seen, width),
                    new(default, seen, width));
                decoder.Next(pass, default, mostImages * texts, length - 1, mostImages, [.. now.Select(_ => none)]);
            }));
        }
        catch
        {
            Dispose();
            throw;
        }
        pass = new(device.Ops, arena, Training: false);

        Tensor Take(int rows, int cols)
        {
            var tensor = new Tensor(memory.View.AsContiguous().SubView(at, (long)rows * cols), rows, cols);
            at += (long)rows * cols;
            return tensor;
        }
    }

    public int MostImages { get; }

    /// <summary>Texts of an image at once.</summary>
    public int Texts => texts;

    /// <summary>Most tokens of a text.</summary>
    public int Length => decoder.Config.Length;

    /// <summary>Number of token ids.</summary>
    public int Vocabulary => decoder.Vocabulary;

    /// <summary>Begins new texts about these images' tokens, (B·S, D).</summary>
    public void Begin(ReadOnlySpan<float> z)
    {
        images = z.Length / (sourceRows * source.Cols);
        device.Upload(z, source.View.SubView(0, z.Length));
        arena.Reset();
        int rows = images * sourceRows;
        decoder.Source(pass, source.Slice(0, rows), [.. now.Select(block =>
            block with { SourceKeys = block.SourceKeys.Slice(0, rows), SourceValues = block.SourceValues.Slice(0, rows) })]);
    }

    /// <summary>
    /// Logits (B · texts, V) of the token after the one of each text at place <paramref name="at"/>, all places before having been given.
    /// </summary>
    public float[] Next(int[] tokens, int at)
    {
        device.Upload<int>(tokens, ids.View.AsContiguous().SubView(0, tokens.Length));
        arena.Reset();
        int rows = images * sourceRows;
        var logits = decoder.Next(pass, ids.View.AsContiguous().SubView(0, tokens.Length), tokens.Length, at, images, [.. now.Select(block =>
            block with { SourceKeys = block.SourceKeys.Slice(0, rows), SourceValues = block.SourceValues.Slice(0, rows) })]);
        return device.Download(logits.View.SubView(0, logits.Count));
    }

    /// <summary>Text r goes on from what text <paramref name="parents"/>[r] has in its first <paramref name="tokens"/> places.</summary>
    public void GoOn(int[] parents, int tokens)
    {
        if (parents.Index().All(row => row.Item == row.Index)) return;
        foreach (var (from, to) in now.Zip(next))
            foreach (var (row, parent) in parents.Index())
            {
                device.Ops.Copy(from.Keys.Slice(parent * Length, tokens), to.Keys.Slice(row * Length, tokens));
                device.Ops.Copy(from.Values.Slice(parent * Length, tokens), to.Values.Slice(row * Length, tokens));
            }
        (now, next) = (next, now);
    }

    public void Dispose()
    {
        // Some are null if the constructor failed.
        arena?.Dispose();
        device.Free(memory);
        device.Free(ids);
    }
}
