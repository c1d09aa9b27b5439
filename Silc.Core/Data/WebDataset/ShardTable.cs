using System.Text;

namespace Silc;

/// <summary>
/// Where the samples of shards are, as bytes for others that have the same shards and then need not read their headers: some 25 bytes a sample, for
/// names begin as those before them and members follow each other. In blocks of whole shards, each read by itself.
/// </summary>
static class ShardTable
{
    // Of the rounded members of a tar, each after its header.
    const int Unit = TarHeader.Size;

    [Flags]
    enum MemberParts : byte
    {
        Text = 1,
        Json = 2,
        Label = 4,
        Mask = 8,
    }

    /// <summary>The samples of a source, and what it left out in the first block.</summary>
    /// <param name="samples">Those of a shard one after another.</param>
    /// <param name="skipped">What was left out.</param>
    /// <param name="blockBytes">A block ends with the shard that reaches so many.</param>
    public static IEnumerable<byte[]> Write(IReadOnlyList<ShardSample> samples, IReadOnlyList<SkippedMembers> skipped, int blockBytes)
    {
        var block = new MemoryStream();
        var to = new BinaryWriter(block, Encoding.UTF8);
        to.Write7BitEncodedInt(skipped.Count);
        foreach (var some in skipped)
        {
            to.Write(some.Reason);
            to.Write(some.Count);
            to.Write7BitEncodedInt(some.Examples.Count);
            foreach (var example in some.Examples) to.Write(example);
        }
        for (int first = 0, end; first < samples.Count; first = end)
        {
            var shard = samples[first].Shard;
            for (end = first + 1; end < samples.Count && samples[end].Shard == shard; end++) { }
            to.Write(shard.Path);
            to.Write(shard.IsStretch);
            to.Write(new FileInfo(shard.Path).Length);
            to.Write7BitEncodedInt(end - first);
            var run = new MemberRun();
            for (int i = first; i < end; i++) run.Write(to, samples[i]);
            if (block.Length < blockBytes) continue;
            yield return block.ToArray();
            block.SetLength(0);
            to.Write7BitEncodedInt(0);
        }
        if (block.Length > 1) yield return block.ToArray();
    }

    /// <summary>Adds what a block holds.</summary>
    /// <param name="block">One of <see cref="Write"/>.</param>
    /// <param name="open">A shard by its path, compressed or not.</param>
    /// <param name="fields">As of the source that wrote it.</param>
    /// <param name="samples">Gets the samples.</param>
    /// <param name="skipped">Gets what was left out.</param>
    /// <exception cref="FileNotFoundException">A shard is missing here.</exception>
    /// <exception cref="InvalidDataException">A shard has another length here than where the table was written.</exception>
    public static void Read(byte[] block, Func<string, bool, Shard> open, ShardFields fields, List<ShardSample> samples, List<SkippedMembers> skipped)
    {
        var from = new BinaryReader(new MemoryStream(block), Encoding.UTF8);
        for (int left = from.Read7BitEncodedInt(); left > 0; left--)
            skipped.Add(new(from.ReadString(), from.ReadInt64(), [.. Enumerable.Range(0, from.Read7BitEncodedInt()).Select(_ => from.ReadString())]));
        var files = new List<(string Path, long Length)>();
        while (from.BaseStream.Position < block.Length)
        {
            var (path, isStretch, length) = (from.ReadString(), from.ReadBoolean(), from.ReadInt64());
            files.Add((path, length));
            var (shard, run) = (open(path, isStretch), new MemberRun());
            for (int left = from.Read7BitEncodedInt(); left > 0; left--) samples.Add(run.Read(from, shard, fields));
        }
        Check(files);
    }

    // One look at the directory for each, many at once: a disk of a network answers each after a millisecond.
    static void Check(List<(string Path, long Length)> files)
    {
        var found = new long?[files.Count];
        ParallelLoop.Run(files.Count, i => found[i] = new FileInfo(files[i].Path) is { Exists: true } file ? file.Length : null);
        for (int i = 0; i < found.Length; i++)
        {
            var (path, length) = files[i];
            if (found[i] is not { } here)
                throw new FileNotFoundException($"shard {path} is missing here, and rank 0 has it: every machine needs the same shards under the "
                    + "same path");
            if (here != length)
                throw new InvalidDataException($"shard {path} has {here:N0} bytes here and {length:N0} on rank 0, which has read its headers: copy "
                    + "the same shards to every machine");
        }
    }

    /// <summary>What a sample is told by relative to the one before it in its shard.</summary>
    sealed class MemberRun
    {
        readonly List<string> endings = [];
        string name = "";
        long next = Unit;

        public void Write(BinaryWriter to, ShardSample sample)
        {
            int shared = 0;
            for (int most = Math.Min(name.Length, sample.Image.Name.Length); shared < most && name[shared] == sample.Image.Name[shared];) shared++;
            // No pair of UTF-16 is split: its halves would not go through UTF-8.
            if (shared > 0 && char.IsHighSurrogate(name[shared - 1])) shared--;
            to.Write7BitEncodedInt(shared);
            to.Write(sample.Image.Name[shared..]);
            name = sample.Image.Name;
            Place(to, sample.Image);
            TarMember? label = sample.Truth?.Label, mask = sample.Truth?.Mask;
            to.Write((byte)((sample.Text is null ? 0 : MemberParts.Text) | (sample.Json is null ? 0 : MemberParts.Json)
                | (label is null ? 0 : MemberParts.Label) | (mask is null ? 0 : MemberParts.Mask)));
            foreach (var part in new[] { sample.Text, sample.Json, label, mask })
            {
                if (part is not { } member) continue;
                var ending = endings.IndexOf(member.Name);
                to.Write7BitEncodedInt(ending < 0 ? endings.Count : ending);
                if (ending < 0)
                {
                    to.Write(member.Name);
                    endings.Add(member.Name);
                }
                Place(to, member);
            }
        }

        public ShardSample Read(BinaryReader from, Shard shard, ShardFields fields)
        {
            name = string.Concat(name.AsSpan(0, from.Read7BitEncodedInt()), from.ReadString());
            var image = Place(from, name);
            var parts = (MemberParts)from.ReadByte();
            // In the order in which they are written.
            TarMember? text = Part(MemberParts.Text), json = Part(MemberParts.Json), label = Part(MemberParts.Label), mask = Part(MemberParts.Mask);
            return new(shard, fields, image, text, json, label is null && mask is null ? null : new(label, mask));

            TarMember? Part(MemberParts part)
            {
                if (!parts.HasFlag(part)) return null;
                var ending = from.Read7BitEncodedInt();
                if (ending == endings.Count) endings.Add(from.ReadString());
                return Place(from, endings[ending]);
            }
        }

        // Members mostly follow each other; the sign lies in the lowest bit, for one that goes back.
        void Place(BinaryWriter to, TarMember member)
        {
            long step = member.Offset - next;
            to.Write7BitEncodedInt64(step << 1 ^ step >> 63);
            to.Write7BitEncodedInt(member.Size);
            next = After(member);
        }

        TarMember Place(BinaryReader from, string name)
        {
            long step = from.Read7BitEncodedInt64();
            var member = new TarMember(name, next + ((long)((ulong)step >> 1) ^ -(step & 1)), from.Read7BitEncodedInt());
            next = After(member);
            return member;
        }

        static long After(TarMember member) => member.Offset + ((long)member.Size + Unit - 1) / Unit * Unit + Unit;
    }
}
