using System.Text.Json;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Reads <c>tokenizer.json</c> of Hugging Face's tokenizers library as far as SigLIP, SigLIP 2 and CLIP need it: Unigram (T5); BPE with a list of
/// merges, whose letters outside the vocabulary become bytes (Gemma); byte-level BPE of words (CLIP). What else a file asks for is named and refused.
/// </summary>
static partial class TokenizerJson
{
    /// <exception cref="InvalidDataException">It is damaged, or of a kind that is not supported; the message says what to do.</exception>
    public static Tokenizer Open(string name, byte[] file, CaptionRule captions)
    {
        try
        {
            using var json = JsonDocument.Parse(file);
            return Read(name, file, json.RootElement, captions);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{name} is damaged or not a tokenizer.json: {wrong.Message}", wrong);
        }
    }

    static Tokenizer Read(string name, byte[] file, JsonElement root, CaptionRule captions)
    {
        var model = root.GetProperty("model");
        var kind = model.TryGetProperty("type", out var type) ? type.GetString() : "BPE";
        if (kind == "Unigram") return Unigram(name, file, root, model, captions);
        if (kind == "BPE" && model.TryGetProperty("end_of_word_suffix", out var suffix) && suffix.ValueKind == JsonValueKind.String
            && suffix.GetString() == "</w>")
            return Clip(name, file, root, model);
        if (kind != "BPE" || !Flag(model, "byte_fallback"))
            throw new InvalidDataException($"{name} holds a tokenizer of the kind {kind}, which is not read from tokenizer.json; "
                + "only Unigram, BPE with byte_fallback as Gemma's, and CLIP's are. "
                + "Give the SentencePiece model that it was made from (spiece.model or tokenizer.model), or CLIP's merges, with --tokenizer FILE");
        foreach (var part in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model.TryGetProperty(part, out var text) && text.ValueKind == JsonValueKind.String && text.GetString() != "")
                throw new InvalidDataException($"{name}: model.{part} is '{text.GetString()}', which is not supported");
        var vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(piece => piece.Name, piece => piece.Value.GetInt32());
        var merges = new Dictionary<(int Left, int Right), (int Rank, int Id)>();
        foreach (var merge in model.GetProperty("merges").EnumerateArray())
        {
            var pair = Pair(merge);
            if (pair.Length != 2 || !vocabulary.TryGetValue(pair[0], out int left) || !vocabulary.TryGetValue(pair[1], out int right)
                || !vocabulary.TryGetValue(pair[0] + pair[1], out int id))
                throw new InvalidDataException($"{name}: merge {merges.Count}, {merge.GetRawText()}, is not of two pieces whose union is a piece");
            merges.TryAdd((left, right), (merges.Count, id));
        }
        var added = Added(root);
        int Special(params string[] names) => names
            .Select(special => added.TryGetValue(special, out int id) || vocabulary.TryGetValue(special, out id) ? id : -1)
            .FirstOrDefault(id => id >= 0, -1);
        int end = Special("<eos>", "</s>"), padding = Special("<pad>"), unknown = Special("<unk>");
        if (end < 0) throw new InvalidDataException($"{name} has no token that ends a text, neither <eos> nor </s>");
        List<Func<string, string>> steps = [];
        if (root.TryGetProperty("normalizer", out var normalizer)) Steps(name, normalizer, steps);
        return new MergesTokenizer(new(TokenizerFiles.JsonName, file), vocabulary, merges, added, steps, end, padding < 0 ? end : padding, unknown);
    }

    // SentencePiece's Unigram, as T5 and SigLIP have it. Small letters are those of the caption rule, or of the file's own step.
    static SentencePieceTokenizer Unigram(string name, byte[] file, JsonElement root, JsonElement model, CaptionRule captions)
    {
        byte[] map = [];
        var lowers = false;
        if (root.TryGetProperty("normalizer", out var normalizer)) Spell(normalizer);
        var cutter = root.TryGetProperty("pre_tokenizer", out var found) ? found : default;
        var marks = Metaspace(cutter)
            ?? throw new InvalidDataException($"{name}: its pre_tokenizer has no step Metaspace, without which Unigram is not read; "
            + "give the SentencePiece model (spiece.model) with --tokenizer FILE");
        var prefix = marks.TryGetProperty("prepend_scheme", out var scheme) ? scheme.GetString() != "never"
            : !marks.TryGetProperty("add_prefix_space", out var add) || add.ValueKind == JsonValueKind.True;
        var (unknown, bytes) = (model.GetProperty("unk_id").GetInt32(), Flag(model, "byte_fallback"));
        var special = root.TryGetProperty("added_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Array
            ? tokens.EnumerateArray().Where(token => Flag(token, "special")).Select(token =>
                token.GetProperty("content").GetString()!).ToHashSet() : [];
        var pieces = model.GetProperty("vocab").EnumerateArray().Select((entry, id) =>
        {
            var text = entry[0].GetString()!;
            var type = id == unknown ? PieceType.Unknown : special.Contains(text) ? PieceType.Control
                : bytes && ByteText().IsMatch(text) ? PieceType.Byte : PieceType.Normal;
            return new Piece(text, entry[1].GetSingle(), type);
        }).ToList();
        return SentencePieceTokenizer.Of(SentencePieceModel.Unigram(pieces, bytes, map, prefix),
            new(TokenizerFiles.JsonName, file) { Captions = lowers && captions == CaptionRule.AsIs ? CaptionRule.Lower : captions });

        void Spell(JsonElement step)
        {
            if (step.ValueKind == JsonValueKind.Null) return;
            var kind = step.GetProperty("type").GetString();
            if (kind == "Sequence")
                foreach (var inner in step.GetProperty("normalizers").EnumerateArray()) Spell(inner);
            else if (kind == "Precompiled") map = step.GetProperty("precompiled_charsmap").GetBytesFromBase64();
            else if (kind == "Lowercase") lowers = true;
            // Runs of spaces become one in any case, and those at the end go.
            else if (kind != "Strip" && (kind != "Replace" || !step.GetProperty("pattern").TryGetProperty("Regex", out var regex)
                || regex.GetString() is not (" {2,}" or "\\s+")))
                throw new InvalidDataException($"{name}: its normalizer has a step of the kind {kind} that is not supported; "
                    + "give the SentencePiece model (spiece.model) with --tokenizer FILE");
        }
    }

    static JsonElement? Metaspace(JsonElement step)
    {
        if (step.ValueKind != JsonValueKind.Object) return null;
        if (step.GetProperty("type").GetString() == "Metaspace") return step;
        return step.TryGetProperty("pretokenizers", out var steps)
            ? steps.EnumerateArray().Select(Metaspace).FirstOrDefault(found => found is not null) : null;
    }

    [GeneratedRegex("^<0x[0-9A-F]{2}>$")]
    private static partial Regex ByteText();

    // Byte-level BPE whose words end in </w>. The pattern that cuts words is CLIP's; it stands in the file for completeness alone.
    static ClipTokenizer Clip(string name, byte[] file, JsonElement root, JsonElement model)
    {
        if (!root.TryGetProperty("pre_tokenizer", out var cutter) || !cutter.GetRawText().Contains("\"ByteLevel\"", StringComparison.Ordinal)
            || !cutter.GetRawText().Contains("\\p{L}", StringComparison.Ordinal))
            throw new InvalidDataException($"{name}: its words end in </w>, but its pre_tokenizer is not CLIP's (Split by letters, then ByteLevel); "
                + "give CLIP's merges with --tokenizer FILE");
        List<Func<string, string>> steps = [];
        if (root.TryGetProperty("normalizer", out var normalizer)) Steps(name, normalizer, steps);
        return ClipTokenizer.Of(new(TokenizerFiles.JsonName, file),
            model.GetProperty("vocab").EnumerateObject().ToDictionary(piece => piece.Name, piece => piece.Value.GetInt32()),
            model.GetProperty("merges").EnumerateArray().Select(merge => Pair(merge) is [var left, var right] ? (left, right)
                : throw new InvalidDataException($"{name}: merge {merge.GetRawText()} is not of two pieces")),
            Added(root), text => steps.Aggregate(text, (text, step) => step(text)));
    }

    static string[] Pair(JsonElement merge) => merge.ValueKind == JsonValueKind.Array ? [.. merge.EnumerateArray().Select(half => half.GetString()!)]
        : merge.GetString()!.Split(' ');

    static Dictionary<string, int> Added(JsonElement root)
    {
        var added = new Dictionary<string, int>();
        if (root.TryGetProperty("added_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Array)
            foreach (var token in tokens.EnumerateArray()) added[token.GetProperty("content").GetString()!] = token.GetProperty("id").GetInt32();
        return added;
    }

    static bool Flag(JsonElement element, string name) => element.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    static void Steps(string name, JsonElement normalizer, List<Func<string, string>> steps)
    {
        if (normalizer.ValueKind == JsonValueKind.Null) return;
        var kind = normalizer.GetProperty("type").GetString();
        switch (kind)
        {
            case "Sequence":
                foreach (var step in normalizer.GetProperty("normalizers").EnumerateArray()) Steps(name, step, steps);
                return;
            // The library lowers letter by letter: it has İ as Python does, but no final sigma.
            case "Lowercase":
                steps.Add(LowerCase.OfLetters);
                return;
            case "NFC":
                steps.Add(Nfc.Of);
                return;
            case "Prepend":
                var front = normalizer.GetProperty("prepend").GetString()!;
                steps.Add(text => text == "" ? text : front + text);
                return;
            case "Replace" when normalizer.GetProperty("pattern").TryGetProperty("Regex", out var regex) && regex.GetString() is "\\s+"
                && normalizer.GetProperty("content").GetString() == " ":
                steps.Add(text => Spaces().Replace(text, " "));
                return;
            case "Replace" when normalizer.GetProperty("pattern").TryGetProperty("String", out var pattern):
                var (from, to) = (pattern.GetString()!, normalizer.GetProperty("content").GetString()!);
                steps.Add(text => text.Replace(from, to, StringComparison.Ordinal));
                return;
            default:
                throw new InvalidDataException($"{name}: its normalizer has a step of the kind {kind} that is not supported; "
                    + "give the SentencePiece model (tokenizer.model) with --tokenizer FILE");
        }
    }
}
