namespace Silc;

// Embedding pictures as files hold them.
public sealed partial class SilcModel
{
    /// <summary>Embeds picture files: (N, C), L2-normalised.</summary>
    /// <exception cref="InvalidDataException">A file is no picture; the message names it.</exception>
    public float[,] EmbedImages(IEnumerable<string> paths) => EmbedPictures(paths.Select(PictureFile.Read));

    /// <summary>Embeds the pictures of a source, in its order: (N, C), L2-normalised.</summary>
    public float[,] EmbedPictures(IImageTextSource source, EvalCrop crop = EvalCrop.Squash) =>
        EmbedPictures(Enumerable.Range(0, source.Count).Select(i => source.Read(i).Picture), crop);

    /// <summary>
    /// Embeds pictures as evaluation sees them, squashed to a square or its central crop over mid-grey: (N, C), L2-normalised.
    /// They are enumerated once, so a lazy sequence need not fit into memory.
    /// </summary>
    public float[,] EmbedPictures(IEnumerable<Picture> pictures, EvalCrop crop = EvalCrop.Squash)
    {
        var parts = pictures.Chunk(8 * PicturesAtOnce).Select(chunk =>
        {
            int each = Config.ImageSize * Config.ImageSize * 3;
            var pixels = new float[chunk.Length * each];
            Parallel.For(0, chunk.Length, i => ViewSampler.EvalPixels(chunk[i], Config.ImageSize, pixels.AsSpan(i * each, each), crop));
            return EmbedPixels(pixels);
        }).ToList();
        var all = new float[parts.Sum(part => part.GetLength(0)), Config.EmbedDim];
        int at = 0;
        foreach (var part in parts)
        {
            Array.Copy(part, 0, all, at, part.Length);
            at += part.Length;
        }
        return all;
    }
}
