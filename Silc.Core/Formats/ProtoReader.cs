using System.Buffers.Binary;
using System.Text;

namespace Silc;

/// <summary>
/// Walks the fields of one protocol buffer message (protobuf.dev/programming-guides/encoding). After <see cref="Next"/>, read
/// the field's value with the property of its type; a field that is not read is skipped.
/// </summary>
ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    readonly ReadOnlySpan<byte> message = message;
    int position;
    ulong varint;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>The value of a length-delimited or fixed-size field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    public readonly int Int => (int)varint;

    public readonly bool Flag => varint != 0;

    public readonly float Float => Bytes.Length == 4 ? BinaryPrimitives.ReadSingleLittleEndian(Bytes) : throw Damaged();

    public bool Next()
    {
        if (position == message.Length) return false;
        var tag = ReadVarint();
        Field = (int)(tag >> 3);
        if (Field == 0) throw Damaged();
        switch (tag & 7)
        {
            case 0: varint = ReadVarint(); break;
            case 1: Bytes = Take(8); break;
            case 2: Bytes = Take(ReadVarint()); break;
            case 5: Bytes = Take(4); break;
            default: throw Damaged();
        }
        return true;
    }

    ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64 && position < message.Length; shift += 7)
        {
            var next = message[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw Damaged();
    }

    ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(message.Length - position)) throw Damaged();
        var taken = message.Slice(position, (int)count);
        position += (int)count;
        return taken;
    }

    readonly InvalidDataException Damaged() => new($"no protocol buffer field at byte {position} of {message.Length}");
}
