namespace Silc;

/// <summary>
/// Long functions in OpenCL C, for the programs that call them. They are not inlined, because compile time grows faster than linearly with
/// the size of a function.
/// </summary>
static class ClFunctions
{
    public static readonly (string Name, string Text)[] All =
    [
        ("silc_transpose", Transpose16x16()),
        ("silc_tile12x32", Tile("silc_tile12x32", 12, 2)),
        ("silc_tile6x16", Tile("silc_tile6x16", 6, 1)),
    ];

    // Accumulators are named variables, so that they stay in registers.
    static string Tile(string name, int rows, int vectors)
    {
        var columns = Enumerable.Range(0, vectors).ToArray();
        return string.Concat(
            $"SILC_FUNCTION void {name}(const global float* a, int row, int step, const global float* b, int depth, ",
            "global float* to, int toRow)\n{\n",
            Lines(rows, i => string.Concat(columns.Select(j => $"float16 s{i}_{j} = 0.0f; "))),
            $"for (int k = 0; k < depth; k++, a += step, b += {16 * vectors})\n{{\n",
            Lines(vectors, j => $"float16 b{j} = SILC_LOAD(b + {16 * j});"),
            Lines(rows, i => $"float a{i} = a[{i} * row];"),
            Lines(rows, i => string.Concat(columns.Select(j => $"s{i}_{j} = a{i} * b{j} + s{i}_{j}; "))),
            "}\n",
            Lines(rows, i => string.Concat(columns.Select(j => $"SILC_STORE(to + {i} * toRow + {16 * j}, s{i}_{j}); "))),
            "}\n");
    }

    // 16 x 16 transpose: four perfect shuffles rotate the eight bits of (line, column) by four, which swaps them.
    static string Transpose16x16() => string.Concat(
        "SILC_FUNCTION void silc_transpose(const global float* from, int fromLine, int lines, int columns, ",
        "global float* to, int toLine)\n{\n",
        Lines(16, i => $"float16 r0_{i} = silc_load(from + {i} * fromLine, {i} < lines ? columns : 0);"),
        string.Concat(Enumerable.Range(1, 4).Select(round => Lines(16, i => Shuffle(round, i, i % 2 == 0 ? "lo" : "hi")))),
        Lines(16, i => $"SILC_STORE(to + {i} * toLine, r4_{i});"),
        "}\n");

    static string Shuffle(int round, int i, string half) =>
        $"float16 r{round}_{i}; r{round}_{i}.even = r{round - 1}_{i / 2}.{half}; "
        + $"r{round}_{i}.odd = r{round - 1}_{i / 2 + 8}.{half};";

    static string Lines(int count, Func<int, string> line) =>
        string.Concat(Enumerable.Range(0, count).Select(i => line(i) + "\n"));
}
