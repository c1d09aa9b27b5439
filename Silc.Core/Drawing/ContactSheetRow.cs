namespace Silc;

/// <summary>One row of a <see cref="ContactSheet"/>. Threads: immutable; any number may share it.</summary>
/// <param name="Query">Words at the left, e.g. the text that the pictures answer.</param>
/// <param name="Cells">Pictures, best first.</param>
public sealed record ContactSheetRow(string Query, IReadOnlyList<ContactSheetCell> Cells);
