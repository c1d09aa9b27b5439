namespace Silc;

/// <summary>Class names as a head is trained on them. Threads: any number may call.</summary>
static class HeadTexts
{
    /// <summary>Embeddings of classes, (C · prompts, E), of length 1.</summary>
    /// <exception cref="ArgumentException">
    /// Two classes share a name, a name has no tokens, or a head with several prompts a class has another number of templates.
    /// </exception>
    public static Vectors Of(SegmentationHead head, ClassList classes)
    {
        Check(classes, head.Model.Tokenizer);
        var told = head.Description;
        if (head.PromptsOfClass == 1) return head.Prototypes(classes).Rows;
        Silc.Require.That(told.Templates.Count == head.PromptsOfClass,
            $"the head has {head.PromptsOfClass} prompts of a class, and there are {told.Templates.Count} templates");
        return head.EmbedTexts(Prompts.ForClasses(classes.Names, told.Templates, told.Canonical));
    }

    /// <summary>The prompts that make up each of these embeddings.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> PromptsOf(SegmentationHead head, ClassList classes)
    {
        var told = head.Description;
        return head.PromptsOfClass == 1 ? ClassPrototypes.PromptsOf(classes, told.Templates, told.Aliases, told.Canonical)
            : [.. Prompts.ForClasses(classes.Names, told.Templates, told.Canonical).Select(prompt => (IReadOnlyList<string>)[prompt])];
    }

    /// <summary>Classes as embeddings by a text tower that is tuned, or by the model's.</summary>
    public static ClassPrototypes Prototypes(SilcModel model, TextTransformer? tuned, ref TunedTexts? texts, ClassList classes,
        IReadOnlyList<string> templates, AliasUse aliases, bool canonical)
    {
        if (tuned is null) return model.Prototypes(classes, templates, aliases, canonical);
        _ = Embed(model, tuned, ref texts, []);
        var own = texts!;
        return ClassPrototypes.Of(classes, own.Run, templates, aliases, canonical).From(own);
    }

    /// <summary>Texts by a text tower that is tuned, or by the model's.</summary>
    public static Vectors Embed(SilcModel model, TextTransformer? tuned, ref TunedTexts? texts, IReadOnlyList<string> prompts)
    {
        if (tuned is null) return model.EmbedTexts(prompts);
        _ = model.Tokenizer ?? throw new InvalidOperationException("this model has no tokenizer: give one to SilcModel.Create or SilcModel.Load");
        using var exclusive = model.Exclusive();
        return (texts ??= new(model, tuned)).Run(prompts);
    }

    /// <summary>Throws for classes that were embedded by another text tower than a head's own.</summary>
    public static void Require(ClassPrototypes classes, TunedTexts? own, bool isTuned) =>
        Silc.Require.That(!isTuned || own is not null && classes.Origin == own,
            "the head's text tower was trained along, and the classes were embedded by another: make them by the head's own Prototypes");

    /// <summary>Throws for classes that no words tell apart.</summary>
    public static void Check(ClassList classes, Tokenizer? tokenizer)
    {
        var first = new Dictionary<string, int>();
        foreach (var (label, name) in classes.Names.Index())
        {
            var trimmed = name.Trim();
            if (!first.TryAdd(trimmed, label))
                throw new ArgumentException($"classes {first[trimmed]} and {label} are both called '{trimmed}': a head tells classes apart by their "
                    + "names, so give one of them another");
            if (tokenizer is not null && tokenizer.Encode(name).Length == 0)
                throw new ArgumentException($"class {label}, '{name}', has no token of the model's tokenizer: write its name in words that "
                    + "the model knows");
        }
    }
}
