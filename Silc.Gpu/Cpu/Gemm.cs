using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// The loops around a micro-kernel: C in blocks of NC columns, K in blocks of KC, rows in blocks of MC. A packed block of B stays in the
/// L3 cache, a block of A in the L2, a panel of B (KC × nr) in the L1 (Goto and van de Geijn 2008).
/// Every element of C is one chain of multiply-adds in the order of k, cut at multiples of KC, which depends on K alone:
/// the result has the same bits however C is divided among workers.
/// </summary>
internal static unsafe class Gemm<TTile> where TTile : struct, IMicroKernel
{
    const int MaxDepth = 384;       // KC: a panel of B is at most 384 · 16 · 4 = 24 KiB of a 32 KiB L1 cache
    const int MaxRows = 144;        // MC: a block of A is at most 144 · 384 · 4 = 216 KiB of a 512 KiB L2 cache; a multiple of every mr but 8 · 18
    const int MaxColumns = 1024;    // NC: a block of B is at most 1.5 MiB

    /// <summary>Computes the part of C in the given rows and columns.</summary>
    public static void Multiply(in GemmArgs g, int rowBegin, int rowEnd, int columnBegin, int columnEnd)
    {
        int rows = rowEnd - rowBegin, columns = columnEnd - columnBegin;
        int kBlocks = Math.Max(1, (g.K + MaxDepth - 1) / MaxDepth);
        int depth = RoundUp((g.K + kBlocks - 1) / kBlocks, 8);
        var packedA = Scratch.Packing((nint)depth * (RoundUp(Math.Min(rows, MaxRows), TTile.Rows) + RoundUp(Math.Min(columns, MaxColumns), TTile.Columns)));
        var packedB = packedA + (nint)depth * RoundUp(Math.Min(rows, MaxRows), TTile.Rows);

        // Packing B pays when its panels are used for several tiles; with few rows it is read where it lies.
        bool packA = !ReadAInPlace(g, columns);
        bool packB = g.TransB || rows > 2 * TTile.Rows;
        for (int column = columnBegin; column < columnEnd; column += MaxColumns)
        {
            int width = Math.Min(MaxColumns, columnEnd - column);
            for (int block = 0; block < kBlocks; block++)
            {
                int k = block * depth, kCount = Math.Max(0, Math.Min(depth, g.K - k));
                var b = g.TransB ? g.B + (nint)column * g.Ldb + k : g.B + (nint)k * g.Ldb + column;
                int inPlace = packB ? 0 : width / TTile.Columns * TTile.Columns;    // a panel that hangs over the edge is packed all the same
                var rest = g.TransB ? b : b + inPlace;
                Panels.Pack(rest, g.Ldb, !g.TransB, width - inPlace, kCount, TTile.Columns, packedB);
                var right = new Right(b, packedB, inPlace, g.Ldb);
                var tail = new Tail(g, first: block == 0, last: block == kBlocks - 1);
                for (int row = rowBegin; row < rowEnd; row += MaxRows)
                {
                    int height = Math.Min(MaxRows, rowEnd - row);
                    var a = g.TransA ? g.A + (nint)k * g.Lda + row : g.A + (nint)row * g.Lda + k;
                    int loose = packA ? 0 : height / TTile.Rows * TTile.Rows;
                    Panels.Pack(g.TransA ? a + loose : a + (nint)loose * g.Lda, g.Lda, g.TransA, height - loose, kCount, TTile.Rows, packedA);
                    var left = g.TransA ? new Left(a, loose, 1, g.Lda, packedA) : new Left(a, loose, g.Lda, 1, packedA);
                    MultiplyBlock(tail, left, right, row, column, height, width, kCount);
                }
            }
        }
    }

    // With few columns a float of A is used too seldom to be worth moving. Rows of A are read well where they lie; columns only
    // if their stride is no multiple of 1 KiB, which would bring all their floats into the same few sets of the L1 cache.
    static bool ReadAInPlace(in GemmArgs g, int columns) => g.TransA ? columns <= 128 && g.Lda % 256 != 0 : columns <= 512;

    /// <summary>B of one block: its first <c>InPlace</c> columns where they lie, the others in packed panels.</summary>
    readonly struct Right(float* source, float* packed, int inPlace, int stride)
    {
        public float* Panel(int column, int depth) => column < inPlace ? source + column : packed + (nint)(column - inPlace) * depth;

        public nint Step(int column) => column < inPlace ? stride : TTile.Columns;
    }

    /// <summary>A of one block: its first rows where they lie, the others in packed panels.</summary>
    readonly struct Left(float* source, int inPlace, nint row, nint step, float* packed)
    {
        public float* Panel(int i, int depth) => i < inPlace ? source + i * row : packed + (nint)(i - inPlace) * depth;

        public nint Row(int i) => i < inPlace ? row : 1;

        public nint Step(int i) => i < inPlace ? step : TTile.Rows;
    }

    /// <summary>What happens to the product of one block of k: the first adds the addend, later ones add to C, the last applies GELU.</summary>
    readonly struct Tail(in GemmArgs g, bool first, bool last)
    {
        public readonly float Alpha = g.Alpha;
        public readonly float* C = g.C;
        public readonly nint Ldc = g.Ldc;
        public readonly float* Addend = first ? g.Addend : g.C;
        public readonly nint AddendStride = first ? g.AddendStride : g.Ldc;
        public readonly float* Gelu = last ? g.Gelu : null;
        public readonly nint LdGelu = g.LdGelu;
    }

    static void MultiplyBlock(in Tail t, in Left left, in Right right, int row, int column, int height, int width, int depth)
    {
        var edge = stackalloc float[TTile.Rows * TTile.Columns];
        for (int j = 0; j < width; j += TTile.Columns)
        {
            int tileWidth = Math.Min(TTile.Columns, width - j);
            var b = right.Panel(j, depth);
            nint bStep = right.Step(j);
            for (int i = 0; i < height; i += TTile.Rows)
            {
                int tileHeight = Math.Min(TTile.Rows, height - i);
                var a = left.Panel(i, depth);
                nint aRow = left.Row(i), aStep = left.Step(i);
                var c = t.C + (row + i) * t.Ldc + column + j;
                var add = t.Addend == null ? null : t.Addend + (row + i) * t.AddendStride + column + j;
                if (tileHeight == TTile.Rows && tileWidth == TTile.Columns)
                {
                    TTile.Multiply(depth, a, aRow, aStep, b, bStep, t.Alpha, add, t.AddendStride, c, t.Ldc);
                    continue;
                }
                TTile.Multiply(depth, a, aRow, aStep, b, bStep, t.Alpha, null, 0, edge, TTile.Columns);
                StoreEdge(edge, tileHeight, tileWidth, add, t.AddendStride, c, t.Ldc);
            }
            if (t.Gelu != null)
                for (int i = row; i < row + height; i++)
                    SimdMath.Gelu(t.C + i * t.Ldc + column + j, t.Gelu + i * t.LdGelu + column + j, tileWidth);
        }
    }

    // A tile that hangs over the edge of C is computed whole beside it; the part inside is copied.
    static void StoreEdge(float* edge, int height, int width, float* add, nint addRow, float* c, nint cRow)
    {
        for (int i = 0; i < height; i++, edge += TTile.Columns, c += cRow)
            for (int j = 0; j < width; j++) c[j] = add == null ? edge[j] : edge[j] + add[i * addRow + j];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
