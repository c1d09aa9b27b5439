namespace Silc;

/// <summary>A text that a head wrote. Threads: immutable.</summary>
/// <param name="Text">Its words, in lower case and with spaces between them; empty where the head ended at once.</param>
/// <param name="LogLikelihood">Sum of the log probabilities of its words and its end, in nats.</param>
public readonly record struct WrittenText(string Text, double LogLikelihood);

/// <summary>
/// A head that writes captions, or answers questions, word by word from the tokens of an image (Beyer et al. 2023, arXiv:2303.17376; its words are
/// those of its training, whole). It belongs to the model that it was made for or loaded beside, and lives on its device.
/// </summary>
/// <example>
/// <code>
/// using var head = DecoderHead.Load(model, "runs/captions");               // of silc head train caption
/// Console.WriteLine(model.Caption(ImageFile.Read("street.jpg"), head));
/// double[] likely = head.LogLikelihoods(ImageFile.Read("street.jpg"), ["a red car", "two dogs"]);
/// </code>
/// </example>
/// <remarks>Threads: any number may use it at once; a call holds the device's lock. Dispose it before its model.</remarks>
public sealed class DecoderHead : ITrainedHead, IDisposable
{
    const int ImagesAtOnce = 16, MostBeam = 32;

    // Texts are compared by the mean of their tokens' log probabilities.
    const double Power = 1;

    readonly TextDecoder decoder;
    readonly TextVocabulary vocabulary;
    FrozenTower? tower;
    DecodingMemory? memory;

    DecoderHead(SilcModel model, HeadDescription description)
    {
        (Model, Description, Parameters) = (model, description, new(model.Device));
        vocabulary = new(description.Words!);
        decoder = new(Parameters, description.Decoder!, vocabulary.Count, description.Width);
    }

    /// <summary>What its file says of it.</summary>
    public HeadDescription Description { get; private set; }

    /// <summary>Steps that it was trained for.</summary>
    public long Steps { get; internal set; }

    /// <summary>Number of trained values.</summary>
    public long ParameterCount => Parameters.Count;

    internal SilcModel Model { get; }

    internal Parameters Parameters { get; }

    internal TextVocabulary Vocabulary => vocabulary;

    SilcModel ITrainedHead.Model => Model;

    Parameters ITrainedHead.Parameters => Parameters;

    long ITrainedHead.Steps
    {
        get => Steps;
        set => Steps = value;
    }

    /// <summary>A new head with initial weights, to which every word is as probable as any other.</summary>
    /// <param name="model">Whose features it reads; must outlive it.</param>
    /// <param name="examples">What it will be trained on: its task, its words and the side of its images are those of the examples.</param>
    /// <param name="sizes">Null means those of two CPU cores, and texts as long as the longest of the examples, up to 32 tokens.</param>
    /// <param name="leastUses">Words that occur less often are unknown to it.</param>
    /// <param name="seed">Seed of what is drawn.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, no word is left, or the examples are of another model.</exception>
    public static DecoderHead Create(SilcModel model, DecoderExamples examples, DecoderConfig? sizes = null, int leastUses = 1, int seed = 0)
    {
        Require.That(examples.Model == model, "the examples were computed by another model: compute them by this one");
        Require.Positive(leastUses, "least uses of a word");
        var words = TextVocabulary.Choose(examples.AllTexts, leastUses);
        Require.That(words.Count > 0, $"none of the words of {examples.Data.Name} occurs {leastUses} times, so the head could say nothing");
        var config = model.Config;
        return new DecoderHead(model, new(examples.Kind, model.Fingerprint(), null, config.Image.Width, config.EmbedDim, examples.Resolution, [], [])
        {
            Decoder = (sizes ?? new(Length: Math.Min(new DecoderConfig().Length, examples.Longest))).Check(),
            Words = words,
        }).Allocated(seed, null);
    }

    /// <summary>Opens a head that was trained on this very model.</summary>
    /// <param name="model">Must have the weights that the head was trained on, and outlive it.</param>
    /// <param name="path">The file, or the folder of its training.</param>
    /// <exception cref="InvalidDataException">It is a head for another tower or task, damaged or no head; the message says which.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static DecoderHead Load(SilcModel model, string path)
    {
        var file = HeadFile.Open(path);
        var told = file.Description;
        if (told.Kind is not (HeadKind.Caption or HeadKind.Answer) || told.Decoder is null || told.Words is null)
            throw new InvalidDataException($"{file.Path}: {told.Use}");
        told.Require(file.Path, model.Fingerprint(), null);
        var head = new DecoderHead(model, told).Allocated(0, file);
        head.Steps = file.Step;
        return head;
    }

    DecoderHead Allocated(int seed, HeadFile? file)
    {
        try
        {
            Parameters.Allocate(seed, gradients: false);
            if (file is not null) ((ITrainedHead)this).Load(file);
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    void ITrainedHead.Load(HeadFile file) => Parameters.Load(file.Arrays(), origin: file.Path);

    IReadOnlyList<NamedArray> ITrainedHead.Arrays() => Parameters.ToArrays();

    /// <summary>Says where the model lies, for the messages of those who load the head beside another one.</summary>
    internal void NameTower(string name) => Description = Description with { TowerName = name };

    /// <summary>Writes the head to a file of its own; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    public void Save(string path) => ((ITrainedHead)this).WriteFile(path);

    /// <summary>Writes a caption for each image.</summary>
    /// <param name="images">Decoded; the tower sees them whole, squeezed to a square.</param>
    /// <param name="beam">Texts that are followed at once; 1 takes the most probable word each time.</param>
    /// <exception cref="InvalidOperationException">The head answers questions.</exception>
    /// <exception cref="ArgumentException">The beam is out of its range.</exception>
    public IReadOnlyList<WrittenText> Captions(IReadOnlyList<RgbImage> images, int beam = 1)
    {
        RequireKind(HeadKind.Caption);
        return Write(images, [.. images.Select(_ => DecoderRows.Prompt(vocabulary, HeadKind.Caption, [], 1))], beam);
    }

    /// <summary>Answers a question about each image.</summary>
    /// <param name="images">Decoded; the tower sees them whole, squeezed to a square.</param>
    /// <param name="questions">One for each image. Words that training did not show are unknown to the head.</param>
    /// <param name="beam">Texts that are followed at once; 1 takes the most probable word each time.</param>
    /// <exception cref="InvalidOperationException">The head writes captions.</exception>
    /// <exception cref="ArgumentException">The numbers differ, a question has no word, or the beam is out of its range.</exception>
    public IReadOnlyList<WrittenText> Answers(IReadOnlyList<RgbImage> images, IReadOnlyList<string> questions, int beam = 1)
    {
        RequireKind(HeadKind.Answer);
        Require.That(images.Count == questions.Count, $"{questions.Count} questions about {images.Count} images");
        return Write(images, [.. questions.Select(PromptOf)], beam);
    }

    /// <summary>Words of a question that the head does not know; it reads each as the same unknown one.</summary>
    public IReadOnlyList<string> Unknown(string question) =>
        [.. TextVocabulary.Words(question).Where(word => vocabulary.Encode([word])[0] == TextVocabulary.Unknown)];

    /// <summary>Log likelihoods of texts about an image, in nats: the largest of a list is the head's choice among them.</summary>
    /// <param name="image">Decoded.</param>
    /// <param name="texts">Captions, or answers to <paramref name="question"/>.</param>
    /// <param name="question">Null for a head that writes captions.</param>
    /// <returns>As many values as texts, one for each.</returns>
    /// <exception cref="ArgumentException">There is no text, a question is missing or too many, or a text has a word that the head lacks.</exception>
    public double[] LogLikelihoods(RgbImage image, IReadOnlyList<string> texts, string? question = null)
    {
        Require.Positive(texts.Count, "number of texts");
        Require.That(question is null == (Description.Kind == HeadKind.Caption), question is null
            ? "this head answers questions: give the one that the texts answer" : "this head writes captions: it takes no question");
        var prompt = question is null ? DecoderRows.Prompt(vocabulary, HeadKind.Caption, [], 1) : PromptOf(question);
        var rows = texts.Select(text =>
        {
            var words = question is null ? TextVocabulary.Words(text) : TextVocabulary.AnswerWords(text);
            var ids = vocabulary.Encode(words);
            int unknown = Array.IndexOf(ids, TextVocabulary.Unknown);
            Require.That(unknown < 0, $"the head does not know the word '{(unknown < 0 ? "" : words[unknown])}' of '{text}'");
            Require.That(prompt.Length + ids.Length <= Description.Decoder!.Length,
                $"'{text}' has {ids.Length} words, and the head has room for {Description.Decoder.Length - prompt.Length}");
            return (prompt, ids);
        }).ToList();
        using var exclusive = Model.Exclusive();
        var features = Features([image]);
        var found = new List<double>();
        foreach (var chunk in rows.Chunk(ImagesAtOnce)) found.AddRange(LogLikelihoods(features, chunk));
        return [.. found];
    }

    double[] LogLikelihoods(float[] features, (int[] Prompt, int[] Text)[] rows)
    {
        var (tokens, labels, length) = DecoderRows.Of(rows, Description.Decoder!.Length);
        var device = Model.Device;
        using var upload = new DecoderUpload(device, rows.Length, length, features.Length / Description.Width, Description.Width);
        var losses = device.Allocate(tokens.Length, "losses");
        try
        {
            void Queue(Pass pass, DecoderBatch batch)
            {
                using var _ = pass.Frame();
                var logits = decoder.Forward(pass, batch.Tokens, batch.Length, batch.Source).Logits;
                pass.Ops.SoftmaxCrossEntropy(logits, batch.Labels, new(losses.View.AsContiguous(), tokens.Length, 1), 1);
            }

            long floats = Arena.Measure(device, arena => Queue(new(device.Ops, arena, Training: false), upload.Measuring));
            using var arena = Arena.Allocate(device, floats);
            Queue(new(device.Ops, arena, Training: false), upload.Send([.. Enumerable.Repeat(features, rows.Length).SelectMany(row => row)], tokens,
                labels, rows.Length));
            var each = device.Download(losses.View.AsContiguous());
            return [.. rows.Select((_, r) => -each.AsSpan(r * length, length).ToArray().Sum(value => (double)value))];
        }
        finally
        {
            device.Free(losses);
        }
    }

    int[] PromptOf(string question)
    {
        var words = TextVocabulary.Words(question);
        Require.That(words.Count > 0, $"the question '{question}' has no word");
        // At least one place is left for the answer.
        return DecoderRows.Prompt(vocabulary, HeadKind.Answer, words, Description.Decoder!.Length);
    }

    /// <summary>Throws unless the head is for this task.</summary>
    internal void RequireKind(HeadKind kind)
    {
        if (Description.Kind != kind) throw new InvalidOperationException(Description.Use);
    }

    List<WrittenText> Write(IReadOnlyList<RgbImage> images, int[][] prompts, int beam)
    {
        Require.Within(beam, 1, MostBeam, "width of the beam");
        var written = new List<WrittenText>();
        using var exclusive = Model.Exclusive();
        foreach (var indices in Enumerable.Range(0, images.Count).Chunk(ImagesAtOnce))
        {
            var features = Features([.. indices.Select(i => images[i])]);
            if (memory?.Texts != beam)
            {
                memory?.Dispose();
                memory = null;
                memory = new(Model.Device, decoder, ImagesAtOnce, features.Length / indices.Length / Description.Width, Description.Width, beam);
            }
            memory.Begin(features);
            written.AddRange(TextSearch.Run(memory, [.. indices.Select(i => prompts[i])], Power, Description.Decoder!.Length, TextVocabulary.End,
                TextVocabulary.Barred).Select(said => new WrittenText(vocabulary.Decode(said.Tokens), said.LogLikelihood)));
        }
        return written;
    }

    float[] Features(IReadOnlyList<RgbImage> images)
    {
        tower ??= new(Model, Description.Resolution, DecoderExamples.Reads);
        return [.. tower.Run(DecoderPixels.Of(images, Description.Resolution, Model.Config.Images))[0].Values.Span];
    }

    /// <summary>
    /// Queues loss and gradients of a batch: the loss is added to element 0 of <paramref name="loss"/>, gradients to the parameters'.
    /// </summary>
    internal void Step(Pass pass, DecoderBatch batch, Tensor loss)
    {
        using var _ = pass.Frame();
        var (logits, back) = decoder.Forward(pass, batch.Tokens, batch.Length, batch.Source);
        var rows = pass.Saved(logits.Rows, 1);
        pass.Ops.SoftmaxCrossEntropy(logits, batch.Labels, rows, 1f / batch.Counted);
        pass.Ops.AddSum(rows, loss, 0);
        back.Invoke(logits);
    }

    /// <summary>Frees its memory.</summary>
    public void Dispose()
    {
        using var exclusive = Model.Device.ExclusiveForRelease();
        tower?.Dispose();
        memory?.Dispose();
        Parameters.Dispose();
    }
}
