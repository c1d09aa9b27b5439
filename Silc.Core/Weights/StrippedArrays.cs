namespace Silc;

/// <summary>
/// An open file without what a training program put in front of every name: <c>module.</c> (DistributedDataParallel), <c>_orig_mod.</c>
/// (torch.compile), <c>state_dict.</c> and their like. Arrays without it keep their names.
/// </summary>
sealed class StrippedArrays : ArrayFile
{
    readonly ArrayFile file;
    readonly Dictionary<string, ArrayHeader> arrays = [], originals = [];

    StrippedArrays(ArrayFile file, string prefix) : base(file.Path)
    {
        (this.file, Prefix) = (file, prefix);
        foreach (var (name, array) in file.Arrays)
        {
            var bare = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
            // Another array has the stripped name already: this one keeps its own.
            if (bare != name && file.Arrays.ContainsKey(bare)) bare = name;
            (arrays[bare], originals[bare]) = (array with { Name = bare }, array);
        }
    }

    /// <summary>What was in front.</summary>
    public string Prefix { get; }

    public override IReadOnlyDictionary<string, ArrayHeader> Arrays => arrays;

    public override bool IsConcurrent => file.IsConcurrent;

    public override IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    /// <summary>
    /// The file without its prefix, known by an array that tells a format; null if it has none. Of several, such as a model's and that of its
    /// average, the shortest counts.
    /// </summary>
    public static StrippedArrays? Of(ArrayFile file, params string[] telling)
    {
        var prefix = file.Arrays.Keys.SelectMany(name =>
            telling.Where(end => name.Length > end.Length && name.EndsWith(end, StringComparison.Ordinal))
            .Select(end => name[..^end.Length])).Where(front => front[^1] is '.' or '/').MinBy(front => front.Length);
        return prefix is null ? null : new(file, prefix);
    }

    internal override void ReadBytes(ArrayHeader array, long offset, Span<byte> target) => file.ReadBytes(originals[array.Name], offset, target);

    public override void Dispose() => file.Dispose();
}
