namespace Silc;

/// <summary>Which things count, by the area that their file gives; the ends of a range belong to both neighbours.</summary>
public enum DetectionArea
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>Up to 32² pixels.</summary>
    Small,

    /// <summary>32² to 96² pixels.</summary>
    Medium,

    /// <summary>96² pixels and more.</summary>
    Large,
}
