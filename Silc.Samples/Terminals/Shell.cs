namespace Silc.Samples.Terminals;

/// <summary>Words as a shell wants them.</summary>
static class Shell
{
    /// <summary>What silc is short for where the program was built from its sources; null where it was installed and has its name.</summary>
    public static string? SilcFromSources => IsBuilt(AppContext.BaseDirectory) ? "dotnet run -c Release --project Silc.Samples --" : null;

    internal static bool IsBuilt(string folder) => folder.Split('/', '\\') is var parts && Array.IndexOf(parts, "bin") is > 0 and var at
        && at + 1 < parts.Length && parts[at + 1] is "Release" or "Debug";

    /// <summary>The word, in quotes if a shell would take it for more than that, as it does the stars and braces of shards' patterns.</summary>
    public static string Quoted(string word) =>
        word is not "" && word.AsSpan().IndexOfAny(" {}[]()<>*?;|&$'\"\\`!#~\t\n") < 0 ? word : $"'{word.Replace("'", @"'\''")}'";
}
