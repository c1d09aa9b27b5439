namespace Silc;

/// <summary>An exchange between ranks failed; says which, and why. Threads: immutable.</summary>
/// <param name="message">One line.</param>
/// <param name="ofAll">All ranks have found it, in what they exchanged: none is lost.</param>
sealed class CollectiveException(string message, bool ofAll = false) : IOException(message)
{
    /// <summary>All ranks throw it at the same place.</summary>
    public bool IsOfAll { get; } = ofAll;
}
