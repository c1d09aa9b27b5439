namespace Silc;

// Embedding pictures as files hold them.
public sealed partial class SilcModel
{
    internal const int PicturesRead = 8 * PicturesAtOnce;

    /// <summary>Embeds picture files: (N, C), L2-normalised. The next are read while the device works.</summary>
    /// <exception cref="InvalidDataException">A file is no picture; the message names it.</exception>
    public float[,] EmbedImages(IEnumerable<string> paths) => EmbedPictures(new PictureFiles([.. paths]));

    /// <summary>
    /// Embeds the pictures of a source, in its order: (N, C), L2-normalised. The next pictures are read while the device works.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How pictures become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths, as probes want them.</param>
    public float[,] EmbedPictures(IImageTextSource source, EvalCrop crop = EvalCrop.Squash,
        Action<int, ImageTextPair>? seen = null, bool normalize = true)
    {
        var (all, at) = (new float[source.Count, Config.EmbedDim], 0L);
        foreach (var pixels in PictureBlocks.Of(source, Config.ImageSize, crop, PicturesRead, seen)) at = Append(EmbedPixels(pixels, normalize), all, at);
        return all;
    }

    /// <summary>
    /// Embeds pictures as evaluation sees them, squashed to a square or its central crop over mid-grey: (N, C), L2-normalised.
    /// They are enumerated once, on another thread, so a lazy sequence need not fit into memory.
    /// </summary>
    public float[,] EmbedPictures(IEnumerable<Picture> pictures, EvalCrop crop = EvalCrop.Squash)
    {
        var parts = PictureBlocks.Of(pictures, Config.ImageSize, crop, PicturesRead).Select(pixels => EmbedPixels(pixels)).ToList();
        var (all, at) = (new float[parts.Sum(part => part.GetLength(0)), Config.EmbedDim], 0L);
        foreach (var part in parts) at = Append(part, all, at);
        return all;
    }

    static long Append(float[,] part, float[,] all, long at)
    {
        Array.Copy(part, 0, all, at, part.LongLength);
        return at + part.LongLength;
    }

    /// <summary>Pictures without captions.</summary>
    sealed class PictureFiles(string[] paths) : IImageTextSource
    {
        public string Name => "pictures";

        public int Count => paths.Length;

        public ImageTextPair Read(int index) => new(paths[index], PictureFile.Read(paths[index]), []);
    }
}
