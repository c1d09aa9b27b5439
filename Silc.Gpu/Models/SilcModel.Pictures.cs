namespace Silc;

// Embedding pictures as files hold them.
public sealed partial class SilcModel
{
    const int PicturesRead = 8 * PicturesAtOnce;

    /// <summary>Embeds picture files: (N, C), L2-normalised.</summary>
    /// <exception cref="InvalidDataException">A file is no picture; the message names it.</exception>
    public float[,] EmbedImages(IEnumerable<string> paths) => EmbedPictures(paths.Select(PictureFile.Read));

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
        var all = new float[source.Count, Config.EmbedDim];
        int each = Config.ImageSize * Config.ImageSize * 3;
        var next = Load(0);
        for (int first = 0; first < source.Count; first += PicturesRead)
        {
            var pixels = next.GetAwaiter().GetResult();
            next = Load(first + PicturesRead);
            var part = EmbedPixels(pixels, normalize);
            Array.Copy(part, 0, all, (long)first * Config.EmbedDim, part.Length);
        }
        return all;

        Task<float[]> Load(int first) => Task.Run(() =>
        {
            var pixels = new float[Math.Clamp(source.Count - first, 0, PicturesRead) * each];
            ParallelLoop.Run(pixels.Length / each, i =>
            {
                var pair = source.Read(first + i);
                ViewSampler.EvalPixels(pair.Picture, Config.ImageSize, pixels.AsSpan(i * each, each), crop);
                seen?.Invoke(first + i, pair);
            });
            return pixels;
        });
    }

    /// <summary>
    /// Embeds pictures as evaluation sees them, squashed to a square or its central crop over mid-grey: (N, C), L2-normalised.
    /// They are enumerated once, so a lazy sequence need not fit into memory.
    /// </summary>
    public float[,] EmbedPictures(IEnumerable<Picture> pictures, EvalCrop crop = EvalCrop.Squash)
    {
        var parts = pictures.Chunk(PicturesRead).Select(chunk =>
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
