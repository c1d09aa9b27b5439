using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// The loops around a micro-kernel: C in blocks of NC columns, K in blocks of KC, rows in blocks of MC. A packed block of B stays in the L3
/// cache, a block of A in the L2, a panel of B (KC × nr) in the L1 (Goto and van de Geijn 2008). Every element of C is one chain of FMAs in
/// the order of k, cut at multiples of KC, which depends on K alone: the bits of the result do not depend on how C is divided among workers.
/// </summary>
static unsafe class Gemm<TTile> where TTile : struct, IMicroKernel
{
    const int MaxDepth = 384;       // KC: a panel of B is at most 384 · 16 · 4 = 24 KiB of a 32 KiB L1 cache
    const int MaxRows = 216;        // MC: a block of A is at most 216 · 384 · 4 = 324 KiB of a 512 KiB L2 cache; whole tiles for mr = 6, 8, 12
    const int MaxColumns = 1024;    // NC: a block of B that is packed here is at most 1.5 MiB
    const int ActivatedColumns = 512;   // columns of C to which GELU is applied at a time, 432 KiB of them for MC rows
    const int FetchDepth = 256;     // a panel of packed weights that deep is fetched from memory while the one before is multiplied

    /// <summary>Computes the part of C in the given rows and columns.</summary>
    public static void Multiply(in GemmArgs g, int rowBegin, int rowEnd, int columnBegin, int columnEnd)
    {
        int rows = rowEnd - rowBegin, columns = columnEnd - columnBegin;
        int kBlocks = Math.Max(1, (g.K + MaxDepth - 1) / MaxDepth);
        int depth = RoundUp((g.K + kBlocks - 1) / kBlocks, 8);
        nint sizeA = (nint)depth * RoundUp(Math.Min(rows, MaxRows), TTile.Rows);
        // Weights that are packed already are read once for each block of A, so that A is packed once.
        int most = g.PackedB == null ? MaxColumns : columns;
        nint sizeB = g.PackedB == null ? (nint)depth * RoundUp(Math.Min(columns, most), TTile.Columns) : 0;
        var packedA = ThreadScratch.Packing(sizeA + sizeB);
        var packedB = packedA + sizeA;
        bool aInPlace = ReadAInPlace(g, columns), bInPlace = ReadBInPlace(g, rows);

        for (int column = columnBegin; column < columnEnd; column += most)
        {
            int width = Math.Min(most, columnEnd - column);
            for (int k = 0, block = 0; block < kBlocks; block++, k += depth)
            {
                int steps = Math.Min(depth, g.K - k);
                var epilogue = new Epilogue(g, first: block == 0, last: block == kBlocks - 1);
                var cornerB = g.TransB ? g.B + (nint)column * g.Ldb + k : g.B + (nint)k * g.Ldb + column;
                var b = g.PackedB == null ? new PackedOperand(cornerB, g.Ldb, !g.TransB, bInPlace, width, steps, TTile.Columns, packedB)
                    : new PackedOperand(g.PackedB + (nint)column * g.K + (nint)k * TTile.Columns, TTile.Columns, steps, (nint)TTile.Columns * g.K);
                // B was just packed and is in cache. All parts of C in a column read the same B, so only the first of them adds up its columns.
                if (g.ColumnTotals != null && rowBegin == 0) b.AddSums(width, g.ColumnTotals + column);
                for (int row = rowBegin; row < rowEnd; row += MaxRows)
                {
                    int height = Math.Min(MaxRows, rowEnd - row);
                    var cornerA = g.TransA ? g.A + (nint)k * g.Lda + row : g.A + (nint)row * g.Lda + k;
                    var a = new PackedOperand(cornerA, g.Lda, g.TransA, aInPlace, height, steps, TTile.Rows, packedA);
                    MultiplyBlock(a, b, g.PackedB != null && steps >= FetchDepth, epilogue, row, column, height, width, steps);
                }
            }
        }
    }

    // With few columns A is not reused enough to pay for packing. Rows of A can be read in place; columns only if their stride is no
    // multiple of 1 KiB, which would map all their floats to the same few sets of the L1 cache.
    static bool ReadAInPlace(in GemmArgs g, int columns) => g.TransA ? columns <= 128 && g.Lda % 256 != 0 : columns <= 512;

    // With few rows B is not reused enough; its columns must be contiguous, because the micro-kernel loads vectors of them. The 64 rows of a small
    // image are faster without packing; up to as many as that only where rows of B do not all fall into the same few sets of the L1 cache.
    static bool ReadBInPlace(in GemmArgs g, int rows) => !g.TransB && rows <= (g.Ldb % 1024 == 0 ? 4 : 6) * TTile.Rows;

    /// <summary>
    /// Epilogue of one block of K: the first adds the addend, later ones accumulate into C, the last applies bias and GELU or its gradient.
    /// </summary>
    readonly struct Epilogue(in GemmArgs g, bool first, bool last)
    {
        public readonly float Alpha = g.Alpha;
        public readonly float* C = g.C;
        public readonly nint Ldc = g.Ldc;
        public readonly float* Addend = first ? g.Addend : g.C;
        public readonly nint AddendStride = first ? g.AddendStride : g.Ldc;
        public readonly float* Bias = last ? g.Bias : null;
        public readonly float* Gelu = last ? g.Gelu : null;
        public readonly nint LdGelu = g.LdGelu;
        public readonly float* Hidden = last ? g.Hidden : null;
        public readonly nint LdHidden = g.LdHidden;
    }

    static void MultiplyBlock(in PackedOperand a, in PackedOperand b, bool fetch, in Epilogue e,
        int row, int column, int height, int width, int depth)
    {
        var edge = stackalloc float[TTile.Rows * TTile.Columns];
        int activated = 0;
        for (int j = 0; j < width; j += TTile.Columns)
        {
            int tileWidth = Math.Min(TTile.Columns, width - j);
            var panelB = b.Panel(j, out _, out var bStep);
            var next = fetch && j + TTile.Columns < width ? (byte*)b.Panel(j + TTile.Columns, out _, out _) : null;
            for (int i = 0; i < height; i += TTile.Rows)
            {
                int tileHeight = Math.Min(TTile.Rows, height - i);
                if (next != null) next = Fetch(next, depth, height);
                var panelA = a.Panel(i, out var aRow, out var aStep);
                var c = e.C + (row + i) * e.Ldc + column + j;
                var add = e.Addend == null ? null : e.Addend + (row + i) * e.AddendStride + column + j;
                if (tileHeight == TTile.Rows && tileWidth == TTile.Columns)
                {
                    TTile.Multiply(depth, panelA, aRow, aStep, panelB, bStep, e.Alpha, add, e.AddendStride, c, e.Ldc);
                    continue;
                }
                if (TTile.FewRows > 0 && tileWidth == TTile.Columns && tileHeight % TTile.FewRows == 0)
                {
                    for (int few = 0; few < tileHeight; few += TTile.FewRows)
                        TTile.MultiplyFew(depth, panelA + few * aRow, aRow, aStep, panelB, bStep, e.Alpha,
                            add == null ? null : add + few * e.AddendStride, e.AddendStride, c + few * e.Ldc, e.Ldc);
                    continue;
                }
                TTile.Multiply(depth, panelA, aRow, aStep, panelB, bStep, e.Alpha, null, 0, edge, TTile.Columns);
                StoreEdge(edge, tileHeight, tileWidth, add, e.AddendStride, c, e.Ldc);
            }
            // These columns of C, as wide as a tile, are still in the L1 cache.
            if (e.Bias != null)
                for (int i = row; i < row + height; i++) SimdMath.Add(e.Bias + column + j, e.C + i * e.Ldc + column + j, tileWidth);
            int done = j + tileWidth;
            if (done == width || done - activated == ActivatedColumns)
            {
                Activate(e, row, column + activated, height, done - activated);
                activated = done;
            }
        }
    }

    // GELU of columns that are still in the L2 cache; in rows as short as a tile's they would wait for the latency of each vector.
    static void Activate(in Epilogue e, int row, int column, int height, int width)
    {
        if (e.Hidden != null)
            for (int i = row; i < row + height; i++)
                SimdMath.GeluBackward(e.Hidden + i * e.LdHidden + column, e.C + i * e.Ldc + column, e.Gelu + i * e.LdGelu + column, width);
        else if (e.Gelu != null)
            for (int i = row; i < row + height; i++)
                SimdMath.Gelu(e.C + i * e.Ldc + column, e.Gelu + i * e.LdGelu + column, width);
    }

    // Fetches a tile's share of a panel into the L2 cache. The processor's own prefetch stops at the end of a page, and the micro-kernel's comes too
    // late for memory: the first tile of each panel waited, which was a tenth of a product of 196 rows and 768 or 3,072 columns.
    static byte* Fetch(byte* panel, int depth, int height)
    {
        const int Line = 64;
        int tiles = (height + TTile.Rows - 1) / TTile.Rows, lines = (depth * TTile.Columns * sizeof(float) / Line + tiles - 1) / tiles;
        if (Sse.IsSupported)
            for (int line = 0; line < lines; line++) Sse.Prefetch1(panel + line * Line);
        return panel + lines * Line;
    }

    // A tile that reaches past the edge of C is computed whole into a buffer; the part inside is copied.
    static void StoreEdge(float* edge, int height, int width, float* add, nint addRow, float* c, nint cRow)
    {
        for (int i = 0; i < height; i++, edge += TTile.Columns, c += cRow)
            for (int j = 0; j < width; j++) c[j] = add == null ? edge[j] : edge[j] + add[i * addRow + j];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
