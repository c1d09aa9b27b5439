namespace Silc;

/// <summary>
/// Files of captions as COCO's server and the official program take them: <c>[{"image_id": 42, "caption": "a cat"}]</c>. Threads: any number may
/// call.
/// </summary>
public static class CaptionResults
{
    /// <summary>Reads a file: the caption of each image id.</summary>
    /// <exception cref="InvalidDataException">A value is missing, or an image has two captions; the message names file and record.</exception>
    public static IReadOnlyDictionary<long, string> Read(string path) => ResultFile.Read(path, "image_id", "caption");

    /// <summary>Writes a file; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<long, string>> captions) =>
        ResultFile.Write(path, "image_id", "caption", captions);

    /// <summary>Scores captions by the ids of their images.</summary>
    /// <param name="captions">One for each image.</param>
    /// <param name="references">Captions that people wrote, of the same images.</param>
    /// <exception cref="ArgumentException">An image without caption, or a caption of no image; the message names a few.</exception>
    public static CaptionScores Score(IReadOnlyDictionary<long, string> captions, IReadOnlyDictionary<long, IReadOnlyList<string>> references)
    {
        ResultFile.RequireSame(captions.Keys, references.Keys, "image", "caption");
        long[] ids = [.. references.Keys.Order()];
        return CaptionScores.Of([.. ids.Select(id => captions[id])], [.. ids.Select(id => references[id])]);
    }
}
