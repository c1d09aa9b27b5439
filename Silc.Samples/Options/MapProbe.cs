namespace Silc.Samples.Options;

/// <summary>Which probe pools the tokens of an image.</summary>
enum MapProbe
{
    /// <summary>The model's own.</summary>
    First,

    /// <summary>That of second captions, which the checkpoints of <c>--dual</c> have.</summary>
    Second,
}
