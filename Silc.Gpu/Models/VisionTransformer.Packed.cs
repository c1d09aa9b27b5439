namespace Silc;

// Images at aspect ratios of their own.
sealed partial class VisionTransformer
{
    /// <summary>Images at their own aspect ratio (NaFlex) to embeddings (B, C), not normalised.</summary>
    public (Tensor Y, ParameterPullback Back) Forward(Pass pass, PackedTokens images)
    {
        RequirePacked();
        var (x, backEmbedding) = Embed(pass, images.Patches.Rows, cut => pass.Ops.Copy(images.Patches, cut));
        var backPositions = positions.Add(pass, x, images.Resize);
        var packed = pass with { Lengths = images.Lengths };
        var (encoded, backBlocks) = transformer.ForwardConsuming(packed, x, images.Lengths.Count);
        var (y, backPool) = pool!.Forward(packed, encoded, images.Lengths.Count);
        ParameterPullback back = new(pass, dy =>
        {
            var dx = backBlocks.Invoke(backPool.Invoke(dy));
            backPositions.Invoke(dx);
            backEmbedding.Invoke(dx);
        });
        if (representation is not null) (y, back) = representation.Behind(pass, y, back);
        if (head is null) return (y, back);
        var inner = back;
        var (projected, backHead) = head.Forward(pass, y);
        return (projected, new(pass, dy => inner.Invoke(backHead.Invoke(dy))));
    }

    /// <summary>Refuses towers that do not see images at their own aspect ratio.</summary>
    /// <exception cref="ArgumentException">The message says why.</exception>
    internal void RequirePacked() =>
        Require.That(pool is not null && classToken is null && registers is null && norm is null && scale is null && top is null,
            "images at their own aspect ratio (NaFlex) are for towers with attention pooling, without a class token, registers, a norm before the "
            + "blocks, blocks on top and pixels scaled by channel; this tower has one of these");
}
