namespace Silc.Samples.Models;

/// <summary>Says which arrays of a file a model has no use for.</summary>
static class LeftOut
{
    const int NamesShown = 6;

    /// <summary>The arrays in words; null if there are none.</summary>
    public static string? Of(ModelFile file) => file.Extra.Count == 0 ? null
        : $"{file.Extra.Count:N0} arrays that are no part of the model: {string.Join(", ", file.Extra.Take(NamesShown))}"
            + (file.Extra.Count > NamesShown ? ", …" : "");

    /// <summary>
    /// A line where errors go, so that pipes stay clean; nothing for Silc's own checkpoints, whose other arrays are the state of training.
    /// </summary>
    public static void Say(ModelFile file)
    {
        if (file.Format != ModelFormat.Silc && Of(file) is { } names) Console.Error.WriteLine($"left out {names}");
    }
}
