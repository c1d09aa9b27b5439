using System.Text.Json;

namespace Silc;

/// <summary>A tokenizer's file with those beside it that say more of it, as transformers writes them.</summary>
static class TokenizerFiles
{
    public const string JsonName = "tokenizer.json", ConfigName = "tokenizer_config.json";

    const long MostBytes = 256 << 20;

    /// <summary>Opens the file; <paramref name="captions"/> is the rule of captions if nothing beside it says another.</summary>
    /// <exception cref="InvalidDataException">A file beside it is damaged, or asks for what is not supported.</exception>
    public static TokenizerOrigin Open(string path, CaptionRule captions)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var beside = new[] { JsonName, ConfigName }.Select(name => Path.Combine(folder, name))
            .Where(file => file != Path.GetFullPath(path) && File.Exists(file) && new FileInfo(file).Length < MostBytes)
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        if (ClipTokenizer.IsMerges(path) && Path.Combine(folder, ClipTokenizer.VocabularyName) is var vocabulary && File.Exists(vocabulary))
            ClipTokenizer.RequireVocabulary(path, File.ReadAllBytes(path), File.ReadAllBytes(vocabulary));
        return new(Path.GetFileName(path), File.ReadAllBytes(path)) { Captions = Rule(path, beside, captions), Companions = beside };
    }

    static CaptionRule Rule(string path, Dictionary<string, byte[]> beside, CaptionRule otherwise)
    {
        if (!beside.ContainsKey(ConfigName)) return otherwise;
        var config = JsonConfig.Beside(path, ConfigName, "it is there");
        switch (config.Text("tokenizer_class", ""))
        {
            case "SiglipTokenizer" or "SiglipTokenizerFast":
                config.Require(config.Flag("do_lower_case", true), "do_lower_case", "only true is supported for a SiglipTokenizer");
                return CaptionRule.Canonical;
            case "Siglip2Tokenizer" or "Siglip2TokenizerFast": return CaptionRule.Lower;
            case "GemmaTokenizer" or "GemmaTokenizerFast" or "T5Tokenizer" or "T5TokenizerFast":
                return Lowers(path, beside) ? CaptionRule.Lower : CaptionRule.AsIs;
            default: return otherwise;
        }
    }

    // The class lowers nothing of itself; a normalizer in tokenizer.json may.
    static bool Lowers(string path, Dictionary<string, byte[]> beside)
    {
        if (!beside.TryGetValue(JsonName, out var bytes)) return false;
        try
        {
            using var json = JsonDocument.Parse(bytes);
            return json.RootElement.TryGetProperty("normalizer", out var normalizer)
                && normalizer.GetRawText().Contains("\"Lowercase\"", StringComparison.Ordinal);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{Path.Combine(Path.GetDirectoryName(path)!, JsonName)} is damaged: {wrong.Message}", wrong);
        }
    }
}
