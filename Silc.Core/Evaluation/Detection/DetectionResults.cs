using System.Text.Json;

namespace Silc;

/// <summary>
/// Files of results as COCO's and LVIS's servers and programs take them: <c>[{"image_id": 42, "category_id": 18, "bbox": [x, y, width, height],
/// "score": 0.9}]</c>, or with <c>segmentation</c> in place of the box. Threads: any number may call.
/// </summary>
public static class DetectionResults
{
    /// <summary>Reads a file; a mask without a box has the box 0, 0, 0, 0.</summary>
    /// <exception cref="InvalidDataException">A value is missing or makes no sense; the message names the file, the record and the value.</exception>
    public static IReadOnlyList<Detection> Read(string path)
    {
        var found = new List<Detection>();
        JsonRecords.Read(path, [""], record =>
        {
            var mask = record.Find("segmentation") is { ValueKind: JsonValueKind.Object }
                ? CocoMask.Of(record, "segmentation")!.ToMask(null, $"{path}: record {found.Count}") : null;
            var box = record.Find("bbox") is null && mask is not null ? default : record.Box("bbox");
            found.Add(new(record.Id("image_id"), record.Id("category_id"), box, record.Real("score"), mask));
        });
        return found;
    }

    /// <summary>Writes a file, boxes with two decimals; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public static void Write(string path, IEnumerable<Detection> found) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartArray();
        foreach (var detection in found)
        {
            json.WriteStartObject();
            json.WriteNumber("image_id", detection.ImageId);
            json.WriteNumber("category_id", detection.CategoryId);
            if (detection.Mask is { } mask) Write(json, mask);
            else
            {
                json.WriteStartArray("bbox");
                foreach (double value in (double[])[detection.Box.X, detection.Box.Y, detection.Box.Width, detection.Box.Height])
                    json.WriteNumberValue(Math.Round(value, 2));
                json.WriteEndArray();
            }
            json.WriteNumber("score", detection.Score);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16) json.Flush();
        }
        json.WriteEndArray();
    });

    static void Write(Utf8JsonWriter json, RunMask mask)
    {
        json.WriteStartObject("segmentation");
        json.WriteStartArray("size");
        json.WriteNumberValue(mask.Height);
        json.WriteNumberValue(mask.Width);
        json.WriteEndArray();
        json.WriteString("counts", mask.ToText());
        json.WriteEndObject();
    }
}
