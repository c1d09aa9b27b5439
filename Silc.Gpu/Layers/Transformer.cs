namespace Silc;

/// <summary>
/// Pre-norm transformer blocks and the final norm (<c>encoder_norm</c>), bidirectional. Dosovitskiy et al. 2021, arXiv:2010.11929.
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
            new Mlp(parameters, $"{block}/LayerNorm_1", $"{block}/MlpBlock_0", tower.Width, tower.MlpDim)))];
        norm = new(parameters, $"{name}/encoder_norm", tower.Width);
    }

    /// <summary>Y (B·T, C) and its pullback. Without a gradient to come, X is overwritten and nothing but Y is kept.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch)
    {
        if (!pass.Training)
        {
            foreach (var (attention, mlp) in blocks)
                using (pass.Frame()) pass.Ops.Copy(mlp.Forward(pass, attention.Forward(pass, x, batch).Y).Y, x);
            return norm.Forward(pass, x);
        }
        var backs = new List<Pullback>(2 * blocks.Length);
        foreach (var (attention, mlp) in blocks)
        {
            (x, var backAttention) = attention.Forward(pass, x, batch);
            (x, var backMlp) = mlp.Forward(pass, x);
            backs.AddRange([backAttention, backMlp]);
        }
        var (y, backNorm) = norm.Forward(pass, x);
        return (y, dy =>
        {
            var dx = backNorm(dy);
            for (int i = backs.Count - 1; i >= 0; i--) dx = backs[i](dx);
            return dx;
        }
        );
    }
}
