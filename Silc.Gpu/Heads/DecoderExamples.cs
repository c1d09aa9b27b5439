namespace Silc;

/// <summary>
/// Images as a head that writes is trained on them, with captions or with questions and answers: the features of the frozen tower are computed once,
/// and lie in memory or, where they are many, in a file that goes with this object.
/// </summary>
/// <example>
/// <code>
/// using var examples = DecoderExamples.OfCaptions(model, CaptionJsonSource.Karpathy("dataset_coco.json", "train"));
/// using var head = DecoderHead.Create(model, examples, leastUses: 5);
/// using var run = new DecoderRun(head, examples, new HeadTrainConfig(Steps: 3000, BatchSize: 64, LearningRate: 1e-3));
/// run.Run(report => Console.WriteLine($"{report.Step}: {report.Loss:F3}"), reportEvery: 50);
/// head.Save("captions.safetensors");
/// </code>
/// </example>
/// <remarks>Threads: any number may read it.</remarks>
public sealed class DecoderExamples : IDisposable
{
    const int ImagesAtOnce = 16, Least = 100;
    const double UsualBadShare = 0.1;

    internal static readonly IReadOnlyList<TowerFeature> Reads = [TowerFeature.Tokens];

    readonly SilcModel model;
    readonly FeatureCache cache;
    readonly List<(int Image, IReadOnlyList<string> Question, IReadOnlyList<IReadOnlyList<string>> Texts)> items = [];
    readonly FrozenTower tower;
    readonly Func<int, RgbImage> image;
    readonly List<string> keys = [];
    readonly List<int> places = [];
    readonly List<(string Key, string Reason)> unread = [];

    DecoderExamples(SilcModel model, HeadKind kind, DataState data, int images, int? resolution, HeadTrainConfig? train,
        Func<int, RgbImage> image)
    {
        Require.Positive(images, $"number of images of {data.Name}");
        var config = model.Config;
        (this.model, Kind, Data, Resolution, this.image) = (model, kind, data, resolution ?? config.Grid * config.PatchSize, image);
        Require.That(Resolution > 0 && Resolution % config.PatchSize == 0,
            $"images of side {Resolution} are no whole number of patches of {config.PatchSize}");
        IsKept = train?.IsAugmented != true;
        cache = new(images, IsKept ? Floats : 0);
        try
        {
            tower = new(model, Resolution, Reads);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Whether there are captions or answers.</summary>
    public HeadKind Kind { get; }

    /// <summary>Images with captions, or questions with answers.</summary>
    public int Count => items.Count;

    /// <summary>Images that were read.</summary>
    public int Images => cache.Count;

    /// <summary>Side of the images as the tower saw them, in pixels.</summary>
    public int Resolution { get; }

    /// <summary>Questions without an answer, or images without a caption, which are left out.</summary>
    public int Silent { get; private set; }

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => unread;

    /// <summary>Features of whole images are kept; false where every step sees parts of them and computes its own.</summary>
    internal bool IsKept { get; }

    internal DataState Data { get; }

    internal SilcModel Model => model;

    /// <summary>Tokens of an image.</summary>
    internal int Places => Reads[0].Rows(model.Config, Resolution);

    int Floats => Places * model.Config.Image.Width;

    /// <summary>Reads images with captions; each step of training draws one of an image's.</summary>
    /// <param name="model">Whose features are computed; must outlive this.</param>
    /// <param name="source">Images with captions.</param>
    /// <param name="resolution">Side of the images that the tower sees; null takes the model's own.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images read.</param>
    /// <param name="stop">Ends the work.</param>
    /// <param name="featureCache">A folder that keeps features for other trainings on the same images; null keeps none.</param>
    /// <param name="train">
    /// Says what steps see of images; null means the whole. Where it shows parts of images or mirrors them no features are computed here: each step
    /// computes its own, and only such a training takes these examples.
    /// </param>
    /// <exception cref="ArgumentException">The side is no multiple of the patch, or the source is empty.</exception>
    /// <exception cref="InvalidDataException">Too many images cannot be read, or none has a caption.</exception>
    public static DecoderExamples OfCaptions(SilcModel model, IImageTextSource source, int? resolution = null, double maxBadShare = UsualBadShare,
        Action<long>? seen = null, CancellationToken stop = default, string? featureCache = null, HeadTrainConfig? train = null)
    {
        var examples = new DecoderExamples(model, HeadKind.Caption, DataState.Of(source), source.Count, resolution, train,
            index => source.Read(index).Image);
        return examples.Read(source.Count, maxBadShare, seen, stop, featureCache, index =>
        {
            var pair = source.Read(index);
            return (pair.Key, pair.Image, [([], [.. pair.Captions.Select(TextVocabulary.Words).Where(words => words.Count > 0)])]);
        });
    }

    /// <summary>Reads questions with answers; each step of training draws one of a question's. An image is computed once for all its own.</summary>
    /// <inheritdoc cref="OfCaptions"/>
    public static DecoderExamples OfQuestions(SilcModel model, IQuestionSource source, int? resolution = null, double maxBadShare = UsualBadShare,
        Action<long>? seen = null, CancellationToken stop = default, string? featureCache = null, HeadTrainConfig? train = null)
    {
        var images = Enumerable.Range(0, source.Count).GroupBy(index => source.Question(index).ImageId).Select(group => group.ToArray()).ToArray();
        var examples = new DecoderExamples(model, HeadKind.Answer, new(source.Name, source.Count), images.Length, resolution, train,
            index => source.ReadImage(images[index][0]));
        return examples.Read(images.Length, maxBadShare, seen, stop, featureCache, index => ($"image {source.Question(images[index][0]).ImageId}",
            source.ReadImage(images[index][0]), [.. images[index].Select(source.Question).Select(question => (TextVocabulary.Words(question.Question),
                (IReadOnlyList<IReadOnlyList<string>>)[.. question.Answers.Select(TextVocabulary.AnswerWords).Where(words => words.Count > 0)]))]));
    }

    /// <summary>What an example is about, for messages.</summary>
    internal string KeyOf(int index) => keys[items[index].Image];

    /// <summary>The question of an example, empty for captions, and what may be said.</summary>
    internal (IReadOnlyList<string> Question, IReadOnlyList<IReadOnlyList<string>> Texts) Texts(int index) =>
        (items[index].Question, items[index].Texts);

    /// <summary>All questions and texts, as words.</summary>
    internal IEnumerable<IReadOnlyList<string>> AllTexts => items.SelectMany(item => item.Texts.Append(item.Question));

    /// <summary>Tokens of the longest, with what stands before it and its end.</summary>
    internal int Longest => Math.Max(2, items.Max(item => item.Texts.Max(text => text.Count) + 1
        + (Kind == HeadKind.Caption ? 0 : item.Question.Count + 1)));

    /// <summary>Tokens of the image of each example, (examples · S, D).</summary>
    internal float[] Features(IReadOnlyList<int> examples)
    {
        var all = new float[Tensor.RowsOf(examples.Count, Floats)];
        ParallelLoop.Run(examples.Count, i => cache.Read(items[examples[i]].Image, all.AsSpan(i * Floats, Floats)));
        return all;
    }

    /// <summary>
    /// The same of what a step sees of each image, which is read anew; where the words of an example tell sides apart, it is not mirrored.
    /// </summary>
    /// <exception cref="InvalidDataException">An image that was there cannot be read any more.</exception>
    internal float[] Features(IReadOnlyList<int> examples, IReadOnlyList<bool> sided, HeadTrainConfig train, long step)
    {
        int each = Resolution * Resolution * 3;
        var pixels = new float[Tensor.RowsOf(examples.Count, each)];
        ParallelLoop.Run(examples.Count, i =>
        {
            var view = HeadView.Of(train, step, i);
            (view with { Flip = view.Flip && !sided[i] }).Fill(image(places[items[examples[i]].Image]), Resolution, pixels.AsSpan(i * each, each));
        });
        Photometric.ToSigned(pixels);
        return tower.Run(pixels)[0].Values.ToArray();
    }

    DecoderExamples Read(int count, double maxBadShare, Action<long>? seen, CancellationToken stop, string? folder,
        Func<int, (string Key, RgbImage Image,
            IReadOnlyList<(IReadOnlyList<string> Question, IReadOnlyList<IReadOnlyList<string>> Texts)> Said)> read)
    {
        try
        {
            using var store = folder is null || !IsKept ? null : new FeatureStore(folder, model, tower, Resolution, Reads);
            int done = 0;
            foreach (var indices in Enumerable.Range(0, count).Chunk(ImagesAtOnce))
            {
                stop.ThrowIfCancellationRequested();
                var whole = indices.Select(index => Try(index, read)).Where(one => one is not null).Select(one => one!.Value).ToList();
                done += indices.Length;
                RequireFewUnread(done, count, maxBadShare);
                if (whole.Count > 0) Add(whole, store is null ? tower.Run : store.Run);
                seen?.Invoke(done);
            }
            if (Count == 0) throw new InvalidDataException($"{Data.Name}: none of its {Images:N0} images has "
                + $"{(Kind == HeadKind.Caption ? "a caption" : "a question with an answer")}, so there is nothing to learn");
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    void Add(List<(string Key, RgbImage Image, IReadOnlyList<(IReadOnlyList<string> Question, IReadOnlyList<IReadOnlyList<string>> Texts)> Said)>
        whole, Func<float[], Vectors[]> run)
    {
        var features = IsKept ? run(DecoderPixels.Of([.. whole.Select(one => one.Image)], Resolution, model.Config.Images))[0] : null;
        foreach (var (i, one) in whole.Index())
        {
            foreach (var (question, texts) in one.Said)
            {
                if (texts.Count > 0) items.Add((cache.Count, question, texts));
                else Silent++;
            }
            cache.Add(features?.Values.Span.Slice(i * Floats, Floats).ToArray() ?? [], []);
            keys.Add(one.Key);
        }
    }

    T? Try<T>(int index, Func<int, T> read) where T : struct
    {
        try
        {
            var found = read(index);
            places.Add(index);
            return found;
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            unread.Add(($"image {index}", error.Message.ReplaceLineEndings(" ")));
            return null;
        }
    }

    // As in training: a few bad images are left out, many are a mistake.
    void RequireFewUnread(int done, int count, double maxBadShare)
    {
        if (unread.Count == 0 || done < count && done < Least || unread.Count <= maxBadShare * done && unread.Count < count) return;
        throw new InvalidDataException($"{unread.Count:N0} of the first {done:N0} images of {Data.Name} cannot be read, more than {maxBadShare:P0}: "
            + $"{string.Join("; ", unread.Take(3).Select(one => $"{one.Key}: {one.Reason}"))}. Repair the data");
    }

    /// <summary>Frees the features.</summary>
    public void Dispose()
    {
        tower.Dispose();
        cache.Dispose();
    }
}
