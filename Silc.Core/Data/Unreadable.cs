namespace Silc;

/// <summary>Tells a sample that cannot be read from a defect of the program.</summary>
static class Unreadable
{
    /// <summary>
    /// True for whatever a source throws: damaged, missing and forbidden files, and what sources of users fail by; 503 and time-outs of the web
    /// are HttpRequestException and TaskCanceledException.
    /// </summary>
    public static bool Is(Exception error) => error is not OutOfMemoryException;
}
