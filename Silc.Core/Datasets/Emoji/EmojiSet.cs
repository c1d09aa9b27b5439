namespace Silc.Datasets;

/// <summary>
/// A folder that <see cref="EmojiPreparer"/> made: images of the same concepts in several art styles.
/// Threads: any number may use it at once.
/// </summary>
sealed class EmojiSet
{
    readonly string folder;

    EmojiSet(string folder, IReadOnlyList<EmojiRow> rows) => (this.folder, Rows) = (folder, rows);

    /// <summary>The whole index.</summary>
    public IReadOnlyList<EmojiRow> Rows { get; }

    /// <summary>The SentencePiece model that was fetched with the images.</summary>
    public string SentencePiecePath => Path.Combine(folder, EmojiPreparer.SentencePieceName);

    /// <summary>Reads the index, not the images.</summary>
    /// <exception cref="InvalidDataException">The folder was not prepared.</exception>
    public static EmojiSet Load(string folder)
    {
        var index = Path.Combine(folder, EmojiPreparer.IndexName);
        if (!File.Exists(index))
            throw new InvalidDataException($"{index}: no such file; prepare the folder with EmojiPreparer.Prepare");
        return new EmojiSet(folder, EmojiRow.Read(index));
    }

    /// <summary>Images to train on; with <paramref name="heldOutToo"/> all images of the training styles.</summary>
    public EmojiSource Train(bool heldOutToo = false, bool withoutFlags = false) =>
        Select("emoji, training styles", withoutFlags, heldOutToo ? [EmojiRow.TrainSplit, EmojiRow.HeldOutSplit] : [EmojiRow.TrainSplit]);

    /// <summary>The tenth of the training styles' images that is not trained on.</summary>
    public EmojiSource HeldOut(bool withoutFlags = true) =>
        Select("emoji, held-out images", withoutFlags, EmojiRow.HeldOutSplit);

    /// <summary>Images in the style that is not trained on.</summary>
    public EmojiSource UnseenStyle(bool withoutFlags = true) =>
        Select("emoji, unseen style", withoutFlags, EmojiRow.UnseenStyleSplit);

    EmojiSource Select(string name, bool withoutFlags, params string[] splits) =>
        new(name, folder, Rows.Where(row => splits.Contains(row.Split) && !(withoutFlags && row.IsFlag)));
}
