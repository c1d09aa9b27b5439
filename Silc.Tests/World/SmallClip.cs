using System.Text.Json;

namespace Silc.Tests;

/// <summary>CLIP's tokenizer in Hugging Face's form, with few pieces.</summary>
static class SmallClip
{
    /// <summary>Letters a to p, alone and at the end of a word, some merges; the last two ids begin and end captions.</summary>
    public static string TokenizerJson(int count)
    {
        var vocabulary = new Dictionary<string, int>();
        foreach (var end in new[] { "", "</w>" })
            for (char letter = 'a'; letter <= 'p'; letter++) vocabulary.Add($"{letter}{end}", vocabulary.Count);
        foreach (var piece in new[] { "ca", "cab</w>" }) vocabulary.Add(piece, vocabulary.Count);
        const string pattern = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
        object Special(string text, int id) => new
        {
            id,
            content = text,
            single_word = false,
            lstrip = false,
            rstrip = false,
            normalized = false,
            special = true
        };
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = new[] { Special("<|startoftext|>", count - 2), Special("<|endoftext|>", count - 1) },
            normalizer = new
            {
                type = "Sequence",
                normalizers = new object[]
                {
                    new { type = "NFC" }, new { type = "Replace", pattern = new { Regex = "\\s+" }, content = " " }, new { type = "Lowercase" },
                },
            },
            pre_tokenizer = new
            {
                type = "Sequence",
                pretokenizers = new object[]
                {
                    new { type = "Split", pattern = new { Regex = pattern }, behavior = "Removed", invert = true },
                    new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true },
                },
            },
            model = new
            {
                type = "BPE",
                unk_token = "<|endoftext|>",
                continuing_subword_prefix = "",
                end_of_word_suffix = "</w>",
                fuse_unk = false,
                vocab = vocabulary,
                merges = new[] { "c a", "ca b</w>" },
            },
        });
    }
}
