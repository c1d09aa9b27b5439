namespace Silc;

/// <summary>
/// Reads pairs, taking the next index in place of one that cannot be read: a web-scale set always holds some damaged images.
/// Counts them and gives up once they are more than a share of what was read.
/// </summary>
/// <param name="source">Where pairs come from.</param>
/// <param name="maxBadShare">Share of unreadable samples to put up with.</param>
/// <param name="needCaptions">A pair without captions counts as unreadable.</param>
sealed class TolerantReader(IImageTextSource source, double maxBadShare, bool needCaptions = true)
{
    // Below this many reads the fraction is too noisy to stop a run.
    const int MinReads = 100;
    const int MaxReports = 10;

    readonly Lock gate = new();
    readonly List<string> reports = [];
    long reads, bad;

    public long Bad
    {
        get { lock (gate) return bad; }
    }

    public IReadOnlyList<string> Reports
    {
        get { lock (gate) return [.. reports]; }
    }

    /// <summary>Pair <paramref name="wanted"/> or the first readable one after it; <paramref name="index"/> is which.</summary>
    public ImageTextPair Read(int wanted, out int index)
    {
        for (int skipped = 0; skipped < source.Count; skipped++)
        {
            index = (int)((wanted + (long)skipped) % source.Count);
            try
            {
                var pair = source.Read(index);
                if (pair.Captions.Count == 0 && needCaptions) throw new InvalidDataException($"{pair.Key} has no caption");
                lock (gate) reads++;
                return pair;
            }
            catch (Exception error) when (Unreadable.Is(error))
            {
                Count(index, error);
            }
        }
        throw new InvalidDataException($"none of the {source.Count} samples of {source.Name} can be read: {reports[0]}");
    }

    // Messages of these types are complete; of others the type is added, which tells the author of a source where to look.
    static string Describe(Exception error) => error is IOException or InvalidDataException or UnauthorizedAccessException
        ? error.Message : $"{error.GetType().Name}: {error.Message}";

    void Count(int index, Exception error)
    {
        lock (gate)
        {
            (reads, bad) = (reads + 1, bad + 1);
            if (reports.Count < MaxReports) reports.Add($"sample {index}: {Describe(error)}");
            if (reads < MinReads || bad <= maxBadShare * reads) return;
            throw new InvalidDataException(
                $"{bad} of the first {reads} samples of {source.Name} cannot be read, more than {maxBadShare:P0}. "
                    + $"Repair the data, or raise the share with --max-bad (maxBadShare). {string.Join("; ", reports.Take(3))}", error);
        }
    }
}

/// <summary>Distinguishes a sample that cannot be read from a defect of the program.</summary>
static class Unreadable
{
    /// <summary>
    /// True for whatever a source throws: damaged, missing and forbidden files, and what sources of users fail by; 503 and time-outs of the web
    /// are HttpRequestException and TaskCanceledException.
    /// </summary>
    public static bool Is(Exception error) => error is not OutOfMemoryException;
}
