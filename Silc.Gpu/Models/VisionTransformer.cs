namespace Silc;

/// <summary>
/// ViT with attention pooling, big_vision's <c>models/vit.py</c> with <c>pool_type="map"</c>: patches, learned positions, pre-norm
/// blocks, encoder_norm, MAP head, and a projection if the configuration has one. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class VisionTransformer
{
    readonly int patch, width;
    readonly Linear embedding;
    readonly PositionTable positions;
    readonly Transformer transformer;
    readonly MapHead pool;
    readonly Linear? head;

    /// <summary>Declares the parameters <c>img/…</c>.</summary>
    public VisionTransformer(Parameters parameters, SilcConfig config, string name = "img")
    {
        (patch, width) = (config.PatchSize, config.Image.Width);
        int inputs = patch * patch * 3;
        embedding = new(parameters, $"{name}/embedding", inputs, width, Inits.LecunNormal(inputs), kernelShape: [patch, patch, 3, width]);
        positions = new(parameters, $"{name}/pos_embedding", config.Grid, width, config.PositionResize);
        transformer = new(parameters, $"{name}/Transformer", config.Image);
        pool = new(parameters, $"{name}/MAPHead_0", config.Image);
        head = config.ImageHead is { } outputs ? new(parameters, $"{name}/head", width, outputs, Inits.LecunNormal(width)) : null;
    }

    /// <summary>Images (B, side·side·3) in [-1, 1] to embeddings (B, C), not normalised.</summary>
    public (Tensor Y, ParameterPullback Back) Forward(Pass pass, Tensor pixels, int side)
    {
        var (x, backEncoder) = Encode(pass, pixels, side);
        var (y, backPool) = pool.Forward(pass, x, pixels.Rows);
        if (head is null) return (y, new(pass, dy => backEncoder.Invoke(backPool.Invoke(dy))));
        var (projected, backHead) = head.Forward(pass, y);
        return (projected, new(pass, dy => backEncoder.Invoke(backPool.Invoke(backHead.Invoke(dy)))));
    }

    /// <summary>Each patch in the space of image embeddings, (B·T, C), not normalised. For inference.</summary>
    internal Tensor PatchFeatures(Pass pass, Tensor pixels, int side, PatchFeature feature)
    {
        var (_, x, _) = Tokens(pass, pixels, side);
        var encoded = feature == PatchFeature.LastBlockValues
            ? transformer.ValuesConsuming(pass, x, pixels.Rows)
            : transformer.ForwardConsuming(pass, x, pixels.Rows).Y;
        var values = pool.Values(pass, encoded);
        return head is null ? values : head.Forward(pass, values).Y;
    }

    /// <summary>Each patch's scores in the heads of the attention pooling, (B·T, H). For inference.</summary>
    internal Tensor PoolScores(Pass pass, Tensor pixels, int side) => pool.ProbeScores(pass, Encode(pass, pixels, side).Y);

    /// <summary>Patch features after encoder_norm, (B·T, C), an activation (see <see cref="Pass.SavedActivation"/>).</summary>
    public (Tensor Y, ParameterPullback Back) Encode(Pass pass, Tensor pixels, int side)
    {
        var (patches, x, backPositions) = Tokens(pass, pixels, side);
        var (y, backTransformer) = transformer.ForwardConsuming(pass, x, pixels.Rows);
        return (y, new(pass, dy =>
        {
            var dx = backTransformer.Invoke(dy);
            backPositions.Invoke(dx);
            embedding.ParameterGrads(pass, patches, dx);
        }
        ));
    }

    // Patches (B·T, p·p·3), their tokens with positions (B·T, C), and the pullback of the positions.
    (Tensor Patches, Tensor X, InPlacePullback Back) Tokens(Pass pass, Tensor pixels, int side)
    {
        if (side < patch) throw new ArgumentException($"images of side {side} have no room for a patch of {patch}");
        int grid = side / patch;
        var patches = pass.SavedActivation(Tensor.RowsOf(pixels.Rows, grid * grid), patch * patch * 3);
        pass.Ops.Patches(pixels, patches, side, patch);
        var x = pass.Saved(patches.Rows, width);
        embedding.Run(pass, patches, x);
        return (patches, x, positions.Add(pass, x, grid));
    }
}
