namespace Silc;

/// <summary>A compressed archive. Gzip cannot seek, so it is unpacked in memory as a whole when a member is wanted.</summary>
/// <param name="path">What reports call it.</param>
/// <param name="unpacked">Keeps the shards that are in use.</param>
sealed class GzipShard(string path, UnpackedShards unpacked) : Shard(path)
{
    /// <inheritdoc/>
    public override bool IsStretch => true;

    /// <inheritdoc/>
    public override TarContent Open() => new Content(new(Path, unpacked.MaxBytes));

    /// <inheritdoc/>
    public override byte[] Read(TarMember member)
    {
        var bytes = new byte[member.Size];
        return unpacked.Get(Path).TryRead(member.Offset, bytes) ? bytes : throw Changed(member);
    }

    sealed class Content(GzipBlocks blocks) : TarContent
    {
        readonly byte[] block = new byte[GzipBlocks.Size];
        long start;
        int count;

        public override int Read(long offset, Span<byte> bytes)
        {
            int filled = 0;
            while (filled < bytes.Length && Find(offset + filled))
            {
                var part = block.AsSpan((int)(offset + filled - start)..count);
                part = part[..Math.Min(part.Length, bytes.Length - filled)];
                part.CopyTo(bytes[filled..]);
                filled += part.Length;
            }
            return filled;
        }

        public override bool Reaches(long length) => length == 0 || Find(length - 1);

        public override void Dispose() => blocks.Dispose();

        // Goes on to the block that holds a byte; false at the end.
        bool Find(long offset)
        {
            while (offset >= start + count)
            {
                start += count;
                count = blocks.Next(block);
                if (count == 0) return false;
            }
            return true;
        }
    }
}
