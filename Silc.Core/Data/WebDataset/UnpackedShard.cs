namespace Silc;

/// <summary>An unpacked shard, in blocks: it may be larger than an array, and its size is not known beforehand.</summary>
sealed class UnpackedShard
{
    readonly List<byte[]> blocks = [];
    readonly long length;

    public UnpackedShard(string path, long maxBytes)
    {
        using var file = new GzipBlocks(path, maxBytes);
        for (int count = -1; count != 0; length += count)
        {
            var block = new byte[GzipBlocks.Size];
            count = file.Next(block);
            // Small shards need not take a whole block.
            if (count > 0) blocks.Add(count == block.Length ? block : block[..count]);
        }
    }

    /// <summary>False if the shard ends before <paramref name="bytes"/> are full.</summary>
    public bool TryRead(long offset, Span<byte> bytes)
    {
        if (offset + bytes.Length > length) return false;
        while (!bytes.IsEmpty)
        {
            var block = blocks[(int)(offset / GzipBlocks.Size)].AsSpan((int)(offset % GzipBlocks.Size));
            var part = block[..Math.Min(block.Length, bytes.Length)];
            part.CopyTo(bytes);
            bytes = bytes[part.Length..];
            offset += part.Length;
        }
        return true;
    }
}
