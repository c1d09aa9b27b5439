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
    /// <param name="done">Is given all rows and how many of them are done, after each piece.</param>
    /// <exception cref="InvalidDataException">Not one picture can be read.</exception>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static ReadablePictures Embed(SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int, ImageTextPair>? seen = null,
        bool normalize = true, Action<float[,], int>? done = null)
    {
        var (unread, rows) = (new UnreadPictures(source), new float[source.Count, model.Config.EmbedDim]);
        Progress.Show("pictures", source.Count, report =>
        {
            int count = 0;
            foreach (var piece in model.EmbedPieces(source, crop, seen, normalize, unread.Add, Interrupt.Current?.Token ?? default))
            {
                Array.Copy(piece, 0, rows, (long)count * model.Config.EmbedDim, piece.LongLength);
                report(count += piece.GetLength(0));
                done?.Invoke(rows, count);
            }
            return count;
        });
        unread.Say();
        var kept = unread.Others();
        return new(PartialIndex.First(rows, kept.Count), kept.Count == source.Count ? source : new SubsetSource(source, kept), kept);
    }

    /// <summary>What belongs to those pictures, of what belongs to all.</summary>
    public IReadOnlyList<T> Of<T>(IReadOnlyList<T> all) => Kept.Count == all.Count ? all : [.. Kept.Select(i => all[i])];
}
