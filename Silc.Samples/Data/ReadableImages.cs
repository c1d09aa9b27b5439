using Silc.Samples.Terminals;

namespace Silc.Samples.Data;

/// <summary>The images of a source that could be read, with their embeddings.</summary>
/// <param name="Rows">A row each.</param>
/// <param name="Source">Those images.</param>
/// <param name="Kept">Their indices in the source that was asked for.</param>
sealed record ReadableImages(Vectors Rows, IImageTextSource Source, IReadOnlyList<int> Kept)
{
    /// <summary>Embeds what can be read, shows how far it is, and lists what cannot.</summary>
    /// <param name="model">Embeds.</param>
    /// <param name="source">Images.</param>
    /// <param name="crop">How they become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <exception cref="InvalidDataException">Not one image can be read.</exception>
    /// <exception cref="OperationCanceledException">A signal asked for the end.</exception>
    public static ReadableImages Embed(SilcModel model, IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int,
        ImageTextPair>? seen = null,
        bool normalize = true)
    {
        var (rows, at) = (new Vectors(source.Count, model.Config.EmbedDim), 0);
        var kept = Embed(model, source, piece =>
        {
            rows.Put(piece, at);
            at += piece.Count;
        }, crop, seen, normalize);
        return kept.Count == source.Count ? new(rows, source, kept) : new(rows.First(kept.Count), new SubsetSource(source, kept), kept);
    }

    /// <summary>The same for those who keep no rows; returns the indices of the images that have one.</summary>
    /// <param name="model">Embeds.</param>
    /// <param name="source">Images.</param>
    /// <param name="done">Is given each piece of rows as it is done.</param>
    /// <param name="crop">How they become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <inheritdoc cref="Embed(SilcModel, IImageTextSource, EvalCrop, Action{int, ImageTextPair}?, bool)"/>
    public static IReadOnlyList<int> Embed(SilcModel model, IImageTextSource source, Action<Vectors> done, EvalCrop crop = EvalCrop.Squash,
        Action<int, ImageTextPair>? seen = null, bool normalize = true)
    {
        var unread = new UnreadImages(source);
        Progress.Show("images", source.Count, report =>
        {
            int count = 0;
            foreach (var piece in model.EmbedPieces(source, crop, seen, normalize, unread.Add, Interrupt.Current?.Token ?? default))
            {
                done(piece);
                report(count += piece.Count);
            }
            return count;
        });
        unread.Say();
        return unread.Others();
    }

    /// <summary>What belongs to those images, of what belongs to all.</summary>
    public IReadOnlyList<T> Of<T>(IReadOnlyList<T> all) => Kept.Count == all.Count ? all : [.. Kept.Select(i => all[i])];
}
