using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Prompts of the texts of a step, on the device, for a text tower that is tuned.</summary>
/// <param name="Tokens">Of all prompts.</param>
/// <param name="Mean">Share of each prompt in each text, (texts, prompts).</param>
readonly record struct PromptBatch(TokenBatch Tokens, Tensor Mean);

/// <summary>Device memory for the prompts of a step, and what goes into it. Threads: one at a time, under the device's lock.</summary>
sealed class PromptUpload : IDisposable
{
    readonly Device device;
    readonly int[][][] tokens;
    readonly int texts, prompts, length;
    readonly MemoryBuffer1D<int, Stride1D.Dense> ids;
    readonly MemoryBuffer1D<float, Stride1D.Dense> mean;

    /// <param name="model">Whose tokenizer and length.</param>
    /// <param name="groups">Prompts of each text, which are averaged.</param>
    /// <param name="texts">Most texts of a step.</param>
    public PromptUpload(SilcModel model, IReadOnlyList<IReadOnlyList<string>> groups, int texts)
    {
        (device, this.texts, length) = (model.Device, texts, model.Config.TextLength);
        tokens = [.. groups.Select(group => group.Select(prompt => model.Tokenizer!.Tokens(prompt, length)).ToArray())];
        prompts = tokens.Select(group => group.Length).OrderDescending().Take(texts).Sum();
        ids = device.Allocate<int>(2L * prompts * length, "prompts of class names");
        try
        {
            mean = device.Allocate((long)texts * prompts, "prompts of class names");
        }
        catch
        {
            device.Free(ids);
            throw;
        }
    }

    /// <summary>A batch without memory, to measure a step by.</summary>
    public PromptBatch Measuring => new(new(default, default, prompts), new(default, texts, prompts));

    /// <summary>Copies the prompts of texts; nothing queued may use those before.</summary>
    public PromptBatch Send(IReadOnlyList<int> chosen)
    {
        int[][] all = [.. chosen.SelectMany(text => tokens[text])];
        int[] flat = [.. all.SelectMany(prompt => prompt)];
        var shares = new float[chosen.Count * all.Length];
        for (int text = 0, at = 0; text < chosen.Count; text++)
            for (int count = tokens[chosen[text]].Length, i = 0; i < count; i++, at++) shares[text * all.Length + at] = 1f / count;
        ArrayView<int> own = ids.View.AsContiguous().SubView(0, flat.Length), order = ids.View.AsContiguous().SubView(flat.Length, flat.Length);
        device.Upload<int>(flat, own);
        device.Upload<int>(TokenBatch.Sort(flat), order);
        device.Upload<float>(shares, mean.View.AsContiguous().SubView(0, shares.Length));
        return new(new(own, order, all.Length), new(mean.View.AsContiguous(), chosen.Count, all.Length));
    }

    public void Dispose()
    {
        device.Free(ids);
        device.Free(mean);
    }
}
