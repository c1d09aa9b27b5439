using System.Globalization;

namespace Silc;

/// <summary>
/// The three texts of located captions (Wan et al. 2024, LocCa, arXiv:2403.19596), which a decoder says of the same view: <c>Cap: {caption}</c>,
/// and of one box with its name, drawn from those of the view, <c>ARef: {name} : {box}</c> and <c>GCap: {box} : {name}</c>. A box is y0 x0 y1 x1 in
/// whole pixels of the view, written as text. Threads: any number may call.
/// </summary>
/// <param name="tokenizer">Of captions.</param>
/// <param name="config">Sizes and views.</param>
/// <param name="seed">Of the run.</param>
sealed class LocatedTexts(Tokenizer tokenizer, SilcConfig config, int seed)
{
    /// <summary>What the texts begin with; it is read and not said.</summary>
    public const string Caption = "Cap:", Referred = "ARef:", Grounded = "GCap:";

    /// <summary>Stands first in a row of tokens without a text.</summary>
    public const int None = -1;

    /// <summary>Texts of an image: the caption, and for each view that captions are compared with one of either other kind.</summary>
    public static int Parts(ViewConfig views) => 1 + 2 * views.Captioned;

    /// <summary>Which of the texts refers to a box of a view; the one behind it is grounded in that box.</summary>
    public static int Part(int view) => 1 + 2 * view;

    /// <summary>Tokens in which every text has room whose caption has room in <paramref name="textLength"/>.</summary>
    public static int Length(Tokenizer tokenizer, int textLength, int imageSize)
    {
        // Tokenizers know some numbers whole and cut others: the longest four times.
        var longest = Enumerable.Range(0, imageSize + 1).MaxBy(number => tokenizer.Encode($"{Grounded} {number} :").Length);
        return textLength + tokenizer.Encode(GroundedText(new(longest, longest, 0, 0), "")).Length;
    }

    /// <summary>Writes the texts of one image.</summary>
    /// <param name="caption">That of its text tower.</param>
    /// <param name="boxes">Things in it; null or none leaves the other texts out.</param>
    /// <param name="seen">Geometry of its captioned views.</param>
    /// <param name="epoch">Passes over the data before this one.</param>
    /// <param name="sample">Index of the image in its source.</param>
    /// <param name="batch">Receives the tokens.</param>
    /// <param name="slot">Row of the batch.</param>
    public void Fill(string caption, IReadOnlyList<NamedBox>? boxes, ReadOnlySpan<ViewGeometry> seen, long epoch, int sample, Batch batch, int slot)
    {
        Say($"{Caption} {caption}", 0);
        for (int view = 0; view < seen.Length; view++)
        {
            var geometry = seen[view];
            List<NamedBox> there = [.. from one in boxes ?? []
                                       let carried = geometry.Carry(one.Box)
                                       where carried is not null
                                       select new NamedBox(carried.Value, one.Name)];
            if (there.Count == 0)
            {
                Row(Part(view)).Fill(None);
                Row(Part(view) + 1).Fill(None);
                continue;
            }
            var (box, name) = there[DataStreams.Box(seed, epoch, sample, view).NextInt(there.Count)];
            Say(ReferredText(box, name), Part(view));
            Say(GroundedText(box, name), Part(view) + 1);
        }

        void Say(string text, int part) => tokenizer.Tokens(text, config.Views.Located).CopyTo(Row(part));

        Span<int> Row(int part) => batch.Located.AsSpan((part * batch.Size + slot) * config.Views.Located, config.Views.Located);
    }

    static string ReferredText(Box box, string name) => $"{Referred} {name} : {Words(box)}";

    static string GroundedText(Box box, string name) => $"{Grounded} {Words(box)} : {name}";

    static string Words(Box box) =>
        string.Create(CultureInfo.InvariantCulture, $"{box.Y:0} {box.X:0} {box.Y + box.Height:0} {box.X + box.Width:0}");
}
