using System.Buffers.Binary;
using System.Text;

namespace Silc.Tests;

/// <summary>The instructions of a loop of machine code, by their kind.</summary>
/// <param name="Instructions">All of them.</param>
/// <param name="Mma">Matrix products, mma.sync's or a warpgroup's.</param>
/// <param name="Fma">Multiply-adds of float32.</param>
/// <param name="LdMatrix">Loads of fragments from shared memory.</param>
/// <param name="CpAsync">Copies from global to shared memory.</param>
/// <param name="Memory">Other loads and stores of global and shared memory.</param>
/// <param name="Barriers">Barriers of a block.</param>
public sealed record SassLoop(int Instructions, int Mma, int Fma, int LdMatrix, int CpAsync, int Memory, int Barriers);

/// <summary>
/// Machine code of NVIDIA GPUs, compute capability 7.0 and later: 16 bytes an instruction, whose low 12 bits are the operation, the upper three of
/// them the form of the operands. Only what <see cref="SassLoop"/> counts is known.
/// </summary>
public static class Sass
{
    const int Bytes = 16, HMma = 0x23c, HGMma = 0x9f0, Fma = 0x023, LdMatrix = 0x83b, CpAsync = 0xfae, Branch = 0x147, Barrier = 0xb1d;

    // The bits of an operation without those of its operands' form.
    const int AnyForm = 0x1ff;

    // Global (LDG, STG) and shared (LDS, STS), with and without a uniform register.
    static readonly int[] memory = [0x381, 0x981, 0x386, 0x986, 0x984, 0x388, 0x988];

    /// <summary>The instructions of the kernel of a cubin: the longest code, for the stubs of intrinsics may lie beside it.</summary>
    public static IReadOnlyList<(ulong Low, ulong High)> Code(byte[] cubin)
    {
        var elf = cubin.AsSpan();
        int at = (int)BinaryPrimitives.ReadInt64LittleEndian(elf[0x28..]), size = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3a..]),
            count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3c..]), names = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3e..]);
        int Start(ReadOnlySpan<byte> header) => (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x18..]);
        int namesAt = Start(elf[(at + names * size)..]);
        (ulong, ulong)[] longest = [];
        for (int i = 0; i < count; i++)
        {
            var header = elf.Slice(at + i * size, size);
            var name = elf[(namesAt + BinaryPrimitives.ReadInt32LittleEndian(header))..];
            if (!Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]).StartsWith(".text.", StringComparison.Ordinal)) continue;
            var text = elf.Slice(Start(header), (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x20..]));
            if (text.Length / Bytes <= longest.Length) continue;
            longest = new (ulong, ulong)[text.Length / Bytes];
            for (int k = 0; k < longest.Length; k++)
                longest[k] = (BinaryPrimitives.ReadUInt64LittleEndian(text[(Bytes * k)..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(text[(Bytes * k + 8)..]));
        }
        return longest.Length > 0 ? longest : throw new ArgumentException("no section .text.* in the cubin");
    }

    /// <summary>
    /// The loop that multiplies: the shortest of those with the most matrix products, or multiply-adds where there are none. If it lies inside of
    /// another, a round of that one is counted, in which it runs <paramref name="trips"/> times.
    /// </summary>
    public static SassLoop MainLoop(byte[] cubin, int architecture, int trips = 1)
    {
        var code = Code(cubin);
        SassLoop? best = null;
        (int From, int To) range = default;
        foreach (var (from, to) in Branches(cubin, architecture).Where(branch => branch.To <= branch.From))
        {
            var loop = CountOf(code, to, from);
            if (best is null || (loop.Mma, loop.Fma, -loop.Instructions).CompareTo((best.Mma, best.Fma, -best.Instructions)) > 0)
                (best, range) = (loop, (from, to));
        }
        if (best is null) throw new ArgumentException("no loop in the code");
        if (trips == 1) return best;
        var outer = Branches(cubin, architecture).Where(branch => branch.To < range.To && branch.From > range.From)
            .MinBy(branch => branch.From - branch.To);
        var around = CountOf(code, outer.To, outer.From);
        int Of(Func<SassLoop, int> kind) => kind(around) + (trips - 1) * kind(best);
        return new(Of(loop => loop.Instructions), Of(loop => loop.Mma), Of(loop => loop.Fma), Of(loop => loop.LdMatrix), Of(loop => loop.CpAsync),
            Of(loop => loop.Memory), Of(loop => loop.Barriers));
    }

    /// <summary>Where each branch is, and where it leads, in instructions.</summary>
    public static IEnumerable<(int From, int To)> Branches(byte[] cubin, int architecture)
    {
        var code = Code(cubin);
        for (int i = 0; i < code.Count; i++)
            if ((Operation(code[i]) & AnyForm) == Branch) yield return (i, Target(code[i], i, architecture));
    }

    static SassLoop CountOf(IReadOnlyList<(ulong, ulong)> code, int first, int last)
    {
        var kinds = Enumerable.Range(first, last - first + 1).Select(i => Operation(code[i])).ToArray();
        int Of(int kind) => kinds.Count(one => one == kind);
        return new(kinds.Length, Of(HMma) + Of(HGMma), kinds.Count(one => (one & AnyForm) == Fma), Of(LdMatrix), Of(CpAsync),
            kinds.Count(memory.Contains), Of(Barrier));
    }

    static int Operation((ulong Low, ulong High) code) => (int)(code.Low & 0xfff);

    // Relative to the next instruction, in units of four bytes; from compute capability 9.0 on its low eight bits lie apart.
    static int Target((ulong Low, ulong High) code, int index, int architecture)
    {
        long words = (long)(code.Low >> 34 | (code.High & 0x3ffff) << 30) << 16 >> 16;
        if (architecture >= 90) words = words << 8 | (long)(code.Low >> 16 & 0xff);
        return index + 1 + (int)(words / 4);
    }
}
