namespace Silc;

// Embedding pictures as files hold them.
public sealed partial class SilcModel
{
    internal const int PicturesRead = 8 * PicturesAtOnce;

    /// <summary>Embeds picture files: (N, C), L2-normalised. The next are read while the device works.</summary>
    /// <param name="paths">Picture files.</param>
    /// <param name="crop">How pictures become squares; as those of the index that they are compared with.</param>
    /// <exception cref="InvalidDataException">A file is no picture; the message names it.</exception>
    public float[,] EmbedImages(IEnumerable<string> paths, EvalCrop crop = EvalCrop.Squash) => EmbedPictures(new PictureFiles([.. paths]), crop);

    /// <summary>
    /// Embeds the pictures of a source, in its order: (N, C), L2-normalised. The next pictures are read while the device works.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How pictures become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths, as probes want them.</param>
    public float[,] EmbedPictures(IImageTextSource source, EvalCrop crop = EvalCrop.Squash,
        Action<int, ImageTextPair>? seen = null, bool normalize = true) =>
        Joined(EmbedPieces(source, crop, seen, normalize), source.Count);

    /// <summary>
    /// The same, a piece of up to 32 pictures after another as they are done, for who wants to show how far it is, to keep what is done when
    /// it ends early, or to go on past pictures that cannot be read.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How pictures become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once and up to 512 pictures ahead.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <param name="unread">
    /// Is told index and reason of each picture that cannot be read, by several threads at once; such a picture has no row. Null throws the reason.
    /// </param>
    /// <param name="stop">Ends the work before the next piece.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked.</exception>
    public IEnumerable<float[,]> EmbedPieces(IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int, ImageTextPair>? seen = null,
        bool normalize = true, Action<int, Exception>? unread = null, CancellationToken stop = default) =>
        Pieces(PictureBlocks.Of(source, Config.ImageSize, crop, PicturesRead, seen, unread, stop), normalize, stop);

    /// <summary>
    /// Embeds pictures as evaluation sees them, squashed to a square or its central crop over mid-grey: (N, C), L2-normalised.
    /// They are enumerated once, on another thread, so a lazy sequence need not fit into memory.
    /// </summary>
    public float[,] EmbedPictures(IEnumerable<Picture> pictures, EvalCrop crop = EvalCrop.Squash)
    {
        var parts = Pieces(PictureBlocks.Of(pictures, Config.ImageSize, crop, PicturesRead), normalize: true, stop: default).ToList();
        return Joined(parts, parts.Sum(part => part.GetLength(0)));
    }

    IEnumerable<float[,]> Pieces(IEnumerable<float[]> blocks, bool normalize, CancellationToken stop)
    {
        // Before pictures are read for nothing.
        Turn().Dispose();
        int piece = PicturesAtOnce * Config.ImageSize * Config.ImageSize * 3;
        foreach (var pixels in blocks)
            for (int first = 0; first < pixels.Length; first += piece)
            {
                stop.ThrowIfCancellationRequested();
                yield return EmbedPixels(pixels.AsSpan(first, Math.Min(piece, pixels.Length - first)), normalize);
            }
    }

    float[,] Joined(IEnumerable<float[,]> parts, int count)
    {
        var (all, at) = (new float[count, Config.EmbedDim], 0L);
        foreach (var part in parts)
        {
            Array.Copy(part, 0, all, at, part.LongLength);
            at += part.LongLength;
        }
        return all;
    }

    /// <summary>Pictures without captions.</summary>
    sealed class PictureFiles(string[] paths) : IImageTextSource
    {
        public string Name => "pictures";

        public int Count => paths.Length;

        public ImageTextPair Read(int index) => new(paths[index], PictureFile.Read(paths[index]), []);
    }
}
