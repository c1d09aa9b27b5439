namespace Silc;

/// <summary>What the further names of a class are good for.</summary>
public enum AliasUse
{
    /// <summary>Nothing: a class is its first name, as in big_vision.</summary>
    First,

    /// <summary>All prompts of all names are averaged into one embedding.</summary>
    Average,

    /// <summary>
    /// Each name has an embedding, and a class scores as its best name: for a class of unlike things, such as a background.
    /// </summary>
    Best,
}
