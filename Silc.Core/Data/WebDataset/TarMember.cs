namespace Silc;

/// <summary>A regular file in a tar archive.</summary>
/// <param name="Name">Path inside the archive, without control characters.</param>
/// <param name="Offset">First byte of its content in the archive.</param>
/// <param name="Size">Bytes of its content.</param>
readonly record struct TarMember(string Name, long Offset, int Size);
