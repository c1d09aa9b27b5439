namespace Silc;

/// <summary>
/// ViT with attention pooling, big_vision's <c>models/vit.py</c> with <c>pool_type="map"</c>: patches by one layer or two, positions, pre-norm
/// blocks, encoder_norm, MAP head, and a projection if the configuration has one. Or CLIP's: a class token, a norm in front of the blocks, and the
/// class token's row in the place of the MAP head. Or dino.txt's: further blocks and a norm on top, and the class token with the mean of the patches
/// (Jose et al. 2024, arXiv:2412.16334). Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed partial class VisionTransformer
{
    readonly int patch, width, heads;
    readonly Linear? embedding;
    readonly ConvStem? stem;
    readonly PositionTable positions;
    readonly ClassToken? classToken;
    readonly RegisterTokens? registers;
    readonly PixelScale? scale;
    readonly LayerNorm? norm;
    readonly Transformer transformer;
    readonly Transformer? top;
    readonly MapHead? pool;
    readonly TokenMean? mean;
    readonly Representation? representation;
    readonly Linear? head;

    /// <summary>Declares the parameters <c>img/…</c>.</summary>
    public VisionTransformer(Parameters parameters, SilcConfig config, string name = "img")
    {
        (patch, width, heads) = (config.PatchSize, config.Image.Width, config.Image.Heads);
        int inputs = patch * patch * 3;
        if (config.StemPatch is { } small) stem = new(parameters, name, patch, small, config.StemChannels, width, config.Image.Gelu);
        else embedding = new(parameters, $"{name}/embedding", inputs, width, Inits.LecunNormal(inputs), hasBias: config.PatchBias);
        positions = new(parameters, $"{name}/pos_embedding", config.Grid, width, config.PositionResize, config.Positions);
        classToken = config.Image.ClassToken ? new(parameters, name, width) : null;
        registers = config.Image.Registers > 0 ? new(parameters, name, config.Image.Registers, width) : null;
        scale = config.Pixels is { } pixels ? new(parameters, pixels) : null;
        norm = config.Image.PreNorm ? new(parameters, $"{name}/norm_pre", width, config.Image.Epsilon) : null;
        transformer = new(parameters, $"{name}/Transformer", config.Image);
        top = config.TopBlocks > 0 ? new(parameters, $"{name}/Top", config.Top) : null;
        pool = config.ImagePooling == ImagePooling.Map ? new(parameters, $"{name}/MAPHead_0", config.Image) : null;
        mean = config.PoolsMean ? new(config.ImagePooling == ImagePooling.ClassMean, config.Image.ClassToken, config.Image.Registers) : null;
        representation = config.PreLogits is { } wide ? new(parameters, $"{name}/pre_logits", width, wide) : null;
        head = config.ImageHead is { } outputs
            ? new(parameters, $"{name}/head", config.PreLogits ?? width, outputs, Inits.LecunNormal(config.PreLogits ?? width),
                hasBias: config.ProjectionBias) : null;
    }

    /// <summary>Images (B, side·side·3) in [-1, 1] to embeddings (B, C), not normalised.</summary>
    public (Tensor Y, ParameterPullback Back) Forward(Pass pass, Tensor pixels, int side)
    {
        var (y, back) = Pooled(pass, pixels, side);
        if (representation is not null) (y, back) = representation.Behind(pass, y, back);
        if (head is null) return (y, back);
        var (projected, backHead) = head.Forward(pass, y);
        return (projected, new(pass, dy => back.Invoke(backHead.Invoke(dy))));
    }

    (Tensor Y, ParameterPullback Back) Pooled(Pass pass, Tensor pixels, int side)
    {
        if (mean is not null)
        {
            var (all, backAll) = Encode(pass, pixels, side);
            var (means, backMean) = mean.Forward(pass, all, pixels.Rows);
            return (means, new(pass, dy => backAll.Invoke(backMean.Invoke(dy))));
        }
        if (pool is null)
        {
            var (tokens, backTokens) = Tokens(pass, pixels, side);
            var (row, backRow) = transformer.ForwardPooled(pass, tokens, pixels.Rows, (pass, x) => Token.First(pass, x, pixels.Rows));
            return (row, new(pass, dy => backTokens.Invoke(backRow.Invoke(dy))));
        }
        var (x, backEncoder) = Encode(pass, pixels, side);
        if (registers is not null) (x, backEncoder) = registers.Without(pass, x, pixels.Rows, backEncoder);
        var (y, backPool) = pool.Forward(pass, x, pixels.Rows);
        return (y, new(pass, dy => backEncoder.Invoke(backPool.Invoke(dy))));
    }

    /// <summary>
    /// Patch features after encoder_norm, (B·T, C), an activation (see <see cref="Pass.SavedActivation"/>); a class token is an image's first row,
    /// registers are its last ones. Patches that are <paramref name="hidden"/> it does not see.
    /// </summary>
    public (Tensor Y, ParameterPullback Back) Encode(Pass pass, Tensor pixels, int side, HiddenPatches? hidden = null)
    {
        if (top is null) return Trunk(pass, pixels, side, hidden);
        var (x, backTrunk) = Stream(pass, pixels, side, hidden);
        var (y, backTop) = top.ForwardConsuming(pass, x, pixels.Rows);
        return (y, new(pass, dy =>
        {
            var dx = backTop.Invoke(dy);
            backTrunk?.Invoke(dx);
        }));
    }

    (Tensor Y, ParameterPullback Back) Trunk(Pass pass, Tensor pixels, int side, HiddenPatches? hidden, bool floats = false)
    {
        var (x, backTokens) = Tokens(pass, pixels, side, hidden);
        var (y, backTransformer) = transformer.ForwardConsuming(pass, x, pixels.Rows, floats);
        return (y, new(pass, dy => backTokens.Invoke(backTransformer.Invoke(dy))));
    }

    // What the top blocks begin with, (B·T, C), float32. Of a locked tower it is all that is kept, and there is no pullback.
    (Tensor X, ParameterPullback? Back) Stream(Pass pass, Tensor pixels, int side, HiddenPatches? hidden)
    {
        if (pass.Training && !pass.Locked) return Trunk(pass, pixels, side, hidden, floats: true);
        int grid = side / patch, tokens = grid * grid + (classToken is null ? 0 : 1) + (registers?.Count ?? 0);
        var x = pass.Saved(Tensor.RowsOf(pixels.Rows, tokens), width);
        using (pass.Frame()) pass.Ops.Copy(Trunk(pass with { Training = false }, pixels, side, hidden, floats: true).Y, x);
        return (x, null);
    }

    /// <summary>
    /// Embeddings (B, C) as of <see cref="Forward(Pass, Tensor, int)"/>, the patches after encoder_norm that they come of, (B·N, C), float32, and
    /// the pullback of both; dPatches may be given or not. A second probe has embeddings of its own, and needs their gradient.
    /// </summary>
    /// <exception cref="ArgumentException">There is a second probe, and this tower does not pool by one.</exception>
    public (Tensor Y, Tensor Second, Tensor Patches, Action<Tensor, Tensor, Tensor> Back) ForwardWithPatches(Pass pass, Tensor pixels, int side,
        Parameter? second = null)
    {
        if (second is not null && pool is null) throw new ArgumentException("this tower pools a class token, and has no place for a second probe");
        int images = pixels.Rows;
        var (all, backEncoder) = Encode(pass, pixels, side);
        int tokens = all.Rows / images, first = RowOf(0, tokens), count = tokens - first - (registers?.Count ?? 0);
        var patches = pass.Saved(images * count, width);
        pass.Ops.Copy(Part(all), patches.Reshape(images, count * width));
        Tensor dPatches = default;
        var backAll = new ParameterPullback(pass, dAll =>
        {
            if (dPatches.Count > 0) AddPatches(dAll);
            backEncoder.Invoke(dAll);
        });
        Tensor y;
        ParameterPullback back;
        if (pool is null)
        {
            (y, var backRow) = mean?.Forward(pass, all, images) ?? Token.First(pass, all, images);
            back = new(pass, dy => backAll.Invoke(backRow.Invoke(dy)));
        }
        else
        {
            var (x, backTokens) = registers?.Without(pass, all, images, backAll) ?? (all, backAll);
            (y, var backPool) = second is null ? pool.Forward(pass, x, images) : pool.ForwardBoth(pass, x, images, second);
            back = new(pass, dy => backTokens.Invoke(backPool.Invoke(dy)));
        }
        if (representation is not null) (y, back) = representation.Behind(pass, y, back);
        if (head is not null)
        {
            var inner = back;
            (y, var backHead) = head.Forward(pass, y);
            back = new(pass, dy => inner.Invoke(backHead.Invoke(dy)));
        }
        if (second is null)
            return (y, default, patches, (dy, _, d) =>
            {
                dPatches = d;
                back.Invoke(dy);
            }
            );
        var (own, other) = (pass.Saved(images, y.Cols), pass.Saved(images, y.Cols));
        pass.Ops.Copy(Half(y, 0), own);
        pass.Ops.Copy(Half(y, 1), other);
        return (own, other, patches, (dy, dSecond, d) =>
        {
            dPatches = d;
            var both = pass.Scratch(y.Rows, y.Cols);
            pass.Ops.Copy(dy, Half(both, 0));
            pass.Ops.Copy(dSecond, Half(both, 1));
            back.Invoke(both);
        }
        );

        // Of an image's two rows.
        Tensor Half(Tensor of, int half) => of.Reshape(images, 2 * of.Cols).Columns(half * of.Cols, of.Cols);

        Tensor Part(Tensor of) => of.Reshape(images, tokens * width).Columns(first * width, count * width);

        void AddPatches(Tensor dAll)
        {
            using var _ = pass.Frame();
            var spread = pass.Scratch(dAll.Rows, dAll.Cols);
            pass.Ops.Fill(spread, 0);
            pass.Ops.Copy(dPatches.Reshape(images, count * width), Part(spread));
            pass.Ops.Add(spread, dAll);
        }
    }

    /// <summary>Row of a patch, counted over all images of so many patches, in what <see cref="Encode"/> returns.</summary>
    internal int RowOf(int patch, int patches) =>
        patch / patches * (patches + (classToken is null ? 0 : 1) + (registers?.Count ?? 0)) + (classToken is null ? 0 : 1) + patch % patches;

    // What the first block reads, (B·T, C).
    (Tensor X, ParameterPullback Back) Tokens(Pass pass, Tensor pixels, int side, HiddenPatches? hidden = null)
    {
        if (side < patch) throw new ArgumentException($"images of side {side} have no room for a patch of {patch}");
        int grid = side / patch;
        var (x, backEmbedding) = Embed(pass, Tensor.RowsOf(pixels.Rows, grid * grid), cut => Cut(pass, pixels, cut, side));
        hidden?.Replace(pass, x);
        var backPositions = positions.Add(pass, x, grid);
        var back = new ParameterPullback(pass, dx =>
        {
            backPositions.Invoke(dx);
            hidden?.Back(pass, dx);
            backEmbedding.Invoke(dx);
        });
        if (classToken is not null) (x, back) = classToken.Before(pass, x, pixels.Rows, back);
        if (registers is not null) (x, back) = registers.Behind(pass, x, pixels.Rows, back);
        if (norm is null) return (x, back);
        var (y, backNorm) = norm.ForwardFloats(pass, x);
        return (y, new(pass, dy => back.Invoke(backNorm.Invoke(dy))));
    }

    // Patches without positions, (N, C), of what writes them as rows of pixels; the pullback leaves dX as it is.
    (Tensor X, InPlacePullback Back) Embed(Pass pass, int rows, Action<Tensor> write)
    {
        if (stem is not null)
        {
            var kept = stem.Keep(pass, rows);
            var y = pass.Saved(rows, width);
            using (pass.Frame())
            {
                var cut = pass.Scratch(rows, patch * patch * 3);
                write(cut);
                stem.Run(pass, cut, kept, y);
            }
            return (y, new(pass, dy => stem.Back(pass, dy, kept)));
        }
        var patches = pass.SavedActivation(rows, patch * patch * 3);
        write(patches);
        var x = pass.Saved(rows, width);
        embedding!.Run(pass, patches, x);
        return (x, new(pass, dx => embedding.ParameterGrads(pass, patches, dx)));
    }

    void Cut(Pass pass, Tensor pixels, Tensor patches, int side)
    {
        if (scale is null)
        {
            pass.Ops.Patches(pixels, patches, side, patch);
            return;
        }
        using var _ = pass.Frame();
        pass.Ops.Patches(scale.Run(pass, pixels), patches, side, patch);
    }
}
