namespace Silc.Samples.Options;

/// <summary>Options and commands that are nearly right, or have another name in other trainers.</summary>
static class Misspelling
{
    // What other trainers call it.
    static readonly (string Spelled, string Word)[] elsewhere =
    [
        ("--learning-rate", "--lr"), ("--weight-decay", "--wd"), ("--epochs", "--steps"), ("--max-steps", "--steps"), ("--train-data", "--data"),
        ("--output", "--out"), ("--output-dir", "--out"), ("--logs", "--out"), ("--model-name", "--preset"), ("--loss", "--contrastive"),
        ("--pretrained", "--init"), ("--csv-img-key", "--image-column"), ("--csv-caption-key", "--caption-column"),
        ("--csv-separator", "--separator"), ("--accum-freq", "--accumulate"), ("--grad-checkpointing", "--recompute"),
        ("--gradient-checkpointing", "--recompute"), ("--gpu", "--device"),
    ];

    /// <summary>A question to put behind an error, or nothing if no word is near.</summary>
    public static string Hint(string given, IEnumerable<string> known)
    {
        var words = known.Distinct().ToList();
        return NearWord.Hint(given, words.Select(word => (word, word)).Concat(elsewhere.Where(entry => words.Contains(entry.Word))));
    }
}
