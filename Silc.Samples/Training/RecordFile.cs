using System.Buffers.Binary;
using System.Numerics;

namespace Silc.Samples.Training;

/// <summary>
/// TFRecord framing (tensorflow.org/tutorials/load_data/tfrecord): length (uint64), masked CRC-32C of the length, data, masked CRC-32C of the
/// data, all little endian. A record is one write to the system, so a process that is killed leaves no half of it.
/// </summary>
/// <param name="path">A new file, which others may read while it grows.</param>
sealed class RecordFile(string path) : IDisposable
{
    const int HeadBytes = sizeof(ulong) + sizeof(uint);

    // Data that holds CRCs of itself would else have the same one often; the rotation and the addend are the format's.
    const uint MaskAddend = 0xa282ead8;

    readonly FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    public void Add(ProtoMessage message)
    {
        using var data = new MemoryStream();
        message.Write(data);
        var length = (int)data.Length;
        var record = new byte[HeadBytes + length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedCrc(record.AsSpan(0, sizeof(ulong))));
        data.GetBuffer().AsSpan(0, length).CopyTo(record.AsSpan(HeadBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(HeadBytes + length), MaskedCrc(record.AsSpan(HeadBytes, length)));
        file.Write(record);
    }

    /// <summary>Puts the records onto the disk.</summary>
    public void Flush() => file.Flush(flushToDisk: true);

    static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes) crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + MaskAddend;
    }

    public void Dispose() => file.Dispose();
}
