using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>How a product is divided: a grid of <c>RowCuts</c> × <c>ColumnCuts</c> parts of C, one for each work item.</summary>
readonly record struct GemmPlan(int RowCuts, int ColumnCuts)
{
    public int WorkItems => RowCuts * ColumnCuts;
}

/// <summary>
/// Single-precision matrix product on the CPU with the widest vectors that the processor has. A caller asks for a
/// <see cref="Plan"/> and then has every work item of it call <see cref="Compute"/>, in any order, on any thread.
/// </summary>
static unsafe class CpuGemm
{
    /// <summary>Divides C among the workers so that the largest part, with its packing, costs least.</summary>
    public static GemmPlan Plan(int m, int n, int k, int workers) => Divide(m, n, workers, TileSize.Rows, TileSize.Columns);

    /// <summary>The same for tiles of a given size.</summary>
    public static GemmPlan Divide(int m, int n, int workers, int mr, int nr)
    {
        int rowTiles = Math.Max(1, (m + mr - 1) / mr), columnTiles = Math.Max(1, (n + nr - 1) / nr);
        var best = new GemmPlan(1, 1);
        var bestCost = double.MaxValue;
        for (int rowCuts = 1; rowCuts <= Math.Min(workers, rowTiles); rowCuts++)
        {
            int columnCuts = Math.Min(workers / rowCuts, columnTiles);
            double rows = mr * TilesPerCut(rowTiles, rowCuts), columns = nr * TilesPerCut(columnTiles, columnCuts);
            // Packing one float costs about as much as 8 multiply-adds of the micro-kernel.
            var cost = rows * columns + 8 * (rows + columns);
            if (cost < bestCost) (best, bestCost) = (new GemmPlan(rowCuts, columnCuts), cost);
        }
        return best;
    }

    /// <summary>Computes one work item's part of C.</summary>
    public static void Compute(in GemmArgs g, in GemmPlan plan, int item)
    {
        if (Vector512.IsHardwareAccelerated) Compute<Tile12x32>(g, plan, item);
        else if (Vector256.IsHardwareAccelerated) Compute<Tile6x16>(g, plan, item);
        else Compute<Tile8x8>(g, plan, item);
    }

    /// <summary>Computes one work item's part of C with a given micro-kernel.</summary>
    public static void Compute<TTile>(in GemmArgs g, in GemmPlan plan, int item) where TTile : struct, IMicroKernel
    {
        var (rowBegin, rowEnd) = Part(g.M, TTile.Rows, plan.RowCuts, item / plan.ColumnCuts);
        var (columnBegin, columnEnd) = Part(g.N, TTile.Columns, plan.ColumnCuts, item % plan.ColumnCuts);
        if (rowBegin == rowEnd || columnBegin == columnEnd) return;
        if (g.M == 1 && g.ColumnTotals == null) CpuGemv.Multiply(g, columnBegin, columnEnd);
        else Gemm<TTile>.Multiply(g, rowBegin, rowEnd, columnBegin, columnEnd);
    }

    /// <summary>Columns of a panel of B.</summary>
    public static int PanelColumns => TileSize.Columns;

    static (int Rows, int Columns) TileSize =>
        Vector512.IsHardwareAccelerated ? (Tile12x32.Rows, Tile12x32.Columns)
        : Vector256.IsHardwareAccelerated ? (Tile6x16.Rows, Tile6x16.Columns)
        : (Tile8x8.Rows, Tile8x8.Columns);

    static int TilesPerCut(int tiles, int cuts) => (tiles + cuts - 1) / cuts;

    /// <summary>One part of a dimension. Parts begin at whole tiles, so that only the last one has partial tiles.</summary>
    internal static (int Begin, int End) Part(int size, int unit, int cuts, int part)
    {
        long tiles = (size + unit - 1) / unit;
        return ((int)Math.Min(size, tiles * part / cuts * unit), (int)Math.Min(size, tiles * (part + 1) / cuts * unit));
    }
}
