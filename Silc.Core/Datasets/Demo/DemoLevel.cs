namespace Silc.Datasets;

/// <summary>How hard the demo's images are; captions and classes are made alike.</summary>
public enum DemoLevel
{
    /// <summary>
    /// One large object of one colour and one of eight shapes anywhere on a plain or graded background: what a small model tells apart after
    /// minutes.
    /// </summary>
    Plain,

    /// <summary>
    /// One to three objects of twelve shapes, large and small, half of them textured, on plain, graded, striped or grainy backgrounds.
    /// </summary>
    Hard,
}
