using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Data;

/// <summary>Texts embedded with a word on how long it takes: a thousand classes in eighty templates are minutes.</summary>
static class EmbeddedTexts
{
    const int AtOnce = 1024;

    /// <param name="model">Embeds.</param>
    /// <param name="texts">Captions or prompts.</param>
    /// <param name="done">Is given all rows and how many of them are done, after each piece.</param>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static float[,] Of(SilcModel model, IEnumerable<string> texts, Action<float[,], int>? done = null)
    {
        string[] all = [.. texts];
        return Progress.Show("texts", all.Length, report =>
        {
            var (rows, count) = (new float[all.Length, model.Config.EmbedDim], 0);
            foreach (var some in all.Chunk(AtOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                var piece = model.EmbedTexts(some);
                Array.Copy(piece, 0, rows, (long)count * model.Config.EmbedDim, piece.LongLength);
                report(count += some.Length);
                done?.Invoke(rows, count);
            }
            return rows;
        });
    }
}
