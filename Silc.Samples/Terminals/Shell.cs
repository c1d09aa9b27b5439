namespace Silc.Samples.Terminals;

/// <summary>Words as a shell wants them.</summary>
static class Shell
{
    /// <summary>The word, in quotes if a shell would take it for more than that, as it does the stars and braces of shards' patterns.</summary>
    public static string Quoted(string word) =>
        word is not "" && word.AsSpan().IndexOfAny(" {}[]()<>*?;|&$'\"\\`!#~\t\n") < 0 ? word : $"'{word.Replace("'", @"'\''")}'";
}
