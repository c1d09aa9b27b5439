using System.Text;

namespace Silc.Tests;

/// <summary>
/// Reads TensorBoard's event files as the format's description says, sharing nothing with the writer: records with both checksums, and of
/// protocol buffers the few fields that scalars need.
/// </summary>
static class EventReader
{
    public sealed record Event(double WallTime, long Step, string? Version, bool Start, IReadOnlyDictionary<string, float> Scalars);

    /// <summary>What TensorBoard shows of a folder: a session that starts at a step takes back that step and later ones.</summary>
    public static SortedDictionary<long, IReadOnlyDictionary<string, float>> Shown(string folder)
    {
        var shown = new SortedDictionary<long, IReadOnlyDictionary<string, float>>();
        foreach (var file in Files(folder))
            foreach (var one in Read(file))
            {
                if (one.Start)
                    foreach (var expired in shown.Keys.Where(step => step >= one.Step).ToArray()) shown.Remove(expired);
                if (one.Scalars.Count > 0) shown.Add(one.Step, one.Scalars);
            }
        return shown;
    }

    public static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*tfevents*").Order(StringComparer.Ordinal)];

    public static IReadOnlyList<Event> Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        var events = new List<Event>();
        while (reader.BaseStream.Position < reader.BaseStream.Length) events.Add(Parse(Record(reader)));
        return events;
    }

    static byte[] Record(BinaryReader reader)
    {
        var length = reader.ReadBytes(8);
        Assert.AreEqual(Masked(Castagnoli(length)), reader.ReadUInt32(), "checksum of a length");
        var data = reader.ReadBytes((int)BitConverter.ToInt64(length));
        Assert.AreEqual(Masked(Castagnoli(data)), reader.ReadUInt32(), "checksum of a record");
        return data;
    }

    static uint Masked(uint crc) => (crc >> 15 | crc << 17) + 0xa282ead8;

    // Bit by bit, with the polynomial 0x1EDC6F41 reversed.
    static uint Castagnoli(byte[] bytes)
    {
        var crc = ~0u;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82F63B78 & 0 - (crc & 1));
        }
        return ~crc;
    }

    static Event Parse(byte[] message)
    {
        double time = 0;
        long step = 0;
        string? version = null;
        var start = false;
        var scalars = new Dictionary<string, float>();
        foreach (var (field, bytes, number) in Fields(message))
            switch (field)
            {
                case 1: time = BitConverter.ToDouble(bytes); break;
                case 2: step = number; break;
                case 3: version = Encoding.UTF8.GetString(bytes); break;
                case 5:
                    foreach (var value in Fields(bytes))
                    {
                        Assert.AreEqual(1, value.Field);
                        var parts = Fields(value.Bytes).ToDictionary(part => part.Field, part => part.Bytes);
                        scalars.Add(Encoding.UTF8.GetString(parts[1]), BitConverter.ToSingle(parts[2]));
                    }
                    break;
                case 7: start = Fields(bytes).Single() is (1, _, 1); break;
                default: Assert.Fail($"field {field}"); break;
            }
        return new(time, step, version, start, scalars);
    }

    static List<(int Field, byte[] Bytes, long Number)> Fields(byte[] message)
    {
        var fields = new List<(int, byte[], long)>();
        for (int at = 0; at < message.Length;)
        {
            var tag = Varint();
            var number = (tag & 7) == 0 ? Varint() : 0;
            var bytes = (tag & 7) switch { 0 => 0, 1 => 8, 2 => (int)Varint(), 5 => 4, _ => throw new AssertFailedException($"wire type {tag & 7}") };
            fields.Add(((int)(tag >> 3), message[at..(at + bytes)], number));
            at += bytes;

            long Varint()
            {
                long value = 0;
                for (int shift = 0; ; shift += 7)
                {
                    var next = message[at++];
                    value |= (long)(next & 127) << shift;
                    if (next < 128) return value;
                }
            }
        }
        return fields;
    }
}
