namespace Silc;

/// <summary>
/// The positions of a square grid, learned or computed, resized to another grid by a fixed matrix R (t, T): P' = R·P, dP = Rᵀ·dP'. Only the base
/// grid is a parameter. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class PositionTable(Parameters parameters, string name, int grid, int width, PositionResize kind, PositionKind from = PositionKind.Learned)
{
    readonly Parameter table = Declare(parameters, name, grid, width, from);
    readonly Dictionary<int, Tensor> resizers = [];

    // Computed positions are a parameter all the same: files hold them, and the trainer leaves them as they are.
    static Parameter Declare(Parameters parameters, string name, int grid, int width, PositionKind from)
    {
        var table = parameters.Add(name, grid * grid, width, Inits.Normal(1 / Math.Sqrt(width)));
        if (from == PositionKind.SinCos) table.Computed = () => SinCosPositions.Table(grid, width);
        return table;
    }

    /// <summary>Adds to each image's tokens (B·t, C) their positions, in place; dX is dY, which the pullback leaves as it is.</summary>
    public InPlacePullback Add(Pass pass, Tensor x, int side)
    {
        if (side == grid)
        {
            pass.Ops.AddBroadcast(table.Value, x);
            return new(pass, dy => pass.Ops.SumRows(dy, table.Grad));
        }
        if (!resizers.TryGetValue(side, out var resize))
            resizers[side] = resize = parameters.Constant(PositionResizer.Matrix(grid, side, kind), side * side, grid * grid);
        using (pass.Frame())
        {
            var resized = pass.Scratch(side * side, width);
            pass.Ops.MatMul(resize, table.Value, resized);
            pass.Ops.AddBroadcast(resized, x);
        }
        return new(pass, dy =>
        {
            var dResized = pass.Scratch(side * side, width);
            pass.Ops.Fill(dResized, 0);
            pass.Ops.SumRows(dy, dResized);
            pass.Ops.MatMul(resize, dResized, table.Grad, Transpose.A, addend: table.Grad);
        }
        );
    }

    /// <summary>The same where each token has a row of its own of the matrix that resizes, (N, T).</summary>
    public InPlacePullback Add(Pass pass, Tensor x, Tensor resize)
    {
        using (pass.Frame())
        {
            var resized = pass.Scratch(x.Rows, width);
            pass.Ops.MatMul(resize, table.Value, resized);
            pass.Ops.Add(resized, x);
        }
        return new(pass, dy => pass.Ops.MatMul(resize, dy, table.Grad, Transpose.A, addend: table.Grad));
    }
}
