using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Features of images that are kept between trainings: a file for each tower, device, side and set of features, whose name has them all, in which an
/// image is found by the hash of the pixels that the tower sees. What is not there is computed and added; what is damaged is computed again. Threads:
/// one at a time; another process that has the file open is an error.
/// </summary>
sealed class FeatureStore : IDisposable
{
    // A record: hash of the pixels, hash of the features, features.
    const int HashBytes = 16, CheckBytes = 8;

    readonly FileStream file;
    readonly FrozenTower tower;
    readonly int pixels;
    readonly (int Rows, int Width)[] shapes;
    readonly Dictionary<UInt128, long> places = [];

    /// <param name="folder">Made if it is not there.</param>
    /// <param name="model">Whose features.</param>
    /// <param name="tower">Computes those that are not there.</param>
    /// <param name="side">Of the images.</param>
    /// <param name="reads">Which features.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it open.</exception>
    public FeatureStore(string folder, SilcModel model, FrozenTower tower, int side, IReadOnlyList<TowerFeature> reads)
    {
        (this.tower, pixels) = (tower, side * side * 3);
        shapes = [.. reads.Select(feature => (feature.Rows(model.Config, side), feature.Width(model.Config)))];
        var kind = model.Device.Kind.ToString().ToLowerInvariant();
        // Products of other precisions make other features.
        if (model.Device.Precision != Precision.Float32) kind += $"-{model.Device.Precision.ToString().ToLowerInvariant()}";
        var path = Path.Combine(folder, $"features-{model.Fingerprint()}-{kind}-{side}-{string.Join('+', reads)}.bin");
        Directory.CreateDirectory(folder);
        try
        {
            file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException($"{path}: the cached features cannot be opened: {error.Message}. If another training has them open, wait for it, "
                + "or name another folder", error);
        }
        var hash = new byte[HashBytes];
        // What a killed training wrote in part is behind the last whole record, and is written over.
        for (long at = 0; at + Record <= file.Length; at += Record)
        {
            RandomAccess.Read(file.SafeFileHandle, hash, at);
            places[MemoryMarshal.Read<UInt128>(hash)] = at;
        }
        End = file.Length / Record * Record;
    }

    /// <summary>Images whose features were computed, rather than found, since this was opened.</summary>
    public int Computed { get; private set; }

    long End { get; set; }

    int Floats => shapes.Sum(shape => shape.Rows * shape.Width);

    long Record => HashBytes + CheckBytes + (long)Floats * sizeof(float);

    /// <summary>As <see cref="FrozenTower.Run"/>.</summary>
    public Vectors[] Run(float[] images)
    {
        int count = images.Length / pixels;
        var keys = new UInt128[count];
        Parallel.For(0, count, i => keys[i] = XxHash128.HashToUInt128(MemoryMarshal.AsBytes(images.AsSpan(i * pixels, pixels))));
        Vectors[] all = [.. shapes.Select(shape => new Vectors(count * shape.Rows, shape.Width))];
        int[] missing = [.. Enumerable.Range(0, count).Where(i => !Read(keys[i], all, i))];
        if (missing.Length == 0) return all;
        var some = new float[Tensor.RowsOf(missing.Length, pixels)];
        foreach (var (at, i) in missing.Index()) images.AsSpan(i * pixels, pixels).CopyTo(some.AsSpan(at * pixels));
        var found = tower.Run(some);
        foreach (var (at, i) in missing.Index())
        {
            for (int f = 0; f < shapes.Length; f++)
                found[f].Span(at * shapes[f].Rows, shapes[f].Rows).CopyTo(all[f].Span(i * shapes[f].Rows, shapes[f].Rows));
            Write(keys[i], all, i);
        }
        Computed += missing.Length;
        return all;
    }

    bool Read(UInt128 key, Vectors[] all, int image)
    {
        if (!places.TryGetValue(key, out long at)) return false;
        var record = new byte[Record];
        if (RandomAccess.Read(file.SafeFileHandle, record, at) != record.Length) return false;
        var values = record.AsSpan(HashBytes + CheckBytes);
        if (XxHash3.HashToUInt64(values) != MemoryMarshal.Read<ulong>(record.AsSpan(HashBytes))) return false;
        var from = MemoryMarshal.Cast<byte, float>(values);
        foreach (var (f, (rows, width)) in shapes.Index())
        {
            from[..(rows * width)].CopyTo(all[f].Span(image * rows, rows));
            from = from[(rows * width)..];
        }
        return true;
    }

    void Write(UInt128 key, Vectors[] all, int image)
    {
        var record = new byte[Record];
        MemoryMarshal.Write(record, key);
        var to = MemoryMarshal.Cast<byte, float>(record.AsSpan(HashBytes + CheckBytes));
        foreach (var (f, (rows, width)) in shapes.Index())
        {
            all[f].Span(image * rows, rows).CopyTo(to);
            to = to[(rows * width)..];
        }
        MemoryMarshal.Write(record.AsSpan(HashBytes), XxHash3.HashToUInt64(record.AsSpan(HashBytes + CheckBytes)));
        // One that is damaged is written in its old place.
        bool known = places.TryGetValue(key, out long at);
        if (!known) at = End;
        RandomAccess.Write(file.SafeFileHandle, record, at);
        places[key] = at;
        if (!known) End += Record;
    }

    public void Dispose() => file.Dispose();
}
