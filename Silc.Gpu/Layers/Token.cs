using ILGPU;

namespace Silc;

/// <summary>One token of each image or caption: (B·T, C) to (B, C), float32. Threads: one at a time, as for <see cref="Device.Ops"/>.</summary>
static class Token
{
    /// <summary>The first.</summary>
    public static (Tensor Y, Pullback Back) First(Pass pass, Tensor x, int batch) => At(pass, x, batch, 0);

    /// <summary>The last.</summary>
    public static (Tensor Y, Pullback Back) Last(Pass pass, Tensor x, int batch) => At(pass, x, batch, x.Rows / batch - 1);

    /// <summary>That which ends the caption; see <see cref="Ops.SelectTokens"/>.</summary>
    public static (Tensor Y, Pullback Back) End(Pass pass, Tensor x, ArrayView<int> ids, int batch, int end)
    {
        var y = pass.Saved(batch, x.Cols);
        pass.Ops.SelectTokens(ids, end, x, y);
        return (y, new(pass, x, (dy, dx) => pass.Ops.SelectTokensBackward(ids, end, dy, dx)));
    }

    /// <summary>The mean of all, or the largest value of each channel.</summary>
    public static (Tensor Y, Pullback Back) Pool(Pass pass, Tensor x, int batch, bool largest)
    {
        var floats = x;
        if (x.DType != DType.Float32) pass.Ops.Copy(x, floats = pass.Saved(x.Rows, x.Cols));
        var y = pass.Saved(batch, x.Cols);
        pass.Ops.PoolTokens(floats, y, largest);
        return (y, new(pass, x, (dy, dx) => pass.Ops.PoolTokensBackward(floats, dy, dx, largest)));
    }

    static (Tensor Y, Pullback Back) At(Pass pass, Tensor x, int batch, int t)
    {
        var y = pass.Saved(batch, x.Cols);
        pass.Ops.SelectRows(x, t, y);
        return (y, new(pass, x, (dy, dx) => pass.Ops.SelectRowsBackward(dy, t, dx)));
    }
}
