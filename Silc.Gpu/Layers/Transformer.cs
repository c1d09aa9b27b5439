namespace Silc;

/// <summary>
/// Pre-norm transformer blocks and the final norm (<c>encoder_norm</c>), bidirectional unless the tower is
/// causal. Dosovitskiy et al. 2021, arXiv:2010.11929. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Transformer
{
    readonly (SelfAttention Attention, Mlp Mlp)[] blocks;
    readonly string[] names;
    readonly LayerNorm norm;

    /// <summary>Declares <c>name/encoderblock_i/…</c> and <c>name/encoder_norm</c>.</summary>
    public Transformer(Parameters parameters, string name, TowerConfig tower)
    {
        names = [.. Enumerable.Range(0, tower.Depth).Select(i => $"{name}/encoderblock_{i}")];
        blocks = [.. names.Select(block => (
            new SelfAttention(parameters, $"{block}/LayerNorm_0", $"{block}/MultiHeadDotProductAttention_0", tower.Width, tower.Heads,
                tower.Epsilon, tower.Causal, tower.QkNorm, Scale(block, 0)),
            new Mlp(parameters, $"{block}/LayerNorm_1", $"{block}/MlpBlock_0", tower.Width, tower.MlpDim, tower.Gelu, tower.Epsilon,
                Scale(block, 1))))];
        norm = new(parameters, $"{name}/encoder_norm", tower.Width, tower.Epsilon);

        (string, double)? Scale(string block, int half) => tower.LayerScale is { } init ? ($"{block}/LayerScale_{half}", init) : null;
    }

    /// <summary>Y (B·T, C), an activation (see <see cref="Pass.SavedActivation"/>), and its pullback.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch)
    {
        if (pass.Training) return ForwardConsuming(pass, x, batch);
        var copy = pass.Saved(x.Rows, x.Cols);
        pass.Ops.Copy(x, copy);
        return ForwardConsuming(pass, copy, batch);
    }

    /// <summary>
    /// As <see cref="Forward"/> for a caller without further use for X. In inference the residual stream takes its place, and nothing but Y
    /// is kept; in training X is kept as it is. Y is float32 where that is asked for, so that further blocks may begin with it.
    /// </summary>
    internal (Tensor Y, Pullback Back) ForwardConsuming(Pass pass, Tensor x, int batch, bool floats = false)
    {
        if (!pass.Training)
        {
            Infer(pass, x, batch);
            return floats ? norm.ForwardFloats(pass, x) : norm.Forward(pass, x);
        }
        (x, var backs) = Blocks(pass, x, batch);
        var (y, backNorm) = floats ? norm.ForwardAdding(pass, x, pass.Saved(x.Rows, x.Cols)) : norm.ForwardAdding(pass, x);
        return (y, new(pass, x, (dy, dx) =>
        {
            // What the blocks' products read of dX, rounded by those who write it.
            var d = pass.Ops.Activations(dx.Cols) == dx.DType ? dx : pass.ScratchActivation(dx.Rows, dx.Cols);
            backNorm(dy, dx, false, d.DType == dx.DType ? default : d);
            Back(pass, backs, dx, d);
        }
        ));
    }

    /// <summary>
    /// As <see cref="ForwardConsuming"/>, but only what <paramref name="pool"/> makes of the tokens (B·T, C), one row
    /// each, goes through the final norm: Y (B, C), float32. The pullback of the pool writes every element of dX.
    /// </summary>
    internal (Tensor Y, Pullback Back) ForwardPooled(Pass pass, Tensor x, int batch, Func<Pass, Tensor, (Tensor Y, Pullback Back)> pool)
    {
        if (!pass.Training)
        {
            Infer(pass, x, batch);
            return norm.ForwardFloats(pass, pool(pass, x).Y);
        }
        (x, var backs) = Blocks(pass, x, batch);
        var (pooled, backPool) = pool(pass, x);
        var (y, backNorm) = norm.ForwardFloats(pass, pooled);
        return (y, new(pass, x, (dy, dx) =>
        {
            backPool.Into(backNorm.Invoke(dy), dx);
            var d = pass.AsActivation(dx);
            Back(pass, backs, dx, d);
        }
        ));
    }

    void Back(Pass pass, List<InPlacePullback> backs, Tensor dx, Tensor d)
    {
        for (int i = backs.Count - 1; i >= 0; i--)
        {
            backs[i].Invoke(dx, d);
            pass.Finished?.Invoke(names[i]);
        }
    }

    void Infer(Pass pass, Tensor x, int batch, Action<int, Tensor>? seen = null)
    {
        foreach (var (i, (attention, mlp)) in blocks.Index())
        {
            using (pass.Frame()) mlp.ForwardConsuming(pass, attention.ForwardConsuming(pass, x, batch).Y);
            seen?.Invoke(i, x);
        }
    }

    /// <summary>
    /// As <see cref="ForwardConsuming"/>, in inference alone; <paramref name="seen"/> is shown the residual stream after each block, by its index.
    /// </summary>
    internal Tensor InferConsuming(Pass pass, Tensor x, int batch, Action<int, Tensor> seen)
    {
        Infer(pass, x, batch, seen);
        return norm.Forward(pass, x).Y;
    }

    /// <summary>
    /// As <see cref="ForwardConsuming"/> in training, for readers of the residual stream: it after each block, and a pullback that is given gradients
    /// of Y and of those after some blocks, by index, and returns dX in the caller's frame.
    /// </summary>
    internal (Tensor Y, IReadOnlyList<Tensor> Streams, Func<Tensor, IReadOnlyDictionary<int, Tensor>, Tensor> Back) ForwardSeen(
        Pass pass, Tensor x, int batch)
    {
        var streams = new List<Tensor>(blocks.Length);
        (x, var backs) = Blocks(pass, x, batch, streams);
        var (y, backNorm) = norm.ForwardAdding(pass, x);
        return (y, streams, (dy, dStreams) =>
        {
            var dx = pass.Scratch(x.Rows, x.Cols);
            backNorm(dy, dx, false, default);
            for (int i = backs.Count - 1; i >= 0; i--)
            {
                if (dStreams.TryGetValue(i, out var d)) pass.Ops.Add(d, dx);
                backs[i].Invoke(dx);
            }
            return dx;
        }
        );
    }

    (Tensor X, List<InPlacePullback> Backs) Blocks(Pass pass, Tensor x, int batch, List<Tensor>? streams = null)
    {
        var backs = new List<InPlacePullback>(blocks.Length);
        foreach (var block in blocks)
        {
            (x, var back) = pass.Recompute ? Recompute.Block(pass, x, (pass, x) => Block(block, pass, x, batch)) : Block(block, pass, x, batch);
            backs.Add(back);
            streams?.Add(x);
        }
        return (x, backs);
    }

    /// <summary>
    /// Scores of the tokens for the first one as query in the last block, see <see cref="SelfAttention.ScoresOfFirst"/>. Overwrites X; for inference.
    /// </summary>
    internal Tensor ScoresOfFirstConsuming(Pass pass, Tensor x, int batch)
    {
        InferButLast(pass, x, batch);
        return blocks[^1].Attention.ScoresOfFirst(pass, x, batch);
    }

    /// <summary>Keys of the last block, (B·T, C), float32. Overwrites X; for inference.</summary>
    internal Tensor KeysConsuming(Pass pass, Tensor x, int batch)
    {
        InferButLast(pass, x, batch);
        return blocks[^1].Attention.Keys(pass, x);
    }

    void InferButLast(Pass pass, Tensor x, int batch)
    {
        foreach (var (attention, mlp) in blocks[..^1])
            using (pass.Frame()) mlp.ForwardConsuming(pass, attention.ForwardConsuming(pass, x, batch).Y);
    }

    /// <summary>
    /// As <see cref="ForwardConsuming"/>, but in the last block every token attends to itself alone: its value instead of a mixture. For inference.
    /// </summary>
    internal Tensor ValuesConsuming(Pass pass, Tensor x, int batch)
    {
        foreach (var (attention, mlp) in blocks)
            using (pass.Frame())
                mlp.ForwardConsuming(pass,
                    attention == blocks[^1].Attention ? attention.ValuesConsuming(pass, x) : attention.ForwardConsuming(pass, x, batch).Y);
        return norm.Forward(pass, x).Y;
    }

    static (Tensor Y, InPlacePullback Back) Block((SelfAttention Attention, Mlp Mlp) block, Pass pass, Tensor x, int batch)
    {
        var (middle, backAttention) = block.Attention.Forward(pass, x, batch);
        var (y, backMlp) = block.Mlp.Forward(pass, middle);
        return (y, new(pass, (dy, d) =>
        {
            backMlp.Invoke(dy, d);
            backAttention.Invoke(dy, d);
        }
        ));
    }
}
