namespace Silc;

// What segmentation, heads and maps of attention read of patches.
sealed partial class VisionTransformer
{
    /// <summary>Each patch in the space of image embeddings, (B·T, C), not normalised. For inference.</summary>
    internal Tensor PatchFeatures(Pass pass, Tensor pixels, int side, PatchFeature feature)
    {
        var (x, last) = LastBlocks(pass, pixels, side);
        var encoded = feature == PatchFeature.LastBlockValues
            ? last.ValuesConsuming(pass, x, pixels.Rows)
            : last.ForwardConsuming(pass, x, pixels.Rows).Y;
        if (mean is not null) return Patches(pass, encoded, pixels.Rows);
        if (registers is not null) encoded = registers.Drop(pass, encoded, pixels.Rows);
        var values = pool?.Values(pass, encoded) ?? ClassToken.WithoutIt(pass, encoded, pixels.Rows);
        if (representation is not null) values = representation.Forward(pass, values).Y;
        return head is null ? values : head.Forward(pass, values).Y;
    }

    // The blocks that the last one is of, and what they read.
    (Tensor X, Transformer Blocks) LastBlocks(Pass pass, Tensor pixels, int side) =>
        top is null ? (Tokens(pass, pixels, side).X, transformer) : (Stream(pass, pixels, side, null).X, top);

    /// <summary>Patch features after encoder_norm, without a class token or registers, (B·T, C), float32. For inference.</summary>
    internal Tensor EncodedPatches(Pass pass, Tensor pixels, int side) => Patches(pass, Encode(pass, pixels, side).Y, pixels.Rows);

    Tensor Patches(Pass pass, Tensor encoded, int images)
    {
        if (registers is not null) encoded = registers.Drop(pass, encoded, images);
        if (classToken is not null) return ClassToken.WithoutIt(pass, encoded, images);
        var y = pass.Saved(encoded.Rows, encoded.Cols);
        pass.Ops.Copy(encoded, y);
        return y;
    }

    /// <summary>Keys of the last block for the patches, without a class token or registers, (B·T, C), not normalised. For inference.</summary>
    internal Tensor PatchKeys(Pass pass, Tensor pixels, int side)
    {
        var (x, last) = LastBlocks(pass, pixels, side);
        var keys = last.KeysConsuming(pass, x, pixels.Rows);
        if (registers is not null) keys = registers.Drop(pass, keys, pixels.Rows);
        return classToken is null ? keys : ClassToken.WithoutIt(pass, keys, pixels.Rows);
    }

    /// <summary>
    /// What heads read, by one forward pass, each (B·T, channels) or (B, channels), float32, without a class token or registers. For inference.
    /// </summary>
    internal Tensor[] Frozen(Pass pass, Tensor pixels, int side, IReadOnlyList<TowerFeature> wanted)
    {
        int images = pixels.Rows;
        var (x, _) = Tokens(pass, pixels, side);
        var streams = wanted.Where(one => one.Output == TowerOutput.Block).Select(one => one.Block).Distinct()
            .ToDictionary(block => block, _ => pass.Saved(x.Rows, width));
        var encoded = transformer.InferConsuming(pass, x, images, (block, stream) =>
        {
            if (streams.TryGetValue(block, out var kept)) pass.Ops.Copy(stream, kept);
        });
        var inner = registers?.Drop(pass, encoded, images) ?? encoded;
        Tensor? patches = null;
        return [.. wanted.Select(one => one.Output switch
        {
            TowerOutput.Block => Patches(streams[one.Block]),
            TowerOutput.Tokens => Floats(patches ??= Patches(encoded)),
            TowerOutput.Aligned => Projected(pool?.Values(pass, inner) is { } values ? WithoutClass(values) : patches ??= Patches(encoded)),
            _ => Projected(pool?.Forward(pass, inner, images).Y ?? Token.First(pass, inner, images).Y),
        })];

        Tensor Patches(Tensor tokens) => WithoutClass(registers?.Drop(pass, tokens, images) ?? tokens);

        Tensor WithoutClass(Tensor tokens) => classToken is null ? tokens : ClassToken.WithoutIt(pass, tokens, images);

        Tensor Floats(Tensor tokens)
        {
            if (tokens.DType == DType.Float32) return tokens;
            var y = pass.Saved(tokens.Rows, tokens.Cols);
            pass.Ops.Copy(tokens, y);
            return y;
        }

        Tensor Projected(Tensor tokens)
        {
            if (representation is not null) tokens = representation.Forward(pass, tokens).Y;
            return head is null ? tokens : head.Forward(pass, tokens).Y;
        }
    }

    /// <summary>
    /// Features as those of <see cref="Frozen"/>, in training: the pullback is given their gradients, in the same order, and adds to those of the
    /// tower's parameters.
    /// </summary>
    /// <exception cref="ArgumentException">A pooled image is asked for, which no head is trained on.</exception>
    internal (Tensor[] Features, Action<IReadOnlyList<Tensor>> Back) Trained(Pass pass, Tensor pixels, int side,
        IReadOnlyList<TowerFeature> wanted)
    {
        if (wanted.Any(one => one.Output == TowerOutput.Pooled)) throw new ArgumentException("pooled images are not read in training");
        int images = pixels.Rows, grid = side / patch, rows = images * grid * grid, all = 0;
        var (x, backTokens) = Tokens(pass, pixels, side);
        all = x.Rows;
        var (encoded, streams, backBlocks) = transformer.ForwardSeen(pass, x, images);
        var patches = Patches(encoded);
        var chain = new List<Pullback>();
        var aligned = patches;
        if (wanted.Contains(TowerFeature.Aligned))
        {
            foreach (var layer in (Func<Pass, Tensor, (Tensor Y, Pullback Back)>?[])[pool is null ? null : pool.ForwardValues,
                representation is null ? null : representation.Forward, head is null ? null : head.Forward])
            {
                if (layer is null) continue;
                (aligned, var back) = layer(pass, aligned);
                chain.Add(back);
            }
        }
        Tensor[] features = [.. wanted.Select(one => one.Output switch
        {
            TowerOutput.Block => Patches(streams[one.Block]),
            TowerOutput.Tokens => patches,
            _ => aligned,
        })];
        return (features, gradients =>
        {
            using var _ = pass.BackwardFrame();
            var dPatches = pass.Scratch(rows, width);
            pass.Ops.Fill(dPatches, 0);
            var dStreams = new Dictionary<int, Tensor>();
            foreach (var (one, gradient) in wanted.Zip(gradients))
            {
                if (one.Output == TowerOutput.Block) dStreams[one.Block] = Whole(gradient);
                else if (one.Output == TowerOutput.Tokens) pass.Ops.Add(gradient, dPatches);
                else
                {
                    var d = gradient;
                    for (int i = chain.Count - 1; i >= 0; i--) d = chain[i].Invoke(d);
                    pass.Ops.Add(d, dPatches);
                }
            }
            backTokens.Invoke(backBlocks(Whole(dPatches), dStreams));
        }
        );

        // Rows of the patches alone, float32: the class token is an image's first row, registers are its last ones.
        Tensor Patches(Tensor tokens)
        {
            if (tokens.Rows == rows && tokens.DType == DType.Float32) return tokens;
            var y = pass.Saved(rows, width);
            pass.Ops.Copy(Part(tokens), y.Reshape(images, rows / images * width));
            return y;
        }

        Tensor Whole(Tensor d)
        {
            if (all == rows) return d;
            var y = pass.Scratch(all, width);
            pass.Ops.Fill(y, 0);
            pass.Ops.Copy(d.Reshape(images, rows / images * width), Part(y));
            return y;
        }

        Tensor Part(Tensor tokens) =>
            tokens.Reshape(images, all / images * width).Columns(classToken is null ? 0 : width, rows / images * width);
    }

    /// <summary>
    /// Each patch's scores in the heads of the attention pooling, or in those of
    /// the last block with the class token as query, (B·T, H); all alike for a mean without a class token. For inference.
    /// </summary>
    internal Tensor PoolScores(Pass pass, Tensor pixels, int side)
    {
        if (mean is { ReadsClass: false })
        {
            var alike = pass.Saved(pixels.Rows * (side / patch) * (side / patch), heads);
            pass.Ops.Fill(alike, 0);
            return alike;
        }
        var scores = pool is not null ? pool.ProbeScores(pass, Encode(pass, pixels, side).Y)
            : top is not null ? top.ScoresOfFirstConsuming(pass, Stream(pass, pixels, side, null).X, pixels.Rows)
            : transformer.ScoresOfFirstConsuming(pass, Tokens(pass, pixels, side).X, pixels.Rows);
        return registers is null ? scores : registers.Drop(pass, scores, pixels.Rows);
    }
}
