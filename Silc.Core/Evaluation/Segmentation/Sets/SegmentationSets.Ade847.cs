using System.Globalization;

namespace Silc;

// ADE20K with all of its classes.
public static partial class SegmentationSets
{
    const int FullAdeClasses = 847;

    /// <summary>
    /// ADE20K with 847 classes, in either of two forms. As CAT-Seg's script leaves it: <c>images_detectron2/validation</c> and
    /// <c>annotations_detectron2/validation</c>, maps of 16 bits (TIFF or PNG) whose values are classes, 65,535 does not count, and 255 is a class
    /// as any other. As it is published: <c>images/ADE/validation</c>, where beside <c>a.jpg</c> lies <c>a_seg.png</c>, whose colours are ids,
    /// (red / 10) · 256 + green; what the list does not have does not count. Those are scored at their own size, where the script first makes the
    /// shorter side 512 pixels.
    /// </summary>
    /// <param name="folder">As <c>ADE20K_2021_17_01</c>.</param>
    /// <param name="split"><c>training</c> or <c>validation</c>.</param>
    /// <param name="classes">
    /// A list of the 847 names; for the published form each line begins with the id and a tab: <c>2978	wall</c>.
    /// </param>
    /// <exception cref="InvalidDataException">A folder is missing, the list is of another length or lacks ids, or nothing pairs up.</exception>
    public static ISegmentationSource Ade847(string folder, string split, string classes)
    {
        var ids = IdsOf(classes, out var names);
        RequireClasses(names, FullAdeClasses, "ADE20K in full");
        var converted = Path.Combine(folder, "annotations_detectron2", split);
        if (Directory.Exists(converted)) return Paired(folder, split, Path.Combine(folder, "images_detectron2", split), converted, "", "", names,
            LabelMeaning.Listed("0 to 846 are the classes and 65535 does not count", [.. Enumerable.Range(0, FullAdeClasses)], ushort.MaxValue));
        var published = Path.Combine(folder, "images", "ADE", split);
        if (!Directory.Exists(published)) throw new InvalidDataException(
            $"there is neither {converted} nor {published}; unpack the set as it is published, or make the first by CAT-Seg's script");
        if (ids is null) throw new InvalidDataException($"{classes} names classes without their ids; each line should be the id, a tab and the "
            + $"names, because the colours in {published} are ids of 3,688 things");
        var (log, places) = (new SkipLog(), ids.Index().ToDictionary(entry => entry.Item, entry => entry.Index));
        var pairs = StemPairs.Of(published, published, "", "_seg", log, part: true);
        return new LabelPairSource(NameOf(folder, split), pairs, names, i => LabelMapFile.ReadColours(File.ReadAllBytes(pairs[i].Mask), pairs[i].Mask)
            .Map(colour => places.GetValueOrDefault(colour % 256 / 10 * 256 + colour / 256 % 256, LabelMap.Ignore)), log.Report());
    }

    // The ids of a list whose every line begins with one; null for a list of names alone.
    static List<int>? IdsOf(string path, out ClassList names)
    {
        string[] lines = [.. Utf8File.ReadLines(path).Where(line => !string.IsNullOrWhiteSpace(line))];
        if (!Array.Exists(lines, line => line.Contains('\t')))
        {
            names = ClassList.Read(path);
            return null;
        }
        var (ids, called) = (new List<int>(), new List<IReadOnlyList<string>>());
        foreach (var (i, line) in lines.Index())
        {
            var parts = line.Split('\t', 2, StringSplitOptions.TrimEntries);
            if (parts.Length < 2 || parts[1] == "" || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw new InvalidDataException($"{path}, line {i + 1}: '{line}' is no id, tab and names; write 2978, a tab and wall");
            if (ids.Contains(id)) throw new InvalidDataException($"{path}, line {i + 1}: an earlier line has the id {id}, too");
            ids.Add(id);
            called.Add(parts[1].Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
        names = ClassList.Of(called);
        return ids;
    }
}
