namespace Silc;

/// <summary>What a safetensors file holds. Threads: immutable; any number may share it.</summary>
/// <param name="Arrays">Arrays by name.</param>
/// <param name="Metadata">Strings beside the arrays, e.g. the configuration.</param>
public sealed record SafetensorsFile(
    IReadOnlyDictionary<string, StoredArray> Arrays, IReadOnlyDictionary<string, string> Metadata);
