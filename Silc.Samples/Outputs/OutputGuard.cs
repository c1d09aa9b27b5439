using System.CommandLine;
using System.CommandLine.Parsing;

namespace Silc.Samples.Outputs;

/// <summary>
/// Looks at what a command is going to write before it begins: nothing that it reads is written over, nor what neither it nor an earlier
/// run of it made. A name given to the wrong option, or one that a table beside would take, costs a message and not a file.
/// </summary>
static class OutputGuard
{
    /// <summary>Options and the argument that name what is written; all others name what is read, if files.</summary>
    public static readonly IReadOnlySet<string> OptionNames =
        new HashSet<string> { "--out", "--sheet", "--json", "--confusion", "--per-class", "--overlays", "--predictions" };
    public const string ArgumentName = "OUT";

    /// <param name="parsed">The command line; the files that it names elsewhere are read.</param>
    /// <param name="outputs">All that it writes.</param>
    /// <exception cref="ArgumentException">Two outputs have one name, or one is read.</exception>
    /// <exception cref="IOException">A file is there already and is not silc's, or a folder has the name.</exception>
    public static void Check(ParseResult parsed, params IEnumerable<Output?> outputs) => Check(parsed, [], outputs);

    /// <param name="parsed">The command line.</param>
    /// <param name="reads">Files that it reads beside those that it names.</param>
    /// <param name="outputs">All that it writes.</param>
    /// <inheritdoc cref="Check(ParseResult, IEnumerable{Output?})"/>
    public static void Check(ParseResult parsed, IEnumerable<string> reads, params IEnumerable<Output?> outputs)
    {
        var written = new HashSet<string>(Comparer);
        foreach (var output in outputs.OfType<Output>())
            if (!written.Add(Real(output.Path)))
                throw new ArgumentException($"{output.Path} would be written twice: give each output a name of its own");
        var read = Inputs(parsed).Concat(reads).Where(File.Exists).Select(Real).ToHashSet(Comparer);
        foreach (var output in outputs.OfType<Output>()) Check(output, read);
    }

    /// <summary>Throws if a folder that a command fills has files that are not silc's.</summary>
    public static void CheckFolder(string folder, string what, Func<string, bool> isOwn)
    {
        if (File.Exists(folder)) throw new IOException($"{folder} is a file, and {what} go into a folder of that name: choose another name");
        if (Directory.Exists(folder) && Directory.EnumerateFiles(folder).FirstOrDefault(file => !IsOwn(file, isOwn)) is { } other)
            throw new IOException($"{folder}, where {what} go, holds {Path.GetFileName(other)}, which silc did not make: choose another name, or "
                + "move that away");
    }

    static void Check(Output output, HashSet<string> read)
    {
        var (path, name) = (output.Path, output.What is null ? output.Path : $"{output.Path}, {output.What},");
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder: name a file to write");
        if (read.Contains(Real(path)))
            throw new ArgumentException($"{name} is read by this command, which would write over it: choose another name for what is written");
        // A device or a pipe is written to, not replaced.
        if (File.Exists(path) && !AtomicFile.IsDevice(path) && !IsOwn(path, output.IsOwn))
            throw new IOException($"{name} is there already, and this command did not make it: choose another name, or move it away");
    }

    static bool IsOwn(string path, Func<string, bool> isOwn)
    {
        try
        {
            // An empty file, as mktemp and touch make them, may be overwritten.
            return new FileInfo(path).Length == 0 || isOwn(path);
        }
        // A file that cannot be read as one of silc's is taken for the user's.
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return false;
        }
    }

    // Every word of the line but those that name outputs; the prefix of masks:FOLDER and its like names no file.
    static IEnumerable<string> Inputs(ParseResult parsed)
    {
        for (SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
            foreach (var child in result is CommandResult command ? command.Children : [])
                if (child is not CommandResult && !IsOutput(child))
                    foreach (var word in child.Tokens)
                        if (word.Value.Length > 0 && !word.Value.Contains('\0')) yield return word.Value;
    }

    static bool IsOutput(SymbolResult result) =>
        result is OptionResult option && OptionNames.Contains(option.Option.Name) || result is ArgumentResult argument
            && argument.Argument.Name == ArgumentName;

    // One name for a file, whatever links lead there.
    static string Real(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (File.ResolveLinkTarget(full, returnFinalTarget: true) is { } target) full = target.FullName;
            var (rest, folder) = (Path.GetFileName(full), Path.GetDirectoryName(full));
            for (; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (Directory.ResolveLinkTarget(folder, returnFinalTarget: true) is { } real) return Real(Path.Combine(real.FullName, rest));
                rest = Path.Combine(Path.GetFileName(folder), rest);
            }
        }
        catch (IOException)
        {
            // Cyclic links: there is no file.
        }
        return full;
    }

    static StringComparer Comparer => OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
}
