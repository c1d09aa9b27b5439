namespace Silc;

/// <summary>Something found in an image. Threads: immutable.</summary>
/// <param name="Label">Index of its class among those asked for.</param>
/// <param name="Box">Where it is, in pixels of the image, and cut at its borders.</param>
/// <param name="Score">Probability of the name, 0 to 1, or its mean with that of there being anything.</param>
public readonly record struct FoundBox(int Label, Box Box, double Score);

/// <summary>
/// A head that finds things named by words, on the features of a frozen tower: every patch gives a box and a class embedding, which is compared
/// with names (Minderer et al. 2022, OWL-ViT, arXiv:2205.06230). No box is dropped for its neighbours' sake. It belongs to the model that it was made
/// for or loaded beside, and lives on its device.
/// </summary>
/// <example>
/// <code>
/// using var head = DetectionHead.Load(model, "runs/finder");               // of silc head train detect
/// var names = head.Prototypes(ClassList.Of(["cat", "dog"]));
/// foreach (var found in head.Detect(ImageFile.Read("street.jpg"), names, least: 0.3)) Console.WriteLine($"{found.Label} at {found.Box}");
/// </code>
/// </example>
/// <remarks>Threads: any number may use it at once; a call holds the device's lock. Dispose it before its model.</remarks>
public sealed class DetectionHead : ITrainedHead, IDisposable
{
    const int UsualMost = 100;

    internal static readonly IReadOnlyList<TowerFeature> Reads = [TowerFeature.Tokens, TowerFeature.Aligned];

    readonly OwlLayers layers;
    readonly Parameter standardScale, standardBias;
    FrozenTower? tower;
    TunedTexts? texts;

    DetectionHead(SilcModel model, HeadDescription description)
    {
        (Model, Description) = (model, description);
        (Parameters, Standard) = (new(model.Device), new(model.Device));
        standardScale = Standard.Add("standard/scale", 1, description.Width, Inits.Ones);
        standardBias = Standard.Add("standard/bias", 1, description.Width, Inits.Zeros);
        if (description.Tuned is { } rules) Tuned = new(model, Parameters, rules);
        layers = new(Parameters, description.Width, description.EmbedDim, Grid, description.Detection!);
    }

    /// <summary>What its file says of it.</summary>
    public HeadDescription Description { get; private set; }

    /// <summary>Steps that it was trained for.</summary>
    public long Steps { get; internal set; }

    /// <summary>Number of trained values.</summary>
    public long ParameterCount => Tuned?.Count ?? Parameters.Count;

    /// <summary>The tower that is trained along; null where it is frozen.</summary>
    internal TunedTower? Tuned { get; }

    internal SilcModel Model { get; }

    /// <summary>What is trained.</summary>
    internal Parameters Parameters { get; }

    /// <summary>Mean and spread of the tokens' channels over the training images; not trained.</summary>
    internal Parameters Standard { get; }

    /// <summary>Patches along a side.</summary>
    internal int Grid => Description.Resolution / Model.Config.PatchSize;

    SilcModel ITrainedHead.Model => Model;

    Parameters ITrainedHead.Parameters => Parameters;

    long ITrainedHead.Steps
    {
        get => Steps;
        set => Steps = value;
    }

    /// <summary>A new head with initial weights: every box is its cell's, every probability about 0.01.</summary>
    /// <param name="model">Whose features it reads; must outlive it.</param>
    /// <param name="seen">Names of the classes that it will be trained on.</param>
    /// <param name="templates">Sentences around class names; null means <see cref="Prompts.Photo"/>.</param>
    /// <param name="canonical">Prompts are made canonical first.</param>
    /// <param name="sizes">Null means the usual ones.</param>
    /// <param name="resolution">Side of the images that it will see; null takes the model's own.</param>
    /// <param name="seed">Seed of what is drawn.</param>
    /// <param name="tuned">
    /// Patterns of the towers' parameters that are trained along, with multipliers of the learning rate; null freezes them.
    /// </param>
    /// <exception cref="ArgumentException">The sizes do not fit the model.</exception>
    /// <exception cref="InvalidOperationException">The model is an image tower alone.</exception>
    public static DetectionHead Create(SilcModel model, IReadOnlyList<string> seen, IReadOnlyList<string>? templates = null, bool canonical = true,
        DetectionConfig? sizes = null, int? resolution = null, int seed = 0, IReadOnlyList<RateRule>? tuned = null)
    {
        _ = model.Text;
        var config = model.Config;
        TowerFeature.Aligned.Check(config);
        int side = resolution ?? config.Grid * config.PatchSize;
        Require.That(side > 0 && side % config.PatchSize == 0, $"images of side {side} are no whole number of patches of {config.PatchSize}");
        var head = new DetectionHead(model, new(HeadKind.Owl, model.Fingerprint(), model.Tokenizer?.Fingerprint, config.Image.Width, config.EmbedDim,
            side, seen, templates ?? Prompts.Photo, canonical)
        {
            Detection = sizes ?? new(),
            Tuned = tuned,
        });
        return head.Allocated(seed, null);
    }

    /// <summary>Opens a head that was trained on this very model.</summary>
    /// <param name="model">Must have the weights that the head was trained on, and outlive it.</param>
    /// <param name="path">The file, or the folder of its training.</param>
    /// <exception cref="InvalidDataException">
    /// It is a head for another tower, tokenizer or task, damaged or no head; the message says which.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static DetectionHead Load(SilcModel model, string path)
    {
        _ = model.Text;
        var file = HeadFile.Open(path);
        if (file.Description.Kind != HeadKind.Owl || file.Description.Detection is null)
            throw new InvalidDataException($"{file.Path}: {file.Description.Use}");
        file.Description.Require(file.Path, model.Fingerprint(), model.Tokenizer?.Fingerprint);
        var head = new DetectionHead(model, file.Description).Allocated(0, file);
        head.Steps = file.Step;
        return head;
    }

    DetectionHead Allocated(int seed, HeadFile? file)
    {
        try
        {
            Parameters.Allocate(seed, gradients: false);
            Standard.Allocate(seed, gradients: false);
            if (file is not null) ((ITrainedHead)this).Load(file);
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    void ITrainedHead.Load(HeadFile file)
    {
        var arrays = file.Arrays();
        if (Tuned is null) Parameters.Load(arrays, origin: file.Path);
        else Tuned.Load(arrays, file.Path);
        Standard.Load(arrays, origin: file.Path);
    }

    /// <summary>Says where the model lies, for the messages of those who load the head beside another one.</summary>
    internal void NameTower(string name) => Description = Description with { TowerName = name };

    /// <summary>Writes the head to a file of its own; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public void Save(string path) => ((ITrainedHead)this).WriteFile(path);

    IReadOnlyList<NamedArray> ITrainedHead.Arrays() => [.. Tuned?.Arrays() ?? Parameters.ToArrays(), .. Standard.ToArrays()];

    /// <summary>
    /// Text embeddings that stand for classes, with the head's own templates, by its own text tower where that was trained along; otherwise they are
    /// the model's.
    /// </summary>
    /// <param name="classes">Names.</param>
    /// <exception cref="ArgumentException">A template has no {}.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public ClassPrototypes Prototypes(ClassList classes) =>
        HeadTexts.Prototypes(Model, Tuned?.Text, ref texts, classes, Description.Templates, AliasUse.First, Description.Canonical);

    /// <summary>Finds things in an image, the surest first, of equal scores the one of the earlier patch.</summary>
    /// <param name="image">Decoded; one that is no square is filled up at its right or lower border.</param>
    /// <param name="classes">Made by <see cref="Prototypes"/>, or by the model's where the text tower was frozen.</param>
    /// <param name="most">Most things; every patch is asked about every class.</param>
    /// <param name="least">Lowest score.</param>
    /// <param name="objectness">
    /// A score is then the geometric mean of the probability of the name and of the objectness of the patch, that there is anything (OWLv2, Minderer
    /// et al. 2023, arXiv:2306.09683), so that patches of nothing come last.
    /// </param>
    /// <exception cref="ArgumentException">The classes are of another model, or a value is out of its range.</exception>
    public IReadOnlyList<FoundBox> Detect(RgbImage image, ClassPrototypes classes, int most = UsualMost, double least = 0, bool objectness = false) =>
        Detect([image], classes, most, least, objectness)[0];

    /// <summary>The same of several images at once.</summary>
    /// <inheritdoc cref="Detect(RgbImage, ClassPrototypes, int, double, bool)"/>
    public IReadOnlyList<IReadOnlyList<FoundBox>> Detect(IReadOnlyList<RgbImage> images, ClassPrototypes classes, int most = UsualMost,
        double least = 0, bool objectness = false)
    {
        Require.That(classes.Rows.Width == Description.EmbedDim,
            $"the classes are embedded in {classes.Rows.Width} channels, and the head's patches in {Description.EmbedDim}: embed them with its "
            + "model");
        HeadTexts.Require(classes, texts, Tuned?.Text is not null);
        Require.Positive(most, "most things of an image");
        Require.Within(least, 0, 1, "lowest score");
        if (images.Count == 0) return [];
        using var exclusive = Model.Exclusive();
        tower ??= new(Model, Description.Resolution, Reads, (pass, features, count) =>
        {
            var outputs = Forward(pass, features[0], features[1], count).Outputs;
            return [outputs.Embedding, outputs.Shift, outputs.Scale, outputs.Boxes, outputs.Objectness];
        }, image: Tuned?.Image);
        var found = tower.Run(DetectionPixels.Of(images, Description.Resolution, Model.Config.Images));
        var cosines = classes.Scores(found[0]);
        int places = Grid * Grid;
        return [.. images.Select((image, i) =>
            Best(image, i * places, places, cosines, found[1], found[2], found[3], objectness ? found[4] : null, most, least))];
    }

    static List<FoundBox> Best(RgbImage image, int first, int places, Vectors cosines, Vectors shift, Vectors scale, Vectors boxes,
        Vectors? objectness, int most, double least)
    {
        var scored = new List<(double Score, int Row, int Label)>();
        for (int row = first; row < first + places; row++)
        {
            double factor = scale[row, 0] > 0 ? scale[row, 0] + 1 : Math.Exp(scale[row, 0]);
            for (int label = 0; label < cosines.Width; label++)
            {
                double score = Sigmoid((cosines[row, label] + shift[row, 0]) * factor);
                if (objectness is not null) score = Math.Sqrt(score * Sigmoid(objectness[row, 0]));
                if (score >= least) scored.Add((score, row, label));
            }
        }
        double side = Math.Max(image.Width, image.Height);
        var found = new List<FoundBox>();
        foreach (var (score, row, label) in scored.OrderByDescending(one => one.Score))      // stable
        {
            var box = BoxOf(boxes.Span(row, 1));
            // A box outside of the image is none.
            if (new Box(box.X * side, box.Y * side, box.Width * side, box.Height * side).Clip(image.Width, image.Height) is not { } inside) continue;
            found.Add(new(label, inside, score));
            if (found.Count == most) break;
        }
        return found;
    }

    /// <summary>The box of four logits, in shares of the square.</summary>
    internal static Box BoxOf(ReadOnlySpan<float> logits) =>
        Box.FromCentre(Sigmoid(logits[0]), Sigmoid(logits[1]), Sigmoid(logits[2]), Sigmoid(logits[3]));

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>Sets mean and spread of the tokens' channels.</summary>
    internal void SetStandard(ReadOnlySpan<double> mean, ReadOnlySpan<double> deviation)
    {
        var (scale, bias) = (new float[mean.Length], new float[mean.Length]);
        for (int c = 0; c < mean.Length; c++)
        {
            // A channel that says nothing stays at 0.
            double factor = deviation[c] > 1e-6 ? 1 / deviation[c] : 0;
            (scale[c], bias[c]) = ((float)factor, (float)(-mean[c] * factor));
        }
        using var exclusive = Model.Exclusive();
        Model.Device.Upload<float>(scale, standardScale.Value.View);
        Model.Device.Upload<float>(bias, standardBias.Value.View);
    }

    (OwlOutputs Outputs, Action<OwlOutputs> Back) Forward(Pass pass, Tensor tokens, Tensor aligned, int batch, Tensor[]? gradients = null)
    {
        var standard = pass.Saved(tokens.Rows, tokens.Cols);
        pass.Ops.ScaleColumns(tokens, standardScale.Value, standard);
        pass.Ops.AddBroadcast(standardBias.Value, standard);
        return layers.Forward(pass, standard, aligned, batch, gradients);
    }

    /// <summary>
    /// Queues loss and gradients of a batch: the loss is added to element 0 of <paramref name="loss"/>, gradients to the parameters'. In between
    /// the host reads what was found, and says which token stands for which thing.
    /// </summary>
    internal void Step(Pass pass, DetectionBatch batch, Tensor loss)
    {
        var ops = pass.Ops;
        using var _ = pass.Frame();
        var (found, back) = Forward(pass, batch.Tokens, batch.Aligned, batch.Images, batch.Gradients);
        int rows = batch.Tokens.Rows, queries = batch.Queries.Rows;
        Tensor cosines = pass.Saved(rows, queries), logits = pass.Saved(rows, queries);
        ops.CosineSimilarity(found.Embedding, batch.Queries, cosines);
        ops.ShiftScaleRows(cosines, found.Shift, found.Scale, logits);
        batch.Match?.Invoke(logits, found.Boxes);
        Tensor named = pass.Saved(rows, 1), distance = pass.Saved(rows, 1), overlap = pass.Saved(rows, 1), things = pass.Saved(rows, 1);
        ops.FocalLoss(logits, batch.Targets, batch.Weights, named, DetectionConfig.Alpha);
        ops.BoxLoss(found.Boxes, batch.BoxTargets, batch.BoxWeights, distance, overlap);
        ops.SigmoidCrossEntropy(found.Objectness, batch.ThingTargets, things, 1f / rows);
        foreach (var part in (Tensor[])[named, distance, overlap, things]) ops.AddSum(part, loss, 0);
        Tensor dShift = pass.Scratch(rows, 1), dScale = pass.Scratch(rows, 1), dUnit = pass.Scratch(rows, found.Embedding.Cols);
        ops.ShiftScaleRowsBackward(logits, cosines, found.Shift, found.Scale, dShift, dScale);
        ops.MatMul(logits, batch.Queries, dUnit);
        if (batch.QueryGradient.Count > 0) ops.MatMul(logits, found.Embedding, batch.QueryGradient, Transpose.A);
        back(new(dUnit, dShift, dScale, found.Boxes, found.Objectness));
        if (batch.Gradients is not { } gradients) return;
        var scaled = pass.Scratch(rows, batch.Tokens.Cols);
        ops.ScaleColumns(gradients[0], standardScale.Value, scaled);
        ops.Copy(scaled, gradients[0]);
    }

    /// <summary>Frees its memory.</summary>
    public void Dispose()
    {
        using var exclusive = Model.Device.ExclusiveForRelease();
        tower?.Dispose();
        texts?.Dispose();
        Parameters.Dispose();
        Standard.Dispose();
    }
}
