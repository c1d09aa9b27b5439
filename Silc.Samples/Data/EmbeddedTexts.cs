using Silc.Samples.Terminals;

namespace Silc.Samples.Data;

/// <summary>Texts embedded with a word on how long it takes: a thousand classes in eighty templates are minutes.</summary>
static class EmbeddedTexts
{
    const int AtOnce = 1024;

    /// <summary>All of them.</summary>
    /// <param name="model">Embeds.</param>
    /// <param name="texts">Captions or prompts.</param>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static Vectors Of(SilcModel model, IEnumerable<string> texts)
    {
        string[] all = [.. texts];
        var (rows, at) = (new Vectors(all.Length, model.Config.EmbedDim), 0);
        Each(model, all, (piece, _) =>
        {
            rows.Put(piece, at);
            at += piece.Count;
        });
        return rows;
    }

    /// <summary>The same for those who keep no rows.</summary>
    /// <param name="model">Embeds.</param>
    /// <param name="texts">Captions or prompts.</param>
    /// <param name="done">Is given each piece of rows as it is done, with its texts.</param>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static void Each(SilcModel model, string[] texts, Action<Vectors, string[]> done) => Progress.Show("texts", texts.Length, report =>
    {
        int count = 0;
        foreach (var some in texts.Chunk(AtOnce))
        {
            Interrupt.Current?.Token.ThrowIfCancellationRequested();
            done(model.EmbedTexts(some), some);
            report(count += some.Length);
        }
        return count;
    });
}
