namespace Silc.Tests;

/// <summary>Finds loop invariants that a kernel recomputes in every iteration.</summary>
public static class PtxLoops
{
    static readonly string[] dear = ["div", "rem", "sqrt", "rcp", "rsqrt"];

    /// <summary>Loop-invariant divisions, remainders, roots and reciprocals in a loop: ptxas does not hoist them.</summary>
    public static IEnumerable<string> Repeated(PtxProgram program)
    {
        var code = program.Code;
        var operands = code.Select(Operands).ToArray();
        var seen = new HashSet<int>();
        foreach (var loop in Loops(program))
        {
            var changing = Changing(code, operands, loop);
            foreach (var i in loop)
                if (dear.Contains(code[i].Name[0]) && !operands[i].Read.Any(changing.Contains) && seen.Add(i)) yield return code[i].Text;
        }
    }

    /// <summary>
    /// The instructions of each natural loop, inner loops also on their own: those from which the back edge is reached without passing the
    /// loop header, which dominates them. ILGPU writes basic blocks in any order, so a backward branch alone is no loop.
    /// </summary>
    static IEnumerable<int[]> Loops(PtxProgram program)
    {
        var code = program.Code;
        var targets = code.Where(one => one.Name[0] == "bra").Select(one => program.Label(one.Operands[0])).Where(i => i < code.Count);
        var starts = Enumerable.Range(0, code.Count).Where(i => i == 0 || Ends(code[i - 1])).Concat(targets).Distinct().Order().ToArray();
        int BlockOf(int i) => Array.BinarySearch(starts, i) is var at && at < 0 ? ~at - 1 : at;
        int End(int block) => block + 1 < starts.Length ? starts[block + 1] : code.Count;
        var next = new List<int>[starts.Length];
        var previous = starts.Select(_ => new List<int>()).ToArray();
        for (int block = 0; block < starts.Length; block++)
        {
            var last = code[End(block) - 1];
            next[block] = last.Name[0] == "bra" && program.Label(last.Operands[0]) < code.Count ? [BlockOf(program.Label(last.Operands[0]))] : [];
            if ((!Ends(last) || last.Guard is not null) && block + 1 < starts.Length) next[block].Add(block + 1);
            foreach (var to in next[block]) previous[to].Add(block);
        }

        var dominators = starts.Select((_, block) => block == 0 ? new HashSet<int> { 0 } : [.. Enumerable.Range(0, starts.Length)]).ToArray();
        for (bool more = true; more;)
        {
            more = false;
            for (int block = 1; block < starts.Length; block++)
            {
                HashSet<int> common = previous[block].Count == 0 ? [] : [.. dominators[previous[block][0]]];
                foreach (var before in previous[block]) common.IntersectWith(dominators[before]);
                common.Add(block);
                if (common.Count == dominators[block].Count) continue;
                dominators[block] = common;
                more = true;
            }
        }
        for (int from = 0; from < starts.Length; from++)
            foreach (var head in next[from].Where(dominators[from].Contains))
            {
                var body = new HashSet<int> { head };
                var left = new Stack<int>([from]);
                while (left.TryPop(out var block))
                    if (body.Add(block))
                        foreach (var before in previous[block]) left.Push(before);
                yield return [.. body.Order().SelectMany(block => Enumerable.Range(starts[block], End(block) - starts[block]))];
            }
    }

    static bool Ends(PtxInstruction code) => code.Name[0] is "bra" or "ret" or "exit";

    // Registers that change from iteration to iteration: written in the loop and elsewhere too, which ILGPU does for loop-carried values
    // only, or loaded from memory or other lanes, or computed from such registers.
    static HashSet<string> Changing(IReadOnlyList<PtxInstruction> code, (string[] Written, string[] Read)[] operands, int[] loop)
    {
        var writes = operands.SelectMany(one => one.Written).CountBy(register => register).ToDictionary();
        var changing = loop.SelectMany(i => operands[i].Written).Where(register => writes[register] > 1).ToHashSet();
        for (bool more = true; more;)
        {
            more = false;
            foreach (var i in loop)
                if (code[i].Name[0] is "ld" or "ldmatrix" or "mma" or "shfl" or "atom" || operands[i].Read.Any(changing.Contains))
                    foreach (var register in operands[i].Written) more |= changing.Add(register);
        }
        return changing;
    }

    static (string[] Written, string[] Read) Operands(PtxInstruction code)
    {
        int written = Math.Min(code.Operands.Length, code.Name[0] switch
        {
            "st" or "cp" or "bra" or "bar" or "barrier" or "ret" or "exit" or "fence" or "membar" or "mbarrier" or "setmaxnreg" => 0,
            "ld" => code.Operands.Length - 1,
            "ldmatrix" or "mma" => 4,
            _ => 1,
        });
        var read = code.Operands[written..].Select(operand => operand.Trim('[', ']').Split('+')[0]);
        return (code.Operands[..written], [.. code.Guard is null ? read : read.Append(code.Guard)]);
    }
}
