using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Data;

/// <summary>The pictures of a source that could be read, with their embeddings.</summary>
/// <param name="Rows">A row each.</param>
/// <param name="Source">Those pictures.</param>
/// <param name="Kept">Their indices in the source that was asked for.</param>
sealed record ReadablePictures(float[,] Rows, IImageTextSource Source, IReadOnlyList<int> Kept)
{
    /// <summary>Embeds what can be read, shows how far it is, and lists what cannot.</summary>
    /// <param name="model">Embeds.</param>
    /// <param name="source">Pictures.</param>
    /// <param name="crop">How they become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <param name="done">Is given each piece of rows as it is done, and the indices that have none so far.</param>
    /// <exception cref="InvalidDataException">Not one picture can be read.</exception>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static ReadablePictures Embed(SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int, ImageTextPair>? seen = null,
        bool normalize = true, Action<float[,]>? done = null)
    {
        var (unread, parts) = (new UnreadPictures(source), new List<float[,]>());
        Progress.Show("pictures", source.Count, report =>
        {
            long rows = 0;
            foreach (var piece in model.EmbedPieces(source, crop, seen, normalize, unread.Add, Interrupt.Current?.Token ?? default))
            {
                parts.Add(piece);
                done?.Invoke(piece);
                report(rows += piece.GetLength(0));
            }
            return rows;
        });
        unread.Say();
        var kept = unread.Others();
        var whole = new float[kept.Count, model.Config.EmbedDim];
        long at = 0;
        foreach (var part in parts)
        {
            Array.Copy(part, 0, whole, at, part.LongLength);
            at += part.LongLength;
        }
        return new(whole, kept.Count == source.Count ? source : new SubsetSource(source, kept), kept);
    }

    /// <summary>What belongs to those pictures, of what belongs to all.</summary>
    public IReadOnlyList<T> Of<T>(IReadOnlyList<T> all) => Kept.Count == all.Count ? all : [.. Kept.Select(i => all[i])];
}
