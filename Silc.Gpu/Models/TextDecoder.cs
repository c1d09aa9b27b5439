using ILGPU;

namespace Silc;

/// <summary>
/// The layers of a head that writes: embeddings of tokens and positions, blocks of causal self-attention, cross-attention to an image's tokens and an
/// MLP, a last norm, and a dense layer to the vocabulary of its own, whose kernel begins at 0, so that the first loss is log V. Names are those of
/// big_vision's decoder. Beyer et al. 2023, arXiv:2303.17376. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class TextDecoder
{
    readonly Parameter embedding, positions;
    readonly (SelfAttention Self, CrossAttention Cross, Mlp Mlp)[] blocks;
    readonly LayerNorm norm;
    readonly Linear logits;

    /// <param name="parameters">Where they are declared.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="vocabulary">Number of token ids V.</param>
    /// <param name="source">Channels D of the image's tokens.</param>
    public TextDecoder(Parameters parameters, DecoderConfig config, int vocabulary, int source)
    {
        Config = config.Check();
        embedding = parameters.Add("dec/shared_embedding/embedding", vocabulary, config.Width, Inits.Normal(1));
        positions = parameters.Add("dec/pos_embedding", config.Length, config.Width, Inits.Normal(1 / Math.Sqrt(config.Width)));
        blocks = [.. Enumerable.Range(0, config.Depth).Select(i => $"dec/EncDecBlock{i}").Select(name => (
            new SelfAttention(parameters, $"{name}/LayerNorm1", $"{name}/SelfAttn", config.Width, config.Heads, causal: true),
            new CrossAttention(parameters, $"{name}/LayerNorm2", $"{name}/CrossAttn", config.Width, config.Heads, source),
            new Mlp(parameters, $"{name}/LayerNorm3", $"{name}/MLP", config.Width, 4 * config.Width)))];
        norm = new(parameters, "dec/LayerNorm", config.Width);
        logits = new(parameters, "dec/LogitsDense", config.Width, vocabulary, Inits.Zeros);
    }

    /// <summary>Logits that <see cref="Loss"/> has at a time: 16 MiB of them.</summary>
    internal int LogitsAtOnce { get; init; } = 1 << 22;

    public DecoderConfig Config { get; }

    /// <summary>Number of token ids V.</summary>
    public int Vocabulary => logits.Outputs;

    /// <summary>
    /// Logits (B·T, V) of the token after each one, and their pullback to the parameters. No token changes the logits before it.
    /// </summary>
    /// <param name="pass">Memory.</param>
    /// <param name="tokens">What stands before, (B·T).</param>
    /// <param name="length">Tokens T of a text.</param>
    /// <param name="z">The images' tokens, (B·S, D).</param>
    public (Tensor Logits, ParameterPullback Back) Forward(Pass pass, TokenBatch tokens, int length, Tensor z)
    {
        var (n, back) = Hidden(pass, tokens, length, z);
        var (y, backLogits) = logits.Forward(pass, n);
        return (y, new(pass, dy => back.Invoke(backLogits.Invoke(dy))));
    }

    /// <summary>
    /// Forward and backward of the cross-entropy with one label for each token, -1 for those that do not count: writes weight · loss to rowLoss
    /// (B·T, 1), and adds gradients to the parameters and to <paramref name="dZ"/> (B·S, D). Logits are there for some tokens at a time.
    /// </summary>
    /// <param name="pass">Memory.</param>
    /// <param name="tokens">What stands before, (B·T).</param>
    /// <param name="length">Tokens T of a text.</param>
    /// <param name="z">The images' tokens, (B·S, D).</param>
    /// <param name="labels">What each token is followed by.</param>
    /// <param name="weights">Of each token (B·T, 1).</param>
    /// <param name="rowLoss">Takes the loss.</param>
    /// <param name="weight">Of all.</param>
    /// <param name="causal">False: each token looks at those behind it, too.</param>
    /// <param name="dZ">Takes the images' part of the gradient.</param>
    /// <param name="places">Positions (L, C), L of at least T, in the place of the decoder's own.</param>
    public void Loss(Pass pass, TokenBatch tokens, int length, Tensor z, ArrayView<int> labels, Tensor weights, Tensor rowLoss, float weight,
        bool causal, Tensor dZ, Parameter? places = null)
    {
        using var _ = pass.Frame();
        var (n, back) = Hidden(pass, tokens, length, z, causal, dZ, places);
        var dn = pass.Scratch(n.Rows, n.Cols);
        int most = Math.Max(1, LogitsAtOnce / Vocabulary);
        for (int first = 0; first < n.Rows; first += most)
        {
            using var part = pass.Frame();
            int count = Math.Min(most, n.Rows - first);
            var (x, y) = (n.Slice(first, count), pass.Scratch(count, Vocabulary));
            logits.Run(pass, x, y);
            pass.Ops.SoftmaxCrossEntropy(y, labels.SubView(first, count), rowLoss.Slice(first, count), weight, weights.Slice(first, count));
            logits.ParameterGrads(pass, x, y);
            logits.InputGrad(pass, y, dn.Slice(first, count));
        }
        back.Invoke(dn);
    }

    // What the logits are made of, (B·T, C).
    (Tensor N, ParameterPullback Back) Hidden(Pass pass, TokenBatch tokens, int length, Tensor z, bool causal = true, Tensor dZ = default,
        Parameter? places = null)
    {
        places ??= positions;
        int batch = tokens.Batch;
        var x = pass.Saved(Tensor.RowsOf(batch, length), Config.Width);
        pass.Ops.Embed(tokens.Ids, embedding.Value, x);
        pass.Ops.AddBroadcast(places.Value.Slice(0, length), x);
        var backs = new List<InPlacePullback>();
        foreach (var (self, cross, mlp) in blocks)
        {
            (x, var backSelf) = self.Forward(pass, x, batch, causal);
            (x, var backCross) = cross.Forward(pass, x, z, batch, dZ);
            (x, var backMlp) = mlp.Forward(pass, x);
            backs.AddRange([backSelf, backCross, backMlp]);
        }
        var (n, backNorm) = norm.Forward(pass, x);
        return (n, new(pass, dn =>
        {
            var dx = backNorm.Invoke(dn);
            foreach (var back in Enumerable.Reverse(backs)) back.Invoke(dx);
            pass.Ops.SumRows(dx, places.Grad.Slice(0, length));
            pass.Ops.EmbedBackward(tokens.Ids, tokens.Order, dx, embedding.Grad);
        }
        ));
    }

    /// <summary>Writes the keys and values of cross-attention, which are the same for every token of a text.</summary>
    public void Source(Pass pass, Tensor z, IReadOnlyList<DecoderMemory> memory)
    {
        foreach (var (block, own) in blocks.Zip(memory)) block.Cross.Source(pass, z, own.SourceKeys, own.SourceValues);
    }

    /// <summary>
    /// Logits (R, V) of the token after the one at place <paramref name="at"/> of R texts, whose earlier keys and values lie in
    /// <paramref name="memory"/>; as many texts follow one another for each image.
    /// </summary>
    public Tensor Next(Pass pass, ArrayView<int> tokens, int rows, int at, int images, IReadOnlyList<DecoderMemory> memory)
    {
        var x = pass.Saved(rows, Config.Width);
        pass.Ops.Embed(tokens, embedding.Value, x);
        pass.Ops.AddBroadcast(positions.Value.Slice(at, 1), x);
        foreach (var ((self, cross, mlp), own) in blocks.Zip(memory))
        {
            x = self.Next(pass, x, own.Keys, own.Values, Config.Length, at);
            x = cross.Ask(pass, x, own.SourceKeys, own.SourceValues, images);
            x = mlp.ForwardConsuming(pass, x).Y;
        }
        var y = pass.Saved(rows, Vocabulary);
        logits.Run(pass, norm.Forward(pass, x).Y, y);
        return y;
    }
}

/// <summary>Keys and values of a block that decoding keeps: of the texts so far, (R · length, C), and of the images, (B·S, C).</summary>
readonly record struct DecoderMemory(Tensor Keys, Tensor Values, Tensor SourceKeys, Tensor SourceValues);
