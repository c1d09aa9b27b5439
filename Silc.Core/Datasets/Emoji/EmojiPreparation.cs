namespace Silc;

/// <summary>What a prepared folder holds; written beside the index as <c>emoji.json</c>. Threads: immutable; any number may share it.</summary>
/// <param name="Size">Side of the pictures in pixels.</param>
/// <param name="SkinTones">Whether skin-tone variants are in.</param>
/// <param name="Packages">npm packages with versions.</param>
/// <param name="Pictures">Pictures of each style.</param>
/// <param name="Splits">Pictures of each split.</param>
public sealed record EmojiPreparation(
    int Size, bool SkinTones, IReadOnlyList<string> Packages,
    IReadOnlyDictionary<string, int> Pictures, IReadOnlyDictionary<string, int> Splits)
{
    /// <summary>Whether an earlier run had made the folder.</summary>
    public bool AlreadyThere { get; init; }
}
