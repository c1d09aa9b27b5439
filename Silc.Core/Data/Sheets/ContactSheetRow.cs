namespace Silc;

/// <summary>One row of a <see cref="ContactSheet"/>.</summary>
/// <param name="Query">Words at the left, e.g. the text that the pictures answer.</param>
/// <param name="Cells">Pictures, best first.</param>
public sealed record ContactSheetRow(string Query, IReadOnlyList<ContactSheetCell> Cells);
