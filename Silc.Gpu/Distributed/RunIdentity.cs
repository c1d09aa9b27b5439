using System.IO.Hashing;
using System.Text;

namespace Silc;

/// <summary>What all ranks of a run must have alike, as hashes that are compared at its start. Threads: immutable.</summary>
static class RunIdentity
{
    const int HashBytes = 16;

    /// <summary>Throws, on all ranks, unless all have the same.</summary>
    /// <exception cref="ArgumentException">The message names the first rank that differs, and in what.</exception>
    public static void RequireSame(ICollective collective, SilcConfig config, TrainConfig train, DataState data, bool shardsMoments)
    {
        (string What, string Text)[] parts =
        [
            ("version of Silc", Checkpoint.LibraryVersion), ("model", ConfigJson.Write(config)), ("training", ConfigJson.Write(train)),
            ("choice of --shard-moments", $"{shardsMoments}"), ("data", $"{data.Count} {string.Join(' ', data.Shards ?? [])}"),
        ];
        byte[] mine = [.. parts.SelectMany(part => XxHash128.Hash(Encoding.UTF8.GetBytes(part.Text)))];
        var all = collective.Collect(mine);
        for (int rank = 1; rank < collective.Size; rank++)
            foreach (var (index, (what, _)) in parts.Index())
                if (!Of(rank, index).SequenceEqual(Of(0, index)))
                    throw new ArgumentException($"rank {rank} has another {what} than rank 0: start all ranks with the same line, files and program");

        ReadOnlySpan<byte> Of(int rank, int part) => all.AsSpan(rank * mine.Length + part * HashBytes, HashBytes);
    }
}
