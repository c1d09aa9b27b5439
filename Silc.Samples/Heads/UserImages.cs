using Silc.Samples.Data;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>Images that a line names, one after another; what cannot be read is left out and listed.</summary>
static class UserImages
{
    /// <summary>The files of a line: images, and those of folders.</summary>
    /// <exception cref="FileNotFoundException">One of them is not there.</exception>
    public static List<string> Files(IEnumerable<string> given)
    {
        List<string> files = [];
        foreach (var path in given)
        {
            if (File.Exists(path)) files.Add(path);
            else if (Directory.Exists(path)) files.AddRange(DataFolder.Files(path, new SkipLog()).Where(ImageFile.IsImage));
            else throw new FileNotFoundException($"{path}: no such image or folder");
        }
        return files;
    }

    /// <summary>The same of a line that needs one.</summary>
    /// <exception cref="FileNotFoundException">One is not there, or there is none.</exception>
    public static List<string> Some(IEnumerable<string> given) =>
        Files(given) is { Count: > 0 } files ? files : throw new FileNotFoundException("the folders hold no image");

    /// <summary>Throws unless a folder for answers is new or empty.</summary>
    /// <exception cref="IOException">It is neither.</exception>
    public static void RequireNew(string folder)
    {
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"--out {folder} is not empty: name a new folder, so that the answers of two models do not mix");
    }

    /// <summary>Shows progress while images are read and used, so many at once; lists those that cannot be read.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="atOnce">Most at once.</param>
    /// <param name="read">An image and its name, by index.</param>
    /// <param name="use">Is given those that could be read, with their indices; never none.</param>
    /// <param name="quiet">Shows no progress: what is used is printed.</param>
    /// <exception cref="InvalidDataException">None can be read.</exception>
    public static void Each(int count, int atOnce, Func<int, (string Name, RgbImage Image)> read,
        Action<IReadOnlyList<(int Index, string Name, RgbImage Image)>> use, bool quiet = false)
    {
        var unread = new UnreadImages("the images", count);
        void All(Action<long> report)
        {
            foreach (var indices in Enumerable.Range(0, count).Chunk(atOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                (int, string, RgbImage)[] some = [.. indices.Select(i => (i, One: unread.Try(i, () => Tuple.Create(read(i)))))
                    .Where(one => one.One is not null).Select(one => (one.i, one.One!.Item1.Name, one.One.Item1.Image))];
                if (some.Length > 0) use(some);
                report(indices[^1] + 1);
            }
        }

        if (quiet) All(_ => { });
        else Progress.Show("images", count, All);
        unread.Say();
        _ = unread.Others();
    }
}
