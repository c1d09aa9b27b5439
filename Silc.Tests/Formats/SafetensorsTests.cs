using System.Text;

namespace Silc.Tests;

[TestClass]
public sealed class SafetensorsTests
{
    static readonly NamedArray[] some =
        [new("a/kernel", [2, 2], [1, 2, float.NaN, -4]), new("t", [], [0.5f]), new("none", [0], [])];

    [TestMethod]
    public void ArraysAndMetadataComeBack()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("new/folder/a.safetensors");
        Safetensors.Write(path, some, new Dictionary<string, string> { ["config"] = "{\"width\": 128, \"name\": \"ü\"}" });
        var (arrays, metadata) = Safetensors.Read(path);
        Assert.HasCount(3, arrays);
        foreach (var array in some)
        {
            CollectionAssert.AreEqual(array.Shape, arrays[array.Name].Shape);
            CollectionAssert.AreEqual(array.Values, arrays[array.Name].Floats());
        }
        Assert.AreEqual("{\"width\": 128, \"name\": \"ü\"}", metadata["config"]);
        Assert.AreEqual(metadata["config"], Safetensors.ReadMetadata(path)["config"]);
        Assert.IsTrue(CheckpointFile.Read(path).ContainsKey("t"));
    }

    [TestMethod]
    public void HalfPrecisionIsWidened()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, """
            {"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[1,1],"data_offsets":[4,6]},
             "i":{"dtype":"I64","shape":[1],"data_offsets":[6,14]}}
            """, [0x80, 0x3f, 0x20, 0xc0, 0x00, 0x3e, 5, 0, 0, 0, 0, 0, 0, 0]);
        var arrays = Safetensors.Read(path).Arrays;
        CollectionAssert.AreEqual(new[] { 1f, -2.5f }, arrays["b"].Floats());
        CollectionAssert.AreEqual(new[] { 1.5f }, arrays["h"].Floats());
        CollectionAssert.AreEqual(new[] { 5 }, arrays["i"].Ints());
    }

    [TestMethod]
    public void ATruncatedFileIsRefused()
    {
        using var folder = new TemporaryFolder();
        var (whole, cut) = (folder.File("whole.safetensors"), folder.File("cut.safetensors"));
        Safetensors.Write(whole, some);
        var bytes = File.ReadAllBytes(whole);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(cut, bytes[..length]);
            Assert.Contains(cut, Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(cut)).Message);
        }
    }

    [TestMethod]
    [DataRow("""{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}""", "claims the bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "claims the bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,-8]}}""", "claims the bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "begins at -8")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at 4")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "begins at 0")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "8 follow the header")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "8 follow the header")]
    [DataRow("""{"a":{"dtype":"F6_E2M3","shape":[8],"data_offsets":[0,6]}}""", "F6_E2M3")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2]}}""", "not as the format says")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "Duplicate")]
    [DataRow("""[1, 2]""", "not as the format says")]
    [DataRow("rubbish", "not as the format says")]
    public void ALyingHeaderIsRefused(string header, string says)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, header, new byte[8]);
        Assert.Contains(says, Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(path)).Message);
    }

    [TestMethod]
    public void AFailedWriteLeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        Safetensors.Write(path, some);
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(path, [new("x", [3], [1, 2])]));
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(path, [some[0], some[0]]));
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100]);
            throw new IOException("disk full");
        }));
        Assert.HasCount(3, Safetensors.Read(path).Arrays);
        CollectionAssert.AreEqual(new[] { "a.safetensors" }, folder.Files);
    }

    static string Write(TemporaryFolder folder, string header, byte[] data)
    {
        var path = folder.File("a.safetensors");
        var json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. data]);
        return path;
    }
}
