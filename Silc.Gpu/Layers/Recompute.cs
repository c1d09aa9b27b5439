namespace Silc;

/// <summary>
/// Activation checkpointing: of a layer only Y is kept; its inside is computed again when its gradient is due. Chen et al. 2016,
/// arXiv:1604.06174. X must stay as it is until then. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
static class Recompute
{
    /// <summary>Y (<paramref name="rows"/>, <paramref name="cols"/>), float32, of a layer, and a pullback that runs the layer again.</summary>
    public static (Tensor Y, Pullback Back) Layer(
        Pass pass, Tensor x, int rows, int cols, Func<Pass, Tensor, (Tensor Y, Pullback Back)> forward)
    {
        var y = pass.Saved(rows, cols);
        using (pass.Frame()) pass.Ops.Copy(forward(pass, x).Y, y);
        return (y, new(pass, x, (dy, dx) => forward(pass, x).Back.Into(dy, dx)));
    }

    /// <summary>Y, of the size of X, of a block whose gradient stays in its place, and a pullback that runs the block again.</summary>
    public static (Tensor Y, InPlacePullback Back) Block(Pass pass, Tensor x, Func<Pass, Tensor, (Tensor Y, InPlacePullback Back)> forward)
    {
        var y = pass.Saved(x.Rows, x.Cols);
        using (pass.Frame()) pass.Ops.Copy(forward(pass, x).Y, y);
        return (y, new(pass, (dy, rounded) => forward(pass, x).Back.Invoke(dy, rounded)));
    }
}
