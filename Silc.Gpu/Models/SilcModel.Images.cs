using SkiaSharp;

namespace Silc;

// Embedding images as files hold them.
public sealed partial class SilcModel
{
    /// <summary>Images in a block that is read while the device works on another: whole batches.</summary>
    internal int ImagesRead => Math.Max(1, 256 / BatchSize) * BatchSize;

    /// <summary>Embeds image files: (N, C), L2-normalised. The next are read while the device works.</summary>
    /// <param name="paths">Image files.</param>
    /// <param name="crop">How images become squares; as those of the index that they are compared with.</param>
    /// <exception cref="InvalidDataException">A file is no image; the message names it.</exception>
    public Vectors EmbedImages(IEnumerable<string> paths, EvalCrop crop = EvalCrop.Squash) => EmbedImages(new ImageFiles([.. paths]), crop);

    /// <summary>Embeds the images of a source, in its order: (N, C), L2-normalised. The next images are read while the device works.</summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once.</param>
    /// <param name="normalize">False leaves embeddings their lengths, as probes want them.</param>
    public Vectors EmbedImages(IImageTextSource source, EvalCrop crop = EvalCrop.Squash,
        Action<int, ImageTextPair>? seen = null, bool normalize = true) =>
        Vectors.Join(EmbedPieces(source, crop, seen, normalize), source.Count, Config.EmbedDim);

    /// <summary>
    /// The same, a piece of up to <see cref="BatchSize"/> images after another as they are done, to show
    /// progress, to keep what is done when it ends early, or to go on past images that cannot be read.
    /// </summary>
    /// <param name="source">Its pairs are read by several threads at once, each once.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="seen">Is shown each pair as it is read, by several threads at once and up to two blocks of about 256 images ahead.</param>
    /// <param name="normalize">False leaves embeddings their lengths.</param>
    /// <param name="unread">
    /// Is told index and reason of each image that cannot be read, by several threads at once; such an image has no row. Null throws the reason.
    /// </param>
    /// <param name="stop">Ends the work before the next piece.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked.</exception>
    public IEnumerable<Vectors> EmbedPieces(IImageTextSource source, EvalCrop crop = EvalCrop.Squash, Action<int, ImageTextPair>? seen = null,
        bool normalize = true, Action<int, Exception>? unread = null, CancellationToken stop = default) =>
        crop == EvalCrop.Naflex ? PackedPieces(ImageBlocks.Packed(source, Config, ImagesRead, seen, unread, stop), normalize, stop)
        : Pieces(ImageBlocks.Of(source, Config.ImageSize, crop, ImagesRead, seen, unread, Config.Images, stop), normalize, stop);

    /// <summary>
    /// Embeds images as evaluation sees them, squashed to a square or its central crop by the rule of <see cref="SilcConfig.Images"/>:
    /// (N, C), L2-normalised. They are enumerated once, on another thread, so a lazy sequence need not fit into memory.
    /// </summary>
    public Vectors EmbedImages(IEnumerable<RgbImage> images, EvalCrop crop = EvalCrop.Squash)
    {
        var pieces = crop == EvalCrop.Naflex ? PackedPieces(ImageBlocks.Packed(images, Config, ImagesRead), normalize: true, stop: default)
            : Pieces(ImageBlocks.Of(images, Config.ImageSize, crop, ImagesRead, Config.Images), normalize: true, stop: default);
        var parts = pieces.ToList();
        return Vectors.Join(parts, parts.Sum(part => part.Count), Config.EmbedDim);
    }

    /// <summary>Embeds one image by the rule of <see cref="SilcConfig.Images"/>: (1, C), L2-normalised.</summary>
    /// <param name="image">Decoded.</param>
    /// <param name="crop">How it becomes a square.</param>
    public Vectors EmbedImage(RgbImage image, EvalCrop crop = EvalCrop.Squash) =>
        crop == EvalCrop.Naflex ? EmbedImages([image], crop) : EmbedPixels(ViewSampler.EvalPixels(image, Config.ImageSize, crop, Config.Images));

    /// <summary>Embeds one image file: (1, C), L2-normalised.</summary>
    /// <inheritdoc cref="ImageFile.Read(string)"/>
    public Vectors EmbedImage(string path, EvalCrop crop = EvalCrop.Squash) => EmbedImage(ImageFile.Read(path), crop);

    /// <summary>Embeds one image file that is read to its end, as an upload comes: (1, C), L2-normalised.</summary>
    /// <inheritdoc cref="ImageFile.Read(Stream, string)"/>
    public Vectors EmbedImage(Stream file, EvalCrop crop = EvalCrop.Squash) => EmbedImage(ImageFile.Read(file), crop);

    /// <summary>Embeds one image file that is in memory: (1, C), L2-normalised.</summary>
    /// <inheritdoc cref="ImageFile.Decode(ReadOnlyMemory{byte}, string)"/>
    public Vectors EmbedImage(ReadOnlyMemory<byte> file, EvalCrop crop = EvalCrop.Squash) => EmbedImage(ImageFile.Decode(file), crop);

    /// <summary>Embeds one bitmap of Skia: (1, C), L2-normalised.</summary>
    /// <inheritdoc cref="RgbImage.From(SKBitmap)"/>
    public Vectors EmbedImage(SKBitmap bitmap, EvalCrop crop = EvalCrop.Squash) => EmbedImage(RgbImage.From(bitmap), crop);

    IEnumerable<Vectors> Pieces(IEnumerable<float[]> blocks, bool normalize, CancellationToken stop)
    {
        // Throws for a disposed model before any image is read.
        Exclusive().Dispose();
        int piece = BatchSize * Config.ImageSize * Config.ImageSize * 3;
        foreach (var pixels in blocks)
            for (int first = 0; first < pixels.Length; first += piece)
            {
                stop.ThrowIfCancellationRequested();
                yield return EmbedPixels(pixels.AsSpan(first, Math.Min(piece, pixels.Length - first)), normalize);
            }
    }

    IEnumerable<Vectors> PackedPieces(IEnumerable<(PackedImages Images, int[] Places)> blocks, bool normalize, CancellationToken stop)
    {
        Exclusive().Dispose();
        foreach (var (images, places) in blocks)
            foreach (var piece in places.Chunk(BatchSize))
            {
                stop.ThrowIfCancellationRequested();
                yield return EmbedPacked(images, piece, normalize);
            }
    }

    /// <summary>Images without captions.</summary>
    sealed class ImageFiles(string[] paths) : IImageTextSource
    {
        public string Name => "images";

        public int Count => paths.Length;

        public ImageTextPair Read(int index) => new(paths[index], ImageFile.Read(paths[index]), []);
    }
}
