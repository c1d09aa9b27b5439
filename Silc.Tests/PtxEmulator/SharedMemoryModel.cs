namespace Silc.Tests;

/// <summary>
/// Shared memory of one block, with a race detector: between two barriers, no warp may read what another writes, nor write what another
/// reads or writes; nothing may be read before it is written. Counts bank conflicts, as wavefronts (passes) over 32 banks of 4 bytes.
/// </summary>
public sealed class SharedMemoryModel(int bytes)
{
    readonly byte[] memory = new byte[bytes];
    readonly int[] writeEpoch = new int[(bytes + 3) / 4], writer = new int[(bytes + 3) / 4], readEpoch = new int[(bytes + 3) / 4];
    readonly uint[] readers = new uint[(bytes + 3) / 4];
    int epoch = 1;

    /// <summary>Wavefronts of shared memory (passes over its 32 banks), and how many there would be without bank conflicts.</summary>
    public long Wavefronts { get; private set; }

    public long IdealWavefronts { get; private set; }

    /// <summary>All of it, for accesses that <see cref="Read"/> or <see cref="Write"/> has checked.</summary>
    public Span<byte> Bytes => memory;

    public void Barrier() => epoch++;

    public ReadOnlySpan<byte> Read(int address, int length, int warp)
    {
        Check(address, length);
        for (int word = address / 4; word < (address + length + 3) / 4; word++)
        {
            if (writeEpoch[word] == 0) Assert.Fail($"shared memory at {address} is read before it is written");
            if (writeEpoch[word] == epoch && writer[word] != warp)
                Assert.Fail($"warp {warp} reads shared memory at {address}, which warp {writer[word]} wrote since the last barrier");
            if (readEpoch[word] != epoch) (readEpoch[word], readers[word]) = (epoch, 0);
            readers[word] |= 1u << warp;
        }
        return memory.AsSpan(address, length);
    }

    public Span<byte> Write(int address, int length, int warp)
    {
        Check(address, length);
        for (int word = address / 4; word < (address + length + 3) / 4; word++)
        {
            if (writeEpoch[word] == epoch && writer[word] != warp)
                Assert.Fail($"warps {warp} and {writer[word]} both write shared memory at {address} since the last barrier");
            if (readEpoch[word] == epoch && (readers[word] & ~(1u << warp)) != 0)
                Assert.Fail($"warp {warp} writes shared memory at {address}, which another read since the last barrier");
            (writeEpoch[word], writer[word]) = (epoch, warp);
        }
        return memory.AsSpan(address, length);
    }

    /// <summary>Accesses of TMA and wgmma, which are ordered by mbarriers rather than by the block's barriers.</summary>
    public Span<byte> Engine(int address, int length, bool write)
    {
        Check(address, length);
        for (int word = address / 4; word < (address + length + 3) / 4; word++)
        {
            if (write) writeEpoch[word] = -1;
            else if (writeEpoch[word] == 0) Assert.Fail($"shared memory at {address} is read before it is written");
        }
        return memory.AsSpan(address, length);
    }

    /// <summary>Counts the wavefronts of one access: at most 128 bytes each, and one word of a bank.</summary>
    public void Count(ReadOnlySpan<int> addresses, int width)
    {
        int lanes = 128 / width;
        Span<int> words = stackalloc int[32], banks = stackalloc int[32];
        for (int start = 0; start < addresses.Length; start += lanes)
        {
            int count = 0, wavefronts = 0;
            banks.Clear();
            for (int lane = start; lane < Math.Min(start + lanes, addresses.Length); lane++)
                for (int word = addresses[lane] / 4; word < (addresses[lane] + width) / 4; word++)
                {
                    if (words[..count].Contains(word)) continue;
                    words[count++] = word;
                    wavefronts = Math.Max(wavefronts, ++banks[word % 32]);
                }
            Wavefronts += wavefronts;
            IdealWavefronts++;
        }
    }

    void Check(int address, int length)
    {
        if (address < 0 || address + length > memory.Length)
            Assert.Fail($"{length} bytes at {address} are outside of {memory.Length} bytes of shared memory");
        if (address % length != 0) Assert.Fail($"{length} bytes of shared memory at {address} are not aligned");
    }
}
