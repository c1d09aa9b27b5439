namespace Silc;

/// <summary>A piece of the normalised text: the bytes <paramref name="Start"/> .. <paramref name="Start"/> + <paramref name="Length"/>.</summary>
readonly record struct Segment(int Start, int Length, int Id);

/// <summary>Cuts normalised text into pieces.</summary>
interface ISegmenter
{
    /// <summary>The pieces from left to right; what is in no piece has the unknown id.</summary>
    Segment[] Segment(ReadOnlySpan<byte> text);
}
