namespace Silc.Datasets;

/// <summary>How hard the demo's images are; captions and classes are made alike.</summary>
public enum DemoLevel
{
    /// <summary>
    /// One large object of one colour anywhere on a plain or graded background: what a small model tells apart after minutes.
    /// </summary>
    Plain,

    /// <summary>One to three objects, large and small, half of them textured, on plain, graded, striped or grainy backgrounds.</summary>
    Hard,
}
