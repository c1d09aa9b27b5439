using System.Buffers.Binary;
using System.Text;

namespace Silc;

/// <summary>
/// A protocol-buffers message to be written (protobuf.dev, "Encoding"): fields in order, sizes known before anything is written,
/// so that tensors of gigabytes are streamed. ONNX and TensorBoard need no more of the format than this.
/// </summary>
sealed class ProtoMessage
{
    readonly List<(byte[] Head, long Bytes, Action<Stream>? Body)> fields = [];

    /// <summary>Bytes of all fields.</summary>
    public long Size => fields.Sum(entry => entry.Head.Length + entry.Bytes);

    /// <summary>An integer.</summary>
    public ProtoMessage Int(int field, long value)
    {
        fields.Add(([.. Varint(field << 3), .. Varint((ulong)value)], 0, null));
        return this;
    }

    /// <summary>A 32-bit float.</summary>
    public ProtoMessage Float(int field, float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        fields.Add(([.. Varint((uint)(field << 3 | 5)), .. bytes], 0, null));
        return this;
    }

    /// <summary>A 64-bit float.</summary>
    public ProtoMessage Double(int field, double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        fields.Add(([.. Varint((uint)(field << 3 | 1)), .. bytes], 0, null));
        return this;
    }

    /// <summary>A string.</summary>
    public ProtoMessage Text(int field, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        return Bytes(field, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>A message inside this one, which must be complete.</summary>
    public ProtoMessage Message(int field, ProtoMessage message) => Bytes(field, message.Size, message.Write);

    /// <summary>Bytes that are made when they are written.</summary>
    public ProtoMessage Bytes(int field, long count, Action<Stream> write)
    {
        fields.Add(([.. Varint((uint)(field << 3 | 2)), .. Varint((ulong)count)], count, write));
        return this;
    }

    public void Write(Stream stream)
    {
        foreach (var (head, _, body) in fields)
        {
            stream.Write(head);
            body?.Invoke(stream);
        }
    }

    static byte[] Varint(int value) => Varint((ulong)value);

    static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
