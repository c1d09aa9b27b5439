using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Silc.Tests;

[TestClass, DoNotParallelize]
public sealed class WebDatasetFuzzTests : TempFolder
{
    const int Inputs = 20_000, Zipped = 500;

    [TestMethod]
    [Timeout(120_000)]
    public void MutatedShardsAreReadOrRefused()
    {
        var seeds = new[] { TarEntryFormat.Ustar, TarEntryFormat.Gnu, TarEntryFormat.Pax }.Select(Seed).ToArray();
        var random = new Random(1);
        int read = 0, refused = 0;
        var path = At("s.tar.gz");
        long before = GC.GetTotalMemory(forceFullCollection: true), largest = 0;
        var process = Environment.WorkingSet;
        var start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Inputs; i++)
        {
            var bytes = Mutate(seeds[i % seeds.Length], random);
            Shard shard = new MemoryShard(bytes);
            if (i % (Inputs / Zipped) == 0)
            {
                Zip(path, bytes, random);
                shard = new GzipShard(path, new(4 << 20));
            }
            var input = GC.GetAllocatedBytesForCurrentThread();
            Attempt(() =>
            {
                var source = new WebDatasetSource("fuzz", [shard], maxMemberBytes: 1 << 20);
                for (int sample = 0; sample < source.Count; sample++) Attempt(() => source.Read(sample), ref read, ref refused);
            }, ref read, ref refused);
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - input);
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(
            $"{Inputs} inputs in {seconds:N1} s, {read} read, {refused} refused, "
                + $"at most {largest:N0} bytes for one, {growth:N0} kept");
        Assert.IsLessThan(16L << 20, largest);
        Assert.IsLessThan(4L << 20, growth);
        // Skia's memory is not the collector's.
        Assert.IsLessThan(256L << 20, Environment.WorkingSet - process);
        // Neither may be the whole: mutations reach what is behind the headers, and damage is seen.
        Assert.IsGreaterThan(Inputs / 4, read);
        Assert.IsGreaterThan(Inputs / 20, refused);
    }

    static void Attempt(Action action, ref int read, ref int refused)
    {
        try
        {
            action();
            read++;
        }
        catch (InvalidDataException)
        {
            refused++;
        }
    }

    static byte[] Seed(TarEntryFormat format)
    {
        var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, format, leaveOpen: true))
        {
            Write("folder/1.png", TarBytes.Png);
            Write("folder/1.txt", "a dog\na red dog"u8.ToArray());
            var (folder, key) = (new string('f', 90), new string('é', 40));
            Write($"{folder}/{key}.png", TarBytes.Png);
            Write($"{folder}/{key}.json", """{"caption": "a cat", "captions": ["x"]}"""u8.ToArray());

            void Write(string name, byte[] content)
            {
                var data = new MemoryStream(content);
                writer.WriteEntry(format switch
                {
                    TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
                    _ => new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = data },
                });
            }
        }
        return bytes.ToArray();
    }

    static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = seed.ToArray();
        for (int i = random.Next(1, 4); i > 0 && bytes.Length > 1; i--)
        {
            int at = random.Next(bytes.Length), length = random.Next(1, 1500);
            switch (random.Next(6))
            {
                case 0:
                    for (int flips = random.Next(1, 30); flips > 0; flips--)
                        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes = bytes[..at];
                    break;
                case 2:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + length)..]];
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. bytes[Math.Max(0, at - length)..]];
                    break;
                default:
                    Header(bytes, random);
                    break;
            }
        }
        return bytes;
    }

    // Overwrites a field of a header, and most times signs it, so that it is believed.
    static void Header(byte[] bytes, Random random)
    {
        if (bytes.Length < 512) return;
        var block = bytes.AsSpan(random.Next(bytes.Length / 512) * 512, 512);
        byte[][] sizes =
        [
            [0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0],
            [0x80, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, (byte)random.Next(256), (byte)random.Next(256)],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0],
            "77777777777\0"u8.ToArray(),
            Encoding.ASCII.GetBytes(Convert.ToString(random.Next(1 << 21), 8).PadLeft(11, '0') + "\0"),
            "-0000000001\0"u8.ToArray(),
        ];
        switch (random.Next(4))
        {
            case 0:
                block[156] = (byte)"01234567LKxgSVMD\0"[random.Next(17)];
                break;
            case 1:
                random.NextBytes(block.Slice(random.Next(100), 12));
                break;
            default:
                sizes[random.Next(sizes.Length)].CopyTo(block[124..]);
                break;
        }
        if (random.Next(8) > 0) TarBytes.Sign(block);
    }

    static void Zip(string path, byte[] content, Random random)
    {
        using (var file = new GZipStream(File.Create(path), CompressionLevel.Fastest)) file.Write(content);
        var bytes = File.ReadAllBytes(path);
        if (random.Next(2) == 0) bytes = bytes[..random.Next(bytes.Length)];
        else if (random.Next(2) == 0) bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
        File.WriteAllBytes(path, bytes);
    }
}
