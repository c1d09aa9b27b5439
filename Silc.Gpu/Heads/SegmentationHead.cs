namespace Silc;

/// <summary>
/// A head that segments images into classes named by words, on the features of a frozen tower. It belongs to the model that it was made for or
/// loaded beside, and lives on its device.
/// </summary>
/// <example>
/// <code>
/// using var head = SegmentationHead.Load(model, "runs/head");              // of silc head train segment
/// LabelMap map = model.Segment(ImageFile.Read("street.jpg"), ["road", "car", "tree"], head);
/// var segmenter = head.Segmenter(head.Prototypes(ClassList.Of(["road", "car", "tree"])), SegmentationWindows.Sliding(224));
/// </code>
/// </example>
/// <remarks>
/// Threads: any number may use it at once; a call holds the device's lock. Dispose it before its model.
/// </remarks>
public abstract class SegmentationHead : ITrainedHead, IDisposable
{
    TunedTexts? texts;

    internal SegmentationHead(SilcModel model, HeadDescription description)
    {
        (Model, Description, Parameters) = (model, description, new(model.Device));
        if (description.Tuned is { } rules) Tuned = new(model, Parameters, rules);
    }

    /// <summary>The towers that are trained along; null where both are frozen.</summary>
    internal TunedTower? Tuned { get; }

    /// <summary>Texts as the head sees them, of length 1.</summary>
    internal Vectors EmbedTexts(IReadOnlyList<string> prompts) => HeadTexts.Embed(Model, Tuned?.Text, ref texts, prompts);

    /// <summary>What its file says of it.</summary>
    public HeadDescription Description { get; private set; }

    /// <summary>Steps that it was trained for.</summary>
    public long Steps { get; internal set; }

    /// <summary>Number of values that are trained.</summary>
    public long ParameterCount => Tuned?.Count ?? Parameters.Count;

    internal SilcModel Model { get; }

    internal Parameters Parameters { get; }

    SilcModel ITrainedHead.Model => Model;

    Parameters ITrainedHead.Parameters => Parameters;

    long ITrainedHead.Steps
    {
        get => Steps;
        set => Steps = value;
    }

    /// <summary>What it reads of the tower.</summary>
    internal abstract IReadOnlyList<TowerFeature> Reads { get; }

    /// <summary>Labels of the places that it is trained on, those of an image at its resolution.</summary>
    internal abstract int[] LabelsOf(LabelMap map);

    /// <summary>Number of those places.</summary>
    internal abstract int Places { get; }

    /// <summary>Rows of texts for a class.</summary>
    internal virtual int PromptsOfClass => 1;

    /// <summary>
    /// Queues loss and gradients of a batch: the loss is added to element 0 of <paramref name="loss"/>, gradients to the parameters'.
    /// </summary>
    internal abstract void Step(Pass pass, HeadBatch batch, HeadTrainConfig train, Tensor loss);

    /// <summary>Throws unless it can be trained so, on so many classes.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    internal virtual void RequireTraining(HeadTrainConfig train, int classes) { }

    /// <summary>A new head with initial weights: an adapter then segments as the model does without one.</summary>
    /// <param name="model">Whose features it reads; must outlive it.</param>
    /// <param name="kind">What it is made of.</param>
    /// <param name="seen">Names of the classes that it will be trained on.</param>
    /// <param name="templates">Sentences around class names; null means <see cref="Prompts.Photo"/>.</param>
    /// <param name="canonical">Prompts are made canonical first.</param>
    /// <param name="sizes">Of CAT-Seg; null means <see cref="CatSegConfig.Published"/>.</param>
    /// <param name="resolution">Side of the images that it will be trained on; null takes the model's own.</param>
    /// <param name="seed">Seed of what is drawn.</param>
    /// <param name="loss">What it will be trained with, for the value that the adapter's bias begins at.</param>
    /// <param name="aliases">Which names of a class count; the closest, as in <see cref="AliasUse.Best"/>, are averaged here.</param>
    /// <param name="tuned">
    /// Patterns of the towers' parameters that are trained along, with multipliers of the learning rate; null freezes them.
    /// </param>
    /// <exception cref="ArgumentException">The sizes do not fit the model.</exception>
    /// <exception cref="InvalidOperationException">The model is an image tower alone.</exception>
    /// <exception cref="InvalidDataException">This version has no such kind.</exception>
    public static SegmentationHead Create(SilcModel model, HeadKind kind, IReadOnlyList<string> seen, IReadOnlyList<string>? templates = null,
        bool canonical = true, CatSegConfig? sizes = null, int? resolution = null, int seed = 0, HeadLoss loss = HeadLoss.Softmax,
        AliasUse aliases = AliasUse.First, IReadOnlyList<RateRule>? tuned = null)
    {
        _ = model.Text;
        Require.That(kind == HeadKind.CatSeg || sizes is null, "sizes of CAT-Seg are for that head alone");
        var config = model.Config;
        TowerFeature.Aligned.Check(config);
        var head = Of(model, new(kind, model.Fingerprint(), model.Tokenizer?.Fingerprint, config.Image.Width, config.EmbedDim,
            resolution ?? config.Grid * config.PatchSize, seen, templates ?? Prompts.Photo, canonical)
        {
            CatSeg = kind == HeadKind.CatSeg ? sizes ?? CatSegConfig.Published : null,
            Aliases = aliases == AliasUse.Best ? AliasUse.Average : aliases,
            Tuned = tuned,
        }, loss);
        try
        {
            head.Parameters.Allocate(seed, gradients: false);
            return head;
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    /// <summary>Opens a head that was trained on this very model.</summary>
    /// <param name="model">Must have the weights that the head was trained on, and outlive it.</param>
    /// <param name="path">The file, or the folder of its training.</param>
    /// <exception cref="InvalidDataException">
    /// It is a head for another tower, which the message names, or for another tokenizer; or it is damaged or no head.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static SegmentationHead Load(SilcModel model, string path)
    {
        _ = model.Text;
        var file = HeadFile.Open(path);
        file.Description.Require(file.Path, model.Fingerprint(), model.Tokenizer?.Fingerprint);
        var head = Of(model, file.Description, HeadLoss.Softmax);
        try
        {
            head.Parameters.Allocate(0, gradients: false);
            ((ITrainedHead)head).Load(file);
            head.Steps = file.Step;
            return head;
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    static SegmentationHead Of(SilcModel model, HeadDescription description, HeadLoss loss) => description.Kind switch
    {
        HeadKind.Adapter => new PatchTextHead(model, description, loss),
        HeadKind.CatSeg => new CatSegHead(model, description),
        HeadKind.Owl or HeadKind.Caption or HeadKind.Answer => throw new InvalidDataException(description.Use),
        _ => throw new InvalidDataException($"this version has no head of the kind {description.Kind}"),
    };

    void ITrainedHead.Load(HeadFile file)
    {
        if (Tuned is null) Parameters.Load(file.Arrays(), origin: file.Path);
        else Tuned.Load(file.Arrays(), file.Path);
    }

    IReadOnlyList<NamedArray> ITrainedHead.Arrays() => Tuned?.Arrays() ?? Parameters.ToArrays();

    /// <summary>Says where the model lies, for the messages of those who load the head beside another one.</summary>
    internal void NameTower(string name) => Description = Description with { TowerName = name };

    /// <summary>Writes the head to a file of its own; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public void Save(string path) => ((ITrainedHead)this).WriteFile(path);

    /// <summary>
    /// Text embeddings that stand for classes, by the head's own text tower where that was trained along; otherwise they are the model's.
    /// </summary>
    /// <param name="classes">Names.</param>
    /// <param name="templates">Sentences with {}; null takes those that the head was trained with.</param>
    /// <param name="aliases">Which names count; null takes those that the head was trained with.</param>
    /// <exception cref="ArgumentException">A template has no {}.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public ClassPrototypes Prototypes(ClassList classes, IReadOnlyList<string>? templates = null, AliasUse? aliases = null) =>
        HeadTexts.Prototypes(Model, Tuned?.Text, ref texts, classes, templates ?? Description.Templates, aliases ?? Description.Aliases,
            Description.Canonical);

    /// <summary>Segments images into these classes by this head.</summary>
    /// <param name="classes">Made by <see cref="Prototypes"/>, or by the model's where the text tower was frozen.</param>
    /// <param name="windows">
    /// What is seen at once; null shows the whole image at the side that the head was trained on. Another side is legal.
    /// </param>
    /// <param name="threshold">Pixels whose best class is less probable than this are class 0, the background.</param>
    /// <exception cref="ArgumentException">The windows do not fit the model, or the classes are of another one.</exception>
    public abstract ZeroShotSegmenter Segmenter(ClassPrototypes classes, SegmentationWindows? windows = null, double? threshold = null);

    /// <summary>Frees its memory.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees its memory.</summary>
    /// <param name="disposing">True.</param>
    protected virtual void Dispose(bool disposing)
    {
        using var exclusive = Model.Device.ExclusiveForRelease();
        texts?.Dispose();
        Parameters.Dispose();
    }

    internal void RequireOwn(ClassPrototypes classes)
    {
        Require.That(classes.Rows.Width == Description.EmbedDim, $"the classes are embedded in {classes.Rows.Width} channels, and the head's patches "
            + $"in {Description.EmbedDim}: embed them with its model");
        HeadTexts.Require(classes, texts, Tuned?.Text is not null);
    }
}
