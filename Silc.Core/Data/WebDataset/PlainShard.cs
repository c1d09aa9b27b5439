using Microsoft.Win32.SafeHandles;

namespace Silc;

/// <summary>An archive that is not compressed: a member is one read at its place.</summary>
sealed class PlainShard(string path) : Shard(path)
{
    /// <inheritdoc/>
    public override TarContent Open() => new Content(File.OpenHandle(Path));

    /// <inheritdoc/>
    public override byte[] Read(TarMember member)
    {
        // Opened each time, which costs microseconds: a web-scale set has more shards than a process may hold open.
        using var file = File.OpenHandle(Path, options: FileOptions.RandomAccess);
        var bytes = new byte[member.Size];
        return Fill(file, bytes, member.Offset) == bytes.Length ? bytes : throw Changed(member);
    }

    static int Fill(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        int filled = 0, got = -1;
        for (; filled < bytes.Length && got != 0; filled += got) got = RandomAccess.Read(file, bytes[filled..], offset + filled);
        return filled;
    }

    sealed class Content(SafeFileHandle file) : TarContent
    {
        readonly long length = RandomAccess.GetLength(file);

        public override int Read(long offset, Span<byte> bytes) => Fill(file, bytes, offset);

        public override bool Reaches(long end) => end <= length;

        public override void Dispose() => file.Dispose();
    }
}
