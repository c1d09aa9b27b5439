namespace Silc;

/// <summary>
/// A <see cref="LayerNorm"/> over the channels of each head, one scale and bias for all heads: of queries or keys in front of attention, timm's
/// <c>q_norm</c> and <c>k_norm</c>. Henry et al. 2020, arXiv:2010.04245; Dehghani et al. 2023 (ViT-22B), arXiv:2302.05442. Scores then have a
/// bound, whatever the width of the projections. Keeps mean and rstd of each head, (N·H, 1) each.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class HeadNorm(Parameters parameters, string name, int width, int heads, double epsilon)
{
    readonly int size = width / heads;
    readonly LayerNorm norm = new(parameters, name, width / heads, epsilon);

    /// <summary>Writes y (N, C) of x (N, C), both dense, heads side by side; the pullback is given dY and writes dX, float32 and dense too.</summary>
    public Action<Tensor, Tensor> Forward(Pass pass, Tensor x, Tensor y)
    {
        var (_, back) = norm.ForwardAdding(pass, ByHead(x), ByHead(y));
        return (dy, dx) => back(ByHead(dy), ByHead(dx), false, default);
    }

    Tensor ByHead(Tensor x) => x.Reshape(Tensor.RowsOf(x.Rows, heads), size);
}
