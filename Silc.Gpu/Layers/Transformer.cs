namespace Silc;

/// <summary>
/// Pre-norm transformer blocks and the final norm (<c>encoder_norm</c>), bidirectional. Dosovitskiy et al. 2021, arXiv:2010.11929.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
public sealed class Transformer
{
    readonly (SelfAttention Attention, Mlp Mlp)[] blocks;
    readonly LayerNorm norm;

    /// <summary>Declares <c>name/encoderblock_i/…</c> and <c>name/encoder_norm</c>.</summary>
    public Transformer(Parameters parameters, string name, TowerConfig tower)
    {
        blocks = [.. Enumerable.Range(0, tower.Depth).Select(i => $"{name}/encoderblock_{i}").Select(block => (
            new SelfAttention(parameters, $"{block}/LayerNorm_0", $"{block}/MultiHeadDotProductAttention_0", tower.Width, tower.Heads),
            new Mlp(parameters, $"{block}/LayerNorm_1", $"{block}/MlpBlock_0", tower.Width, tower.MlpDim, tower.Gelu)))];
        norm = new(parameters, $"{name}/encoder_norm", tower.Width);
    }

    /// <summary>Y (B·T, C), an activation (see <see cref="Pass.KeepActivation"/>), and its pullback. Without a gradient to come, X is overwritten and nothing but Y is kept.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch)
    {
        if (!pass.Training)
        {
            foreach (var (attention, mlp) in blocks)
                using (pass.Frame()) mlp.Forward(pass, attention.Forward(pass, x, batch).Y);
            return norm.Forward(pass, x);
        }
        var backs = new List<Action<Tensor, Tensor>>(blocks.Length);
        foreach (var block in blocks)
        {
            (x, var back) = pass.Recompute ? Recomputed(block, pass, x, batch) : Kept(block, pass, x, batch);
            backs.Add(back);
        }
        var (y, backNorm) = norm.ForwardAdding(pass, x);
        return (y, dy =>
        {
            var dx = pass.Temp(x.Rows, x.Cols);
            using var _ = pass.Frame();
            // What the blocks' products read of dX, rounded by those who write it.
            var d = pass.Ops.Activations(x.Cols) == dx.Stored ? dx : pass.TempActivation(x.Rows, x.Cols);
            backNorm(dy, dx, false, d.Stored == dx.Stored ? default : d);
            for (int i = backs.Count - 1; i >= 0; i--) backs[i](dx, d);
            return dx;
        }
        );
    }

    /// <summary>
    /// As <see cref="Forward"/>, but in the last block every token attends to itself alone: its value instead of a mixture. For
    /// inference; X is overwritten.
    /// </summary>
    internal Tensor Values(Pass pass, Tensor x, int batch)
    {
        foreach (var (attention, mlp) in blocks)
            using (pass.Frame())
                mlp.Forward(pass, attention == blocks[^1].Attention ? attention.Values(pass, x) : attention.Forward(pass, x, batch).Y);
        return norm.Forward(pass, x).Y;
    }

    static (Tensor Y, Action<Tensor, Tensor> Back) Kept((SelfAttention Attention, Mlp Mlp) block, Pass pass, Tensor x, int batch)
    {
        var (middle, backAttention) = block.Attention.ForwardResidual(pass, x, batch);
        var (y, backMlp) = block.Mlp.ForwardResidual(pass, middle);
        return (y, (dy, d) =>
        {
            backMlp(dy, d);
            backAttention(dy, d);
        }
        );
    }

    // Chen et al. 2016, arXiv:1604.06174: of each block only the input is kept; its inside is computed again when its gradient is due.
    static (Tensor Y, Action<Tensor, Tensor> Back) Recomputed((SelfAttention Attention, Mlp Mlp) block, Pass pass, Tensor x, int batch)
    {
        var y = pass.Keep(x.Rows, x.Cols);
        using (pass.Frame()) pass.Ops.Copy(Kept(block, pass, x, batch).Y, y);
        return (y, (dy, d) =>
        {
            using var _ = pass.Frame();
            Kept(block, pass, x, batch).Back(dy, d);        // added into dy, which lies outside the frame
        }
        );
    }
}
