namespace Silc;

/// <summary>
/// CAT-Seg (Cho et al. 2024, arXiv:2303.11797) above its tower: the cosine of each patch and class is embedded, refined by windowed attention over
/// places and linear attention over classes, guided by image and text, and brought to four times the grid by a decoder that middle tokens guide.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class CatSegNetwork
{
    const double Epsilon = 1e-5;
    const float NormEpsilon = 1e-12f;

    /// <summary>Places of the result along a side, for each patch.</summary>
    public const int Finer = 4;

    readonly CatSegConfig sizes;
    readonly RowMaps maps;
    readonly Convolution embed, guide, head;
    readonly Linear textGuide;
    readonly Layer[] layers;
    readonly Stage[] stages;

    /// <summary>Declares the parameters <c>cat/…</c>.</summary>
    /// <param name="parameters">Takes them.</param>
    /// <param name="maps">Keeps row maps.</param>
    /// <param name="sizes">Of the head.</param>
    /// <param name="embedDim">Channels E of aligned patches and texts.</param>
    /// <param name="skipDim">Channels D of the tower's middle tokens.</param>
    public CatSegNetwork(Parameters parameters, RowMaps maps, CatSegConfig sizes, int embedDim, int skipDim)
    {
        (this.sizes, this.maps) = (sizes.Check(), maps);
        embed = new(parameters, "cat/embed", 7, sizes.Prompts, sizes.Hidden);
        guide = new(parameters, "cat/guide", 3, embedDim, sizes.Guide);
        var init = Inits.Uniform(1 / Math.Sqrt(embedDim));
        textGuide = new(parameters, "cat/text_guide", embedDim, sizes.TextGuide, init, init);
        layers = [.. Enumerable.Range(0, sizes.Layers).Select(i => new Layer(parameters, maps, $"cat/layer_{i}", sizes))];
        int[] ins = [sizes.Hidden, sizes.Decoder[0]];
        stages = [.. Enumerable.Range(0, 2).Select(i => new Stage(parameters, maps, i, ins[i], skipDim, sizes))];
        head = new(parameters, "cat/head", 3, sizes.Decoder[1], 1);
    }

    /// <summary>
    /// Logits (images · classes, 4h · 4w), and the pullback to the parameters: texts and features are data unless their gradients are asked for.
    /// </summary>
    /// <param name="pass">The pass.</param>
    /// <param name="aligned">Aligned patches (images · h · w, E).</param>
    /// <param name="texts">Prompts of the classes of each image (images · classes · prompts, E), of length 1.</param>
    /// <param name="skips">Two of the tower's middle tokens (images · h · w, D).</param>
    /// <param name="shape">Images, classes and the grid.</param>
    /// <param name="pool">Places that attention over classes averages along each axis.</param>
    /// <param name="gradients">Take those of aligned patches and both middle tokens; null where they are data.</param>
    /// <param name="dTexts">Takes that of the texts; empty where they are data.</param>
    public (Tensor Logits, ParameterPullback Back) Forward(Pass pass, Tensor aligned, Tensor texts, IReadOnlyList<Tensor> skips, MapShape shape,
        int pool, Tensor[]? gradients = null, Tensor dTexts = default)
    {
        var ops = pass.Ops;
        var fine = shape.Times(Finer);
        var logits = pass.Saved(shape.Images * shape.Classes, fine.Places);
        using var _ = pass.InferenceFrame();
        var (imageGuide, backImageGuide) = guide.ForwardOptional(pass, aligned, shape.Height, shape.Width);
        ops.Relu(imageGuide);
        var (words, backWords) = TextGuide(pass, texts);
        // Gradients of what all layers read.
        var (dImage, dWords) = pass.Training ? (pass.Saved(imageGuide.Rows, imageGuide.Cols), pass.Saved(words.Rows, words.Cols)) : default;
        var (cost, backCost) = Cosines(pass, aligned, texts, shape);
        var (x, backEmbed) = embed.ForwardOptional(pass, cost, shape.Height, shape.Width);
        var backs = new List<Action<Tensor>>();
        foreach (var layer in layers)
        {
            (x, var back) = layer.Forward(pass, x, imageGuide, dImage, words, dWords, shape, pool);
            backs.Add(back);
        }
        var (first, backFirst) = stages[0].Forward(pass, x, skips[0], shape, gradients is null ? default : gradients[1]);
        var (second, backSecond) = stages[1].Forward(pass, first, skips[1], shape.Times(2), gradients is null ? default : gradients[2]);
        var (map, backHead) = head.Forward(pass, second, fine.Height, fine.Width);
        ops.Copy(map.Reshape(logits.Rows, logits.Cols), logits);
        return (logits, new(pass, dLogits =>
        {
            ops.Fill(dImage, 0);
            ops.Fill(dWords, 0);
            var d = pass.Scratch(x.Rows, x.Cols);
            using (pass.Frame())
                backFirst.Into(backSecond.Invoke(backHead.Invoke(dLogits.Reshape(dLogits.Count, 1))), d);
            for (int i = backs.Count - 1; i >= 0; i--)
                using (pass.Frame()) backs[i](d);
            var dCost = gradients is null && dTexts.Count == 0 ? default : pass.Scratch(cost.Rows, cost.Cols);
            backEmbed(d, dCost);
            ops.ReluBackward(imageGuide, dImage);
            backImageGuide(dImage, gradients is null ? default : gradients[0]);
            if (dCost.Count > 0) backCost(dCost, gradients is null ? default : gradients[0], dTexts);
            ops.ReluBackward(words, dWords);
            backWords(dWords, dTexts);
        }
        ));
    }

    /// <summary>Cosines of each prompt with each patch, (images · classes · h · w, prompts).</summary>
    internal Tensor Cost(Pass pass, Tensor aligned, Tensor texts, MapShape shape) => Cosines(pass, aligned, texts, shape).Cost;

    // The same, and a pullback that adds to the gradient of aligned patches and writes that of texts, of each where it has a place.
    (Tensor Cost, Action<Tensor, Tensor, Tensor> Back) Cosines(Pass pass, Tensor aligned, Tensor texts, MapShape shape)
    {
        int prompts = sizes.Prompts, each = shape.Classes * prompts;
        var cost = pass.Saved(shape.Images * shape.Classes * shape.Places, prompts);
        var (unit, norms) = (pass.Saved(aligned.Rows, aligned.Cols), pass.Saved(aligned.Rows, 1));
        using var _ = pass.Frame();
        pass.Ops.L2Normalize(aligned, unit, norms, NormEpsilon);
        // By class, prompt and place; with one prompt that is the order of the result.
        var rows = prompts == 1 ? cost.Reshape(shape.Images * each, shape.Places) : pass.Scratch(shape.Images * each, shape.Places);
        for (int image = 0; image < shape.Images; image++)
            pass.Ops.CosineSimilarity(texts.Slice(image * each, each), unit.Slice(image * shape.Places, shape.Places),
                rows.Slice(image * each, each));
        if (prompts > 1) ByPlace().Gather(pass.Ops, rows.Reshape(rows.Count, 1), cost.Reshape(cost.Count, 1));
        return (cost, (dCost, dAligned, dTexts) =>
        {
            using var _ = pass.Frame();
            var d = dCost.Reshape(shape.Images * each, shape.Places);
            if (prompts > 1)
            {
                d = pass.Scratch(shape.Images * each, shape.Places);
                ByPlace().Scatter(pass.Ops, dCost.Reshape(dCost.Count, 1), d.Reshape(d.Count, 1));
            }
            if (dTexts.Count > 0)
                for (int image = 0; image < shape.Images; image++)
                    pass.Ops.MatMul(d.Slice(image * each, each), unit.Slice(image * shape.Places, shape.Places), dTexts.Slice(image * each, each));
            if (dAligned.Count == 0) return;
            Tensor dUnit = pass.Scratch(unit.Rows, unit.Cols), dMoved = pass.Scratch(unit.Rows, unit.Cols);
            for (int image = 0; image < shape.Images; image++)
                pass.Ops.MatMul(d.Slice(image * each, each), texts.Slice(image * each, each), dUnit.Slice(image * shape.Places, shape.Places),
                    Transpose.A);
            pass.Ops.L2NormalizeBackward(dUnit, unit, norms, dMoved, NormEpsilon);
            pass.Ops.Add(dMoved, dAligned);
        }
        );

        RowMap ByPlace() => maps.Of(("prompts", shape, prompts), () =>
        [
            .. from map in Enumerable.Range(0, shape.Images * shape.Classes)
               from place in Enumerable.Range(0, shape.Places)
               from prompt in Enumerable.Range(0, prompts)
               select (map * prompts + prompt) * shape.Places + place,
        ]);
    }

    // The mean of a class's prompts, its direction, and a dense layer with ReLU; the pullback adds to the gradient of texts where it has a place.
    (Tensor Words, Action<Tensor, Tensor> Back) TextGuide(Pass pass, Tensor texts)
    {
        var (mean, unit, norms) = (pass.Saved(texts.Rows / sizes.Prompts, texts.Cols), pass.Saved(texts.Rows / sizes.Prompts, texts.Cols),
            pass.Saved(texts.Rows / sizes.Prompts, 1));
        pass.Ops.PoolTokens(texts, mean, largest: false);
        pass.Ops.L2Normalize(mean, unit, norms, NormEpsilon);
        var words = pass.Saved(unit.Rows, sizes.TextGuide);
        textGuide.Run(pass, unit, words);
        pass.Ops.Relu(words);
        return (words, (d, dTexts) =>
        {
            textGuide.ParameterGrads(pass, unit, d);
            if (dTexts.Count == 0) return;
            using var _ = pass.Frame();
            Tensor dUnit = pass.Scratch(unit.Rows, unit.Cols), dMean = pass.Scratch(unit.Rows, unit.Cols);
            var dAll = pass.Scratch(texts.Rows, texts.Cols);
            textGuide.InputGrad(pass, d, dUnit);
            pass.Ops.L2NormalizeBackward(dUnit, unit, norms, dMean, NormEpsilon);
            pass.Ops.PoolTokensBackward(texts, dMean, dAll, largest: false);
            pass.Ops.Add(dAll, dTexts);
        }
        );
    }

    /// <summary>Two windowed blocks over places, of which the second's windows are moved, then one over classes.</summary>
    sealed class Layer(Parameters parameters, RowMaps maps, string name, CatSegConfig sizes)
    {
        readonly LayerNorm norm = new(parameters, $"{name}/guide_norm", sizes.Guide, Epsilon);
        readonly WindowedBlock[] places = [.. new[] { false, true }.Index().Select(block => new WindowedBlock(parameters, maps,
            $"{name}/swin_{block.Index}", sizes.Hidden, sizes.Guide, sizes.Heads, sizes.Window, block.Item))];
        readonly ClassBlock classes = new(parameters, maps, $"{name}/class", sizes.Hidden, sizes.TextGuide, sizes.Heads, sizes.Pad);

        public (Tensor Y, Action<Tensor> Back) Forward(Pass pass, Tensor x, Tensor image, Tensor dImage, Tensor words, Tensor dWords, MapShape shape,
            int pool)
        {
            var (normed, backNorm) = norm.ForwardAdding(pass, image, pass.Saved(image.Rows, image.Cols));
            var dNormed = pass.Training ? pass.Saved(normed.Rows, normed.Cols) : default;
            var (first, backFirst) = places[0].Forward(pass, x, normed, dNormed, shape.Images, shape.Height, shape.Width);
            var (second, backSecond) = places[1].Forward(pass, first, normed, dNormed, shape.Images, shape.Height, shape.Width);
            var (y, backClasses) = classes.Forward(pass, second, words, dWords, shape, pool);
            return (y, d =>
            {
                pass.Ops.Fill(dNormed, 0);
                backClasses.Invoke(d);
                backSecond.Invoke(d);
                backFirst.Invoke(d);
                backNorm(dNormed, dImage, true, default);
            }
            );
        }
    }

    /// <summary>A stage of the decoder: twice the size, the tower's guidance beside it, and two convolutions.</summary>
    sealed class Stage(Parameters parameters, RowMaps maps, int index, int inputs, int skipDim, CatSegConfig sizes)
    {
        readonly int guides = sizes.DecoderGuide[index], finer = 2 << index;
        readonly UpConvolution skip = new(parameters, maps, $"cat/skip_{index}", 2 << index, skipDim, sizes.DecoderIn[index]);
        readonly Convolution skipGuide = new(parameters, $"cat/skip_guide_{index}", 3, sizes.DecoderIn[index], sizes.DecoderGuide[index]);
        readonly UpConvolution up = new(parameters, maps, $"cat/up_{index}", 2, inputs, inputs - sizes.DecoderGuide[index]);
        readonly (Convolution Convolution, GroupNorm Norm)[] twice = [.. Enumerable.Range(0, 2).Select(i => (
            new Convolution(parameters, $"cat/up_{index}/conv_{i}", 3, i == 0 ? inputs : sizes.Decoder[index], sizes.Decoder[index], hasBias: false),
            new GroupNorm(parameters, $"cat/up_{index}/norm_{i}", sizes.Decoder[index], CatSegConfig.GroupsOf(sizes.Decoder[index]))))];

        // The gradient of tokens goes where it is asked for.
        public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, Tensor tokens, MapShape shape, Tensor dTokens)
        {
            var ops = pass.Ops;
            var (grid, large) = (shape with { Height = shape.Height * 2 / finer, Width = shape.Width * 2 / finer }, shape.Times(2));
            var (wide, backSkip) = skip.ForwardOptional(pass, tokens, grid.Height, grid.Width);
            var (own, backGuide) = skipGuide.Forward(pass, wide, large.Height, large.Width);
            ops.Relu(own);
            var (raised, backUp) = up.Forward(pass, x, shape.Height, shape.Width);
            var expand = maps.Of(("classes", large), () =>
                [.. Enumerable.Range(0, large.Images * large.Classes * large.Places)
                    .Select(row => row / (large.Classes * large.Places) * large.Places + row % large.Places)]);
            var both = pass.Saved(raised.Rows, inputs);
            ops.Copy(raised, both.Columns(0, raised.Cols));
            using (pass.Frame())
            {
                var repeated = pass.Scratch(raised.Rows, guides);
                expand.Gather(ops, own, repeated);
                ops.Copy(repeated, both.Columns(raised.Cols, guides));
            }
            var (y, backs) = (both, new List<Pullback>());
            foreach (var (convolution, norm) in twice)
            {
                (y, var backConvolution) = convolution.Forward(pass, y, large.Height, large.Width);
                (y, var backNorm) = norm.ForwardRelu(pass, y, large.Images * large.Classes);
                backs.AddRange([backConvolution, backNorm]);
            }
            return (y, new(pass, x, (dy, dx) =>
            {
                var d = dy;
                for (int i = backs.Count - 1; i >= 0; i--) d = backs[i].Invoke(d);
                Tensor dRaised = pass.Scratch(raised.Rows, raised.Cols), dRepeated = pass.Scratch(raised.Rows, guides);
                var dOwn = pass.Scratch(own.Rows, own.Cols);
                ops.Copy(d.Columns(0, raised.Cols), dRaised);
                ops.Copy(d.Columns(raised.Cols, guides), dRepeated);
                backUp.Into(dRaised, dx);
                expand.Scatter(ops, dRepeated, dOwn);
                ops.ReluBackward(own, dOwn);
                // Without a place for it, the layer makes none.
                backSkip(backGuide.Invoke(dOwn), dTokens);
            }
            ));
        }
    }
}
