namespace Silc;

/// <summary>
/// CAT-Seg's attention over the classes at each place of a pooled map, linear in their number: Y = X + up(X' + MLP(norm(X'))), X' = P +
/// attention(norm(P)), P the pooled X; queries and keys also read the text guidance, and the result is brought back bilinearly with aligned corners.
/// Fewer classes than
/// <c>pad</c> are filled up with a learned token. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class ClassBlock
{
    const double Epsilon = 1e-5;

    readonly int width, heads, pad, guides;
    readonly RowMaps maps;
    readonly LayerNorm norm0, norm1;
    readonly GuidedLinear query, key;
    readonly Linear value, expand, contract;
    readonly Parameter? padToken, padGuide;

    /// <summary>
    /// Declares <c>name/norm_0</c>, <c>query</c>, <c>key</c>, <c>value</c>, <c>norm_1</c>, <c>mlp_0</c>, <c>mlp_1</c>, and with padding
    /// <c>pad_token</c> and
    /// <c>pad_guide</c>, which begin at 0.
    /// </summary>
    public ClassBlock(Parameters parameters, RowMaps maps, string name, int width, int guides, int heads, int pad)
    {
        (this.maps, this.width, this.guides, this.heads, this.pad) = (maps, width, guides, heads, pad);
        Init init = Inits.Uniform(1 / Math.Sqrt(width)), narrow = Inits.Uniform(1 / Math.Sqrt(4 * width));
        norm0 = new(parameters, $"{name}/norm_0", width, Epsilon);
        norm1 = new(parameters, $"{name}/norm_1", width, Epsilon);
        query = new(parameters, $"{name}/query", width, guides, width);
        key = new(parameters, $"{name}/key", width, guides, width);
        value = new(parameters, $"{name}/value", width, width, init, init);
        expand = new(parameters, $"{name}/mlp_0", width, 4 * width, init, init);
        contract = new(parameters, $"{name}/mlp_1", 4 * width, width, narrow, narrow);
        if (pad == 0) return;
        padToken = parameters.Add($"{name}/pad_token", 1, width, Inits.Zeros);
        padGuide = parameters.Add($"{name}/pad_guide", 1, guides, Inits.Zeros);
    }

    /// <summary>
    /// Y (N, C) of maps (images · classes · height · wide, C), and a pullback that adds into dY and to the gradient of the guidance.
    /// </summary>
    /// <param name="pass">The pass.</param>
    /// <param name="x">X.</param>
    /// <param name="guide">Text guidance (images · classes, G).</param>
    /// <param name="dGuide">Takes its gradient, which is added; may be empty in inference.</param>
    /// <param name="shape">Of the maps.</param>
    /// <param name="pool">Places that are averaged along each axis; it divides height and width.</param>
    public (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, Tensor guide, Tensor dGuide, MapShape shape, int pool)
    {
        var ops = pass.Ops;
        var y = pass.Saved(x.Rows, width);
        using var _ = pass.InferenceFrame();
        int length = Math.Max(shape.Classes, pad), sequences = shape.Images * shape.Places / (pool * pool), rows = sequences * length;
        RowMap pooling = Pooling(shape, pool), padding = Padding(shape.Classes, sequences, length), up = Unpooling(shape, pool, length);
        int pooledRows = sequences * shape.Classes;

        // A row behind the pooled ones is the token that fills up.
        var p = pass.Saved(rows, width);
        using (pass.Frame())
        {
            Tensor spread = pass.Scratch(x.Rows, width), pooled = pass.Scratch(pooledRows + 1, width);
            pooling.Gather(ops, x, spread);
            ops.PoolTokens(spread, pooled.Slice(0, pooledRows), largest: false);
            if (padToken is null) ops.Fill(pooled.Slice(pooledRows, 1), 0);
            else ops.Copy(padToken.Value, pooled.Slice(pooledRows, 1));
            padding.Gather(ops, pooled, p);
        }
        var guides = Guides(pass, guide, shape, length);
        var (n, backNorm0) = norm0.ForwardAdding(pass, p, pass.Saved(rows, width));
        var (q, k, v, o) = (pass.Saved(rows, width), pass.Saved(rows, width), pass.Saved(rows, width), pass.Saved(rows, width));
        var state = pass.Saved(sequences * heads, width / heads * (width / heads + 1));
        query.Run(pass, n, guides, shape.Images, q);
        key.Run(pass, n, guides, shape.Images, k);
        value.Run(pass, n, v);
        ops.LinearAttention(q, k, v, o, state, sequences, heads);
        var middle = pass.Saved(rows, width);
        ops.Copy(p, middle);
        ops.Add(o, middle);
        var (n1, backNorm1) = norm1.ForwardAdding(pass, middle, pass.Saved(rows, width));
        var hidden = pass.Saved(rows, 4 * width);
        expand.Run(pass, n1, hidden);
        ops.Relu(hidden);
        using (pass.Frame())
        {
            Tensor mixed = pass.Scratch(rows, width), small = pass.Scratch(shape.Images * shape.Classes * shape.Places / (pool * pool), width);
            contract.Run(pass, hidden, mixed, addend: middle);
            up.Gather(ops, mixed, small);
            ops.Bilinear(small, y, shape.Height / pool, shape.Width / pool, shape.Height, shape.Width, corners: true);
            ops.Add(x, y);
        }
        return (y, new(pass, dy =>
        {
            Tensor d = pass.Scratch(rows, width), other = pass.Scratch(rows, width);
            using (pass.Frame())
            {
                var small = pass.Scratch(up.Rows, width);
                ops.BilinearBackward(dy, small, shape.Height / pool, shape.Width / pool, shape.Height, shape.Width, corners: true);
                up.Scatter(ops, small, d);
                var dHidden = pass.Scratch(rows, 4 * width);
                contract.InputGrad(pass, d, dHidden);
                contract.ParameterGrads(pass, hidden, d);
                ops.ReluBackward(hidden, dHidden);
                expand.InputGrad(pass, dHidden, other);
                expand.ParameterGrads(pass, n1, dHidden);
                backNorm1(other, d, true, default);
            }
            using (pass.Frame())
            {
                Tensor dQ = pass.Scratch(rows, width), dK = pass.Scratch(rows, width), dV = pass.Scratch(rows, width);
                var dGuides = pass.Scratch(guides.Rows, guides.Cols);
                ops.Fill(dGuides, 0);
                ops.LinearAttentionBackward(d, q, k, v, o, state, dQ, dK, dV, sequences, heads);
                value.InputGrad(pass, dV, other);
                value.ParameterGrads(pass, n, dV);
                query.Back(pass, n, guides, shape.Images, dQ, other, dGuides, accumulate: true);
                key.Back(pass, n, guides, shape.Images, dK, other, dGuides, accumulate: true);
                backNorm0(other, d, true, default);
                for (int image = 0; image < shape.Images; image++)
                {
                    ops.Add(dGuides.Slice(image * length, shape.Classes), dGuide.Slice(image * shape.Classes, shape.Classes));
                    if (length > shape.Classes)
                        ops.SumRows(dGuides.Slice(image * length + shape.Classes, length - shape.Classes), padGuide!.Grad);
                }
            }
            // A place has a share of its pool's gradient.
            Tensor pooled = pass.Scratch(pooledRows + 1, width), back = pass.Scratch(x.Rows, width);
            padding.Scatter(ops, d, pooled);
            if (length > shape.Classes) ops.Add(pooled.Slice(pooledRows, 1), padToken!.Grad);
            Spreading(shape, pool).Gather(ops, pooled, back);
            ops.Scale(back, 1f / (pool * pool));
            ops.Add(back, dy);
        }));
    }

    // Guidance of each image's classes, and the learned row in the place of those that fill up, (images · length, G).
    Tensor Guides(Pass pass, Tensor guide, MapShape shape, int length)
    {
        if (length == shape.Classes) return guide;
        var all = pass.Saved(shape.Images * length, guides);
        for (int image = 0; image < shape.Images; image++)
        {
            pass.Ops.Copy(guide.Slice(image * shape.Classes, shape.Classes), all.Slice(image * length, shape.Classes));
            var rest = all.Slice(image * length + shape.Classes, length - shape.Classes);
            pass.Ops.Copy(new(padGuide!.Value.View, rest.Rows, guides, 0), rest);
        }
        return all;
    }

    // Rows (image, pooled place, class, place in the pool) from rows (image, class, place).
    RowMap Pooling(MapShape shape, int pool) => maps.Of(("pool", shape, pool), () =>
    {
        int down = shape.Height / pool, across = shape.Width / pool;
        return
        [
            .. from image in Enumerable.Range(0, shape.Images)
               from place in Enumerable.Range(0, down * across)
               from one in Enumerable.Range(0, shape.Classes)
               from inside in Enumerable.Range(0, pool * pool)
               let i = place / across * pool + inside / pool
               let j = place % across * pool + inside % pool
               select ((image * shape.Classes + one) * shape.Height + i) * shape.Width + j,
        ];
    });

    // Rows (image, class, place) from rows (image, pooled place, class).
    RowMap Spreading(MapShape shape, int pool) => maps.Of(("spread", shape, pool), () =>
    [
        .. from image in Enumerable.Range(0, shape.Images)
           from one in Enumerable.Range(0, shape.Classes)
           from i in Enumerable.Range(0, shape.Height)
           from j in Enumerable.Range(0, shape.Width)
           select (image * shape.Places / (pool * pool) + i / pool * (shape.Width / pool) + j / pool) * shape.Classes + one,
    ]);

    RowMap Padding(int classes, int sequences, int length) => maps.Of(("pad", classes, sequences, length), () =>
        [.. Enumerable.Range(0, sequences * length).Select(row => row % length < classes ? row / length * classes + row % length
            : sequences * classes)]);

    // Rows (image, class, pooled place) from rows (image, pooled place, class or filling).
    RowMap Unpooling(MapShape shape, int pool, int length) => maps.Of(("unpool", shape, pool, length), () =>
    {
        int places = shape.Places / (pool * pool);
        return
        [
            .. from image in Enumerable.Range(0, shape.Images)
               from one in Enumerable.Range(0, shape.Classes)
               from place in Enumerable.Range(0, places)
               select (image * places + place) * length + one,
        ];
    });
}

/// <summary>
/// Maps of several classes of each image, (images · classes · height · width) rows. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Images">Number of images.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Height">Places down.</param>
/// <param name="Width">Places across.</param>
readonly record struct MapShape(int Images, int Classes, int Height, int Width)
{
    /// <summary>Places of a map.</summary>
    public int Places => Height * Width;

    /// <summary>The same of maps k times as high and wide.</summary>
    public MapShape Times(int k) => this with { Height = Height * k, Width = Width * k };
}
