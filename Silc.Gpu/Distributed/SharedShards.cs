using System.Text;

namespace Silc;

/// <summary>
/// Shards whose headers rank 0 alone reads: the others get the places of samples from it, and look at the length of each file. By the exchange that
/// ranks have anyway, not by a file, since machines need no disk in common.
/// </summary>
static class SharedShards
{
    // Rank 0 has the places in memory already, and sends them in pieces of this size, which the others read as they come.
    const int BlockBytes = 1 << 26;

    const byte Failed = 0, Opened = 1;

    /// <summary>Opens them on every rank. Whatever goes wrong on rank 0 is thrown by all, what goes wrong on another by that one.</summary>
    public static WebDatasetSource Open(ICollective collective, Func<WebDatasetSource> scan, Func<IEnumerable<byte[]>, WebDatasetSource> from)
    {
        if (collective.IsAlone) return scan();
        return collective.Rank == 0 ? Give(collective, scan) : Take(collective, from);
    }

    static WebDatasetSource Give(ICollective collective, Func<WebDatasetSource> scan)
    {
        WebDatasetSource source;
        try
        {
            source = scan();
        }
        catch (Exception error)
        {
            collective.Share([Failed, .. Encoding.UTF8.GetBytes(error.Message)]);
            throw;
        }
        collective.Share([Opened]);
        byte[]? failed = null;
        using (var blocks = source.Table(BlockBytes).GetEnumerator())
            while (true)
            {
                // A shard that vanishes meanwhile: the others wait for the next block.
                try
                {
                    if (!blocks.MoveNext()) break;
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    failed = [Failed, .. Encoding.UTF8.GetBytes(error.Message)];
                    break;
                }
                collective.Share(blocks.Current);
            }
        collective.Share([]);
        collective.Share(failed ?? [Opened]);
        if (failed is not null) throw Error(failed);
        return source;
    }

    static InvalidDataException Error(byte[] said) => new(Encoding.UTF8.GetString(said.AsSpan(1)));

    static WebDatasetSource Take(ICollective collective, Func<IEnumerable<byte[]>, WebDatasetSource> from)
    {
        var first = collective.Share(null);
        // The message alone counts: it is said once for all ranks that have the same.
        if (first[0] == Failed) throw Error(first);
        bool more = true, broken = false;
        byte[] last = [];
        WebDatasetSource source;
        try
        {
            source = from(Blocks());
        }
        finally
        {
            // One that fails has still to take what rank 0 sends, but not after an exchange that failed.
            while (more && !broken) more = Next().Length > 0;
            if (!broken) last = Next();
        }
        return last[0] == Failed ? throw Error(last) : source;

        byte[] Next()
        {
            broken = true;
            var block = collective.Share(null);
            broken = false;
            return block;
        }

        IEnumerable<byte[]> Blocks()
        {
            while (true)
            {
                var block = Next();
                more = block.Length > 0;
                if (!more) yield break;
                yield return block;
            }
        }
    }
}
