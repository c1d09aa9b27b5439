using System.Diagnostics;
using System.IO.Compression;
using System.Text;

namespace Silc.Tests;

/// <summary>Files with flipped, cut, doubled and overwritten bytes are read or refused, in bounded memory.</summary>
[TestClass, DoNotParallelize]
public sealed class ArrayFileFuzzTests
{
    const int Inputs = 20_000;

    static readonly NamedArray[] arrays = [new("params/img/embedding/kernel", [2, 3], [1, 2, 3, 4, 5, 6]), new("t", [], [0.5f]),
        new("row", [4], [1, 2, 3, 4])];

    [TestMethod, Timeout(120_000)]
    public void Npz() => Run("fuzz.npz", path =>
    {
        Silc.Npz.Write(path, arrays);
        var stored = File.ReadAllBytes(path);
        File.Delete(path);
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
            foreach (var array in arrays)
                using (var entry = zip.CreateEntry($"{array.Name}.npy", CompressionLevel.Optimal).Open()) Npy.Write(entry, array);
        return [stored, File.ReadAllBytes(path)];
    });

    [TestMethod, Timeout(120_000)]
    public void Safetensors() => Run("fuzz.safetensors", path =>
    {
        Silc.Safetensors.Write(path, arrays, new Dictionary<string, string> { ["silc.config"] = "{}" });
        return [File.ReadAllBytes(path)];
    });

    static void Run(string name, Func<string, byte[][]> seed)
    {
        // In memory where the system has such a folder: most of the time would go to the disk.
        var folder = Directory.Exists("/dev/shm") ? Path.Combine("/dev/shm", Path.GetRandomFileName())
            : Directory.CreateTempSubdirectory("silc-fuzz-").FullName;
        Directory.CreateDirectory(folder);
        try
        {
            Fuzz(Path.Combine(folder, name), seed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Fuzz(string path, Func<string, byte[][]> seed)
    {
        var (seeds, random) = (seed(path), new Random(1));
        int read = 0, refused = 0;
        long largest = 0, before = GC.GetTotalMemory(forceFullCollection: true), process = Environment.WorkingSet;
        var start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Inputs; i++)
        {
            var bytes = Mutate(seeds[i % seeds.Length], random);
            File.WriteAllBytes(path, bytes);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = ArrayFile.Open(path);
                foreach (var array in file.Arrays.Values) file.ReadAll(array);
                read++;
            }
            catch (InvalidDataException error)
            {
                StringAssert.StartsWith(error.Message, path);
                refused++;
            }
            catch (Exception error)
            {
                Assert.Fail($"input {i}: {error}");
            }
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"{Inputs} inputs in {seconds:N1} s, {read} read, {refused} refused, "
            + $"at most {largest:N0} bytes for one, {growth:N0} kept");
        Assert.IsLessThan(8L << 20, largest);
        Assert.IsLessThan(8L << 20, growth);
        Assert.IsLessThan(256L << 20, Environment.WorkingSet - process);
        Assert.IsGreaterThan(Inputs / 20, read);        // mutations reach what is behind the headers,
        Assert.IsGreaterThan(Inputs / 5, refused);      // and damage is seen
    }

    static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = seed.ToArray();
        for (int i = random.Next(1, 3); i > 0 && bytes.Length > 8; i--)
        {
            int at = random.Next(bytes.Length), length = random.Next(1, 100);
            switch (random.Next(10))
            {
                case 0 or 8 or 9: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes = bytes[..at]; break;
                case 2: bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + length)..]]; break;
                case 3: bytes = [.. bytes[..at], .. bytes[Math.Max(0, at - length)..]]; break;
                case 4: Number(bytes, at, random); break;
                case 5: Size(bytes, at, random); break;
                case 6: Size(bytes, 0, random); break;
                default: random.NextBytes(bytes.AsSpan(at, Math.Min(length, bytes.Length - at))); break;
            }
        }
        return bytes;
    }

    // A number in a text header becomes another, with as many digits or more.
    static void Number(byte[] bytes, int from, Random random)
    {
        int at = bytes.AsSpan(from).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (at < 0) return;
        string[] numbers = ["9223372036854775807", "-9223372036854775808", "18446744073709551616", "4294967296", "1e300", "-1",
            "0", $"{random.Next(100)}"];
        var number = Encoding.ASCII.GetBytes(numbers[random.Next(numbers.Length)]);
        number.AsSpan(0, Math.Min(number.Length, bytes.Length - from - at)).CopyTo(bytes.AsSpan(from + at));
    }

    static void Size(byte[] bytes, int at, Random random)
    {
        long[] sizes = [0, -1, long.MaxValue, int.MaxValue, uint.MaxValue, 1L << 40, random.Next(1 << 16), random.Next(256)];
        var size = BitConverter.GetBytes(sizes[random.Next(sizes.Length)]).AsSpan(0, random.Next(2) == 0 ? 4 : 8);
        size[..Math.Min(size.Length, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
    }
}
