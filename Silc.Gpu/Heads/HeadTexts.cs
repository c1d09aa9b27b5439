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
        var (model, told) = (head.Model, head.Description);
        if (head.PromptsOfClass == 1)
            return model.Prototypes(classes, told.Templates, told.Aliases, told.Canonical).Rows;
        Require.That(told.Templates.Count == head.PromptsOfClass,
            $"the head has {head.PromptsOfClass} prompts of a class, and there are {told.Templates.Count} templates");
        return model.EmbedTexts(Prompts.ForClasses(classes.Names, told.Templates, told.Canonical));
    }

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
