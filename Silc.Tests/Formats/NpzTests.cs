using System.IO.Compression;
using System.Text;

namespace Silc.Tests;

[TestClass]
public sealed class NpzTests
{
    static readonly NamedArray[] some =
    [
        new("params/img/embedding/kernel", [2, 3], [1, -2, 3.5f, float.NaN, float.PositiveInfinity, 1e-40f]),
        new("params/t", [], [2.3f]),
        new("empty", [0, 4], []),
        new("row", [3], [7, 8, 9]),
    ];

    [TestMethod]
    public void ArraysComeBackBitForBit()
    {
        using var folder = new TemporaryFolder();
        Npz.Write(folder.File("a.npz"), some);
        var read = Npz.Read(folder.File("a.npz"));
        CollectionAssert.AreEqual(some.Select(array => array.Name).ToArray(), read.Keys.ToArray());
        foreach (var array in some)
        {
            CollectionAssert.AreEqual(array.Shape, read[array.Name].Shape);
            CollectionAssert.AreEqual(array.Values, read[array.Name].Floats());
        }
        CollectionAssert.AreEqual(new[] { "a.npz" }, folder.Files);
    }

    [TestMethod]
    public void NumpyReadsWhatWeWrite()
    {
        using var folder = new TemporaryFolder();
        Npz.Write(folder.File("a.npz"), some);
        var printed = NumpyPeer.Run($"z = np.load('{folder.File("a.npz")}'); " +
            "print([(k, z[k].dtype.str, z[k].shape) for k in z], " +
            "z['params/img/embedding/kernel'].tolist(), z['params/t'].item())");
        Assert.AreEqual("[('params/img/embedding/kernel', '<f4', (2, 3)), ('params/t', '<f4', ()), " +
            "('empty', '<f4', (0, 4)), ('row', '<f4', (3,))] " +
            "[[1.0, -2.0, 3.5], [nan, inf, 9.99994610111476e-41]] 2.299999952316284", printed);
    }

    [TestMethod]
    public void WeReadWhatNumpyWrites()
    {
        using var folder = new TemporaryFolder();
        NumpyPeer.Run("a = np.arange(24).reshape(2, 3, 4); " +
            "v = (np.array([1.0, -2.5, 3e38], np.float32).view(np.uint32) >> 16).astype(np.uint16).view('V2'); " +
            $"np.savez_compressed('{folder.File("a.npz")}', f2=a.astype('f2'), f4=np.asfortranarray(a.astype('f4')), " +
            "f8=a.astype('>f8'), i4=a.astype('i4'), i8=-a, u1=a.astype('u1'), b1=a > 5, V2=v, scalar=np.float64(0.5))");
        var read = Npz.Read(folder.File("a.npz"));
        float[] counting = [.. Enumerable.Range(0, 24)];
        foreach (var name in new[] { "f2", "f4", "f8", "i4", "u1" })
        {
            CollectionAssert.AreEqual(new[] { 2, 3, 4 }, read[name].Shape, name);
            CollectionAssert.AreEqual(counting, read[name].Floats(), name);
        }
        CollectionAssert.AreEqual(Enumerable.Range(0, 24).Select(i => -i).ToArray(), read["i8"].Ints());
        Assert.AreEqual(18, read["b1"].Ints().Sum());
        CollectionAssert.AreEqual(new[] { 1f, -2.5f, 1.7578125f * MathF.Pow(2, 127) }, read["V2"].Floats());
        Assert.AreEqual(ElementType.BFloat16, read["V2"].Type);
        CollectionAssert.AreEqual(new[] { 0.5f }, read["scalar"].Floats());
        Assert.IsEmpty(read["scalar"].Shape);
    }

    [TestMethod]
    public void DamageIsToldByFileName()
    {
        using var folder = new TemporaryFolder();
        var (whole, cut) = (folder.File("whole.npz"), folder.File("cut.npz"));
        Npz.Write(whole, some);
        var bytes = File.ReadAllBytes(whole);
        for (var length = 0; length < bytes.Length; length += 37)
        {
            File.WriteAllBytes(cut, bytes[..length]);
            Assert.Contains(cut, Assert.ThrowsExactly<InvalidDataException>(() => Npz.Read(cut)).Message);
        }
    }

    [TestMethod]
    [DataRow(CompressionLevel.NoCompression, "C")]
    [DataRow(CompressionLevel.NoCompression, "pieces")]
    [DataRow(CompressionLevel.NoCompression, "Fortran")]
    [DataRow(CompressionLevel.Optimal, "C")]
    [DataRow(CompressionLevel.Optimal, "pieces")]
    [DataRow(CompressionLevel.Optimal, "Fortran")]
    public void AFlippedBitIsToldByTheChecksum(CompressionLevel level, string how)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.npz");
        // Noise: what cannot be compressed, deflate stores as it is, so that a flipped bit leaves the stream valid.
        var noise = new byte[400_000];
        new Random(1).NextBytes(noise);
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
            foreach (var name in new[] { "whole", "hurt" })
                using (var entry = zip.CreateEntry($"{name}.npy", level).Open())
                {
                    var header = $"{{'descr': '|u1', 'fortran_order': {(how == "Fortran" ? "True" : "False")}, 'shape': (4, 100000), }}";
                    entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. noise]);
                }
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length - 200_000] ^= 1;
        File.WriteAllBytes(path, bytes);

        using var file = ArrayFile.Open(path);
        CollectionAssert.AreEqual(how == "Fortran" ? Npy.ToRowMajor(noise, [4, 100_000], 1) : noise, file.ReadAll(file.Arrays["whole"]).Bytes);
        var values = new float[100_000];
        var error = Assert.ThrowsExactly<InvalidDataException>(() =>
        {
            if (how != "pieces") file.ReadAll(file.Arrays["hurt"]);
            for (int first = 0; first < noise.Length; first += values.Length) file.Read(file.Arrays["hurt"], first, values);
        });
        Assert.StartsWith($"{path} is damaged", error.Message);
        foreach (var words in new[] { "array 'hurt': its CRC-32 is ", "copy or download it again" }) StringAssert.Contains(error.Message, words);
    }

    [TestMethod]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }")]
    [DataRow("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")]
    [DataRow("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }")]
    [DataRow("rubbish")]
    public void ALyingHeaderIsRefused(string header)
    {
        using var folder = new TemporaryFolder();
        using (var zip = ZipFile.Open(folder.File("a.npz"), ZipArchiveMode.Create))
        using (var entry = zip.CreateEntry("x.npy").Open())
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. new byte[8]]);
        Assert.Contains("array 'x'", Assert.ThrowsExactly<InvalidDataException>(() => Npz.Read(folder.File("a.npz"))).Message);
    }

    [TestMethod]
    public void ABombIsRefusedBeforeItIsUnpacked()
    {
        using var folder = new TemporaryFolder();
        using (var zip = ZipFile.Open(folder.File("a.npz"), ZipArchiveMode.Create))
        using (var entry = zip.CreateEntry("zeros.npy").Open()) Npy.Write(entry, new("zeros", [5 << 20], new float[5 << 20]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ArrayFile.Open(folder.File("a.npz")));
        Assert.Contains("array 'zeros'", error.Message);
        Assert.Contains("a zip bomb does", error.Message);
        Assert.IsLessThan(1L << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    [DataRow("x", "x", "there are two of that name")]
    [DataRow("x", "y", "so some overlap")]
    public void OneEntryUnderTwoNamesIsRefused(string first, string second, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.npz");
        Npz.Write(path, [new(first, [1000], new float[1000])]);
        File.WriteAllBytes(path, Doubled(File.ReadAllBytes(path), second[0]));
        Assert.Contains(says, Assert.ThrowsExactly<InvalidDataException>(() => ArrayFile.Open(path)).Message);
    }

    // The directory entry of a zip once more, with another letter for a name: both point to the same data.
    static byte[] Doubled(byte[] zip, char name)
    {
        const int end = 22, entryHead = 46;
        var tail = zip.AsSpan(zip.Length - end).ToArray();
        var (size, offset) = (BitConverter.ToInt32(tail, 12), BitConverter.ToInt32(tail, 16));
        var entry = zip.AsSpan(offset, size).ToArray();
        entry[entryHead] = (byte)name;
        (tail[8], tail[10]) = (2, 2);
        BitConverter.TryWriteBytes(tail.AsSpan(12), 2 * size);
        return [.. zip[..(offset + size)], .. entry, .. tail];
    }

    [TestMethod]
    public void FloatsAreNotTokens() => Assert.ThrowsExactly<InvalidDataException>(
        () => new StoredArray("x", ElementType.Float32, [1], [0, 0, 128, 63]).Ints());

    [TestMethod]
    public void APickleIsRefusedWithTheWayOut() => Assert.Contains("torch.load('/models/m.pt', map_location='cpu', weights_only=True)",
        Assert.ThrowsExactly<NotSupportedException>(() => CheckpointFile.Read("/models/m.pt")).Message);
}
