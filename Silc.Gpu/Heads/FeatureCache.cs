using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Silc;

/// <summary>
/// Features of images that are seen in every epoch, and the labels of their places: computed once, kept in memory, or in a file of the folder of
/// temporary files where they are larger than a limit; the file goes with this object. Threads: one writes; then any number may read.
/// </summary>
sealed class FeatureCache : IDisposable
{
    /// <summary>Bytes up to which features are kept in memory.</summary>
    public const long UsualLimit = 2L << 30;

    readonly int floats;
    readonly List<float[]>? kept;
    readonly SafeFileHandle? file;
    readonly List<int[]> labels = [];

    /// <param name="count">Most images there will be.</param>
    /// <param name="floats">Values of an image.</param>
    /// <param name="limit">Bytes that may be kept in memory.</param>
    /// <exception cref="IOException">There is no room for the file.</exception>
    public FeatureCache(int count, int floats, long limit = UsualLimit)
    {
        this.floats = floats;
        long bytes = (long)count * floats * sizeof(float);
        if (bytes <= limit) kept = [];
        else file = Scratch(bytes);
    }

    /// <summary>Images so far.</summary>
    public int Count => labels.Count;

    /// <summary>Whether they lie on the disk.</summary>
    public bool IsOnDisk => file is not null;

    /// <summary>Adds an image.</summary>
    public void Add(float[] features, int[] placeLabels)
    {
        Require.That(features.Length == floats, $"{features.Length} features of an image, there should be {floats}");
        if (file is not null) RandomAccess.Write(file, MemoryMarshal.AsBytes(features.AsSpan()), (long)Count * floats * sizeof(float));
        else kept!.Add(features);
        labels.Add(placeLabels);
    }

    /// <summary>Labels of the places of an image.</summary>
    public int[] Labels(int index) => labels[index];

    /// <summary>Copies an image's features.</summary>
    public void Read(int index, Span<float> to)
    {
        if (file is null)
        {
            kept![index].CopyTo(to);
            return;
        }
        var bytes = MemoryMarshal.AsBytes(to[..floats]);
        long at = (long)index * floats * sizeof(float);
        while (bytes.Length > 0)
        {
            int count = RandomAccess.Read(file, bytes, at);
            if (count == 0) throw new IOException("the file of cached features was cut short: leave the folder of temporary files alone");
            bytes = bytes[count..];
            at += count;
        }
    }

    static SafeFileHandle Scratch(long bytes)
    {
        var path = Path.Combine(Path.GetTempPath(), $"silc-features-{Guid.NewGuid():N}");
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose, bytes);
        }
        catch (IOException error)
        {
            throw new IOException($"{path}: the features of all images take {bytes / 1e6:N1} MB, more than fit into memory, and there is no room for "
                + $"them on the disk: {error.Message}. Take fewer or smaller images, or set TMPDIR to another disk", error);
        }
    }

    public void Dispose() => file?.Dispose();
}
