namespace Silc;

/// <summary>How further names of a class (aliases) are used in zero-shot classification.</summary>
public enum AliasUse
{
    /// <summary>Not at all: a class is its first name, as in big_vision.</summary>
    First,

    /// <summary>All prompts of all names are averaged into one embedding.</summary>
    Average,

    /// <summary>Each name has an embedding, and a class scores as its best name: for a class of unlike things, such as a background.</summary>
    Best,
}
