// Scripts that say `open Silc` find the data sets, too.
[assembly: Microsoft.FSharp.Core.AutoOpen("Silc.Datasets")]

namespace Microsoft.FSharp.Core;

/// <summary>
/// What F# reads of a referenced assembly: a namespace that is open wherever the assembly is referenced. The compiler goes by the name
/// of the attribute, so FSharp.Core is no dependency.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
sealed class AutoOpenAttribute(string path) : Attribute
{
    /// <summary>The namespace.</summary>
    public string Path { get; } = path;
}
