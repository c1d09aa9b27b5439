using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Embeddings of texts by a text tower that is tuned, for asking its head. Threads: any number may call.</summary>
sealed class TunedTexts : IDisposable
{
    const int AtOnce = 32;

    readonly SilcModel model;
    readonly TextTransformer text;
    readonly Arena arena;
    readonly Pass pass;
    readonly MemoryBuffer1D<int, Stride1D.Dense> ids;

    public TunedTexts(SilcModel model, TextTransformer text)
    {
        (this.model, this.text) = (model, text);
        using var exclusive = model.Exclusive();
        var device = model.Device;
        arena = Arena.Allocate(device, Arena.Measure(device, arena => text.Forward(new(device.Ops, arena, Training: false),
            new(default, default, AtOnce))));
        pass = new(device.Ops, arena, Training: false);
        try
        {
            ids = device.Allocate<int>(AtOnce * model.Config.TextLength, "prompts of class names");
        }
        catch
        {
            arena.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="SilcModel.EmbedTexts"/>.</summary>
    public Vectors Run(IReadOnlyList<string> texts)
    {
        int length = model.Config.TextLength;
        var all = new Vectors(texts.Count, model.Config.EmbedDim);
        using var exclusive = model.Exclusive();
        for (int first = 0; first < texts.Count; first += AtOnce)
        {
            int[] tokens = [.. texts.Skip(first).Take(AtOnce).SelectMany(prompt => model.Tokenizer!.Tokens(prompt, length))];
            arena.Reset();
            var view = ids.View.AsContiguous().SubView(0, tokens.Length);
            model.Device.Upload<int>(tokens, view);
            var y = text.Forward(pass, new(view, default, tokens.Length / length)).Y;
            model.Device.Download(y.View.SubView(0, y.Count)).CopyTo(all.Span(first, y.Rows));
        }
        return all.Normalize();
    }

    public void Dispose()
    {
        arena.Dispose();
        model.Device.Free(ids);
    }
}
