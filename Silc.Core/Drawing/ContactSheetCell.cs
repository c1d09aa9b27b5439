namespace Silc;

/// <summary>One picture of a <see cref="ContactSheet"/>. Threads: immutable; any number may share it.</summary>
/// <param name="Picture">What to show; transparent pixels are shown on light grey.</param>
/// <param name="Caption">Words below it, e.g. its true caption or a score.</param>
/// <param name="Hit">True frames it green with a tick, false red with a cross, null not at all.</param>
public sealed record ContactSheetCell(Picture Picture, string Caption = "", bool? Hit = null);
