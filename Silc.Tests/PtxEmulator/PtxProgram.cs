using System.Globalization;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>One instruction: its predicate, its name split at the dots, and its operands; vectors in braces are flattened.</summary>
public sealed record PtxInstruction(string? Guard, bool GuardNegated, string[] Name, string[] Operands, string Text)
{
    /// <summary>The last part of the name: the type that it works on.</summary>
    public string Type => Name[^1];

    public bool Is(string part) => Array.IndexOf(Name, part) >= 0;
}

/// <summary>The entry function of a PTX text, parsed into instructions. Our kernels call no other functions.</summary>
public sealed partial class PtxProgram
{
    readonly Dictionary<string, int> labels = [], registers = [], shared = [];

    public PtxProgram(string ptx)
    {
        Text = ptx;
        var entry = ptx[ptx.IndexOf(".visible .entry", StringComparison.Ordinal)..];
        var open = entry.IndexOf('{');
        ParameterName = ParameterVariable().Match(entry[..open]).Groups[1].Value;
        ParameterBytes = int.Parse(ParameterSize().Match(entry[..open]).Groups[1].Value, CultureInfo.InvariantCulture);
        Code = [.. Instructions(entry[(open + 1)..])];
    }

    public string Text { get; }

    public int ParameterBytes { get; }

    public string ParameterName { get; }

    public int SharedBytes { get; private set; }

    public IReadOnlyList<PtxInstruction> Code { get; }

    public int RegisterCount => registers.Count;

    /// <summary>Number of a register, by its name.</summary>
    public int Register(string name) => registers.TryGetValue(name, out var number) ? number : registers[name] = registers.Count;

    /// <summary>The instruction behind a label, which a branch sees from its scope outwards: "1/4/again" names "again" of scope 4 in 1.</summary>
    public int Label(string name)
    {
        int target;
        while (!labels.TryGetValue(name, out target))
        {
            var parts = name.Split('/');
            Assert.IsGreaterThan(1, parts.Length, $"there is no label '{name}'");
            name = string.Join('/', [.. parts[..^2], parts[^1]]);
        }
        return target;
    }

    /// <summary>Address of a variable in shared memory.</summary>
    public int? Shared(string name) => shared.TryGetValue(name, out var address) ? address : name == CudaText.Dynamic ? SharedBytes : null;

    IEnumerable<PtxInstruction> Instructions(string body)
    {
        int count = 0, scopes = 0;
        var scope = new Stack<string>([""]);
        // Labels end with a colon, everything else with a semicolon. Scopes inside of the function have labels of their own; registers that
        // two scopes name alike may be one, because each writes it before it reads it.
        foreach (var statement in Scopes().Replace(body, brace => brace.Value.Contains('{') ? ";{;" : ";};").Split(';').Select(part => part.Trim()))
        {
            var text = statement;
            if (text == "{") scope.Push($"{scope.Peek()}{++scopes}/");
            if (text == "}" && scope.Count > 1) scope.Pop();
            if (text is "{" or "}") continue;
            while (LabelAtStart().Match(text) is { Success: true } label)
            {
                labels[scope.Peek() + label.Groups[1].Value] = count;
                text = text[label.Length..].Trim();
            }
            if (text.Length == 0 || text.StartsWith(".reg", StringComparison.Ordinal) || text.StartsWith("//", StringComparison.Ordinal)) continue;
            if (SharedVariable().Match(text) is { Success: true } variable)
            {
                int align = int.Parse(variable.Groups[1].Value), start = (SharedBytes + align - 1) / align * align;
                shared[variable.Groups[2].Value] = start;
                SharedBytes = start + int.Parse(variable.Groups[3].Value);
                continue;
            }
            Assert.IsFalse(text.StartsWith('.'), $"the emulator has no '{text}'");
            var parts = InstructionForm().Match(text);
            Assert.IsTrue(parts.Success, $"not an instruction: '{text}'");
            count++;
            bool branch = parts.Groups["name"].Value.StartsWith("bra", StringComparison.Ordinal);
            yield return new(parts.Groups["guard"] is { Success: true } guard ? guard.Value : null, parts.Groups["not"].Success,
                parts.Groups["name"].Value.Split('.'),
                [.. parts.Groups["operands"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(operand => (branch ? scope.Peek() : "") + operand.Trim(' ', '\t', '{', '}', '\r', '\n'))], text);
        }
    }

    // A brace that stands alone opens or closes a scope; one beside an operand holds a vector.
    [GeneratedRegex(@"(?<=^|;|\n)\s*[{}](?=\s)|(?<=;)\s*\}", RegexOptions.Multiline)]
    private static partial Regex Scopes();

    [GeneratedRegex(@"^([A-Za-z_]\w*):")]
    private static partial Regex LabelAtStart();

    [GeneratedRegex(@"\.b8 (\w+)\[")]
    private static partial Regex ParameterVariable();

    [GeneratedRegex(@"\[(\d+)\]")]
    private static partial Regex ParameterSize();

    [GeneratedRegex(@"^\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\]")]
    private static partial Regex SharedVariable();

    [GeneratedRegex(@"^(@(?<not>!)?(?<guard>[%\w]+)\s+)?(?<name>[a-z][\w.:]*)\s*(?<operands>.*)$", RegexOptions.Singleline)]
    private static partial Regex InstructionForm();
}
