using System.IO.Compression;

namespace Silc;

/// <summary>
/// A gzip file in blocks, each full but the last. Damage counts as the end: what came before it is the same for every reader,
/// since all read in these blocks.
/// </summary>
sealed class GzipBlocks : IDisposable
{
    /// <summary>Bytes of a block.</summary>
    public const int Size = 1 << 20;

    readonly string path;
    readonly long maxBytes;
    readonly GZipStream stream;
    long total;
    bool ended;

    public GzipBlocks(string path, long maxBytes)
    {
        (this.path, this.maxBytes) = (path, maxBytes);
        stream = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16), CompressionMode.Decompress);
    }

    /// <summary>Fills <paramref name="block"/> and returns how much of it; 0 at the end.</summary>
    /// <exception cref="InvalidDataException">The file unpacks to more than the limit.</exception>
    public int Next(byte[] block)
    {
        int filled = 0;
        try
        {
            while (!ended && filled < Size)
            {
                int got = stream.Read(block, filled, Size - filled);
                (filled, ended) = (filled + got, got == 0);
            }
        }
        catch (InvalidDataException)
        {
            ended = true;
        }
        total += filled;
        if (total <= maxBytes) return filled;
        throw new InvalidDataException(
            $"{path} unpacks to more than {maxBytes:N0} bytes; repack as plain .tar: images are compressed already");
    }

    public void Dispose() => stream.Dispose();
}
