namespace Silc;

// Embedding images as files hold them.
public sealed partial class SilcModel
{
    internal const int ImagesRead = 8 * ImagesAtOnce;

    /// <summary>Embeds image files: (N, C), L2-normalised. The next are read while the device works.</summary>
    /// <param name="paths">Image files.</param>
    /// <param name="crop">How images become squares; as those of the index that they are compared with.</param>
    /// <exception cref="InvalidDataException">A file is no image; the message names it.</exception>
    public float[,] EmbedImages(IEnumerable<string> paths, EvalCrop crop = EvalCrop.Squash) => EmbedImages(new ImageFiles([.. paths]), crop);

    /// <summary>
    /// Embeds the images of a source, in its order: (N, C), L2-normalised. The next images are read while the device works.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths, as probes want them.</param>
    public float[,] EmbedImages(IImageTextSource source, EvalCrop crop = EvalCrop.Squash,
        Action<int, ImageTextPair>? seen = null, bool normalize = true) =>
        Joined(EmbedPieces(source, crop, seen, normalize), source.Count);

    /// <summary>
    /// The same, a piece of up to 32 images after another as they are done, for who wants to show how far it is, to keep what is done when
    /// it ends early, or to go on past images that cannot be read.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once and up to 512 images ahead.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <param name="unread">
    /// Is told index and reason of each image that cannot be read, by several threads at once; such an image has no row. Null throws the reason.
    /// </param>
    /// <param name="stop">Ends the work before the next piece.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked.</exception>
    public IEnumerable<float[,]> EmbedPieces(IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int, ImageTextPair>? seen = null,
        bool normalize = true, Action<int, Exception>? unread = null, CancellationToken stop = default) =>
        Pieces(ImageBlocks.Of(source, Config.ImageSize, crop, ImagesRead, seen, unread, Config.Images, stop), normalize, stop);

    /// <summary>
    /// Embeds images as evaluation sees them, squashed to a square or its central crop by the rule of <see cref="SilcConfig.Images"/>: (N,
    /// C), L2-normalised.
    /// They are enumerated once, on another thread, so a lazy sequence need not fit into memory.
    /// </summary>
    public float[,] EmbedImages(IEnumerable<RgbImage> images, EvalCrop crop = EvalCrop.Squash)
    {
        var parts = Pieces(ImageBlocks.Of(images, Config.ImageSize, crop, ImagesRead, Config.Images), normalize: true, stop: default).ToList();
        return Joined(parts, parts.Sum(part => part.GetLength(0)));
    }

    IEnumerable<float[,]> Pieces(IEnumerable<float[]> blocks, bool normalize, CancellationToken stop)
    {
        // Before images are read for nothing.
        Turn().Dispose();
        int piece = ImagesAtOnce * Config.ImageSize * Config.ImageSize * 3;
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

    /// <summary>Images without captions.</summary>
    sealed class ImageFiles(string[] paths) : IImageTextSource
    {
        public string Name => "images";

        public int Count => paths.Length;

        public ImageTextPair Read(int index) => new(paths[index], ImageFile.Read(paths[index]), []);
    }
}
