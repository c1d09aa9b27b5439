using System.Text.Json;

namespace Silc.Tests;

/// <summary>Texts and the ids that another implementation gave them: <c>[{"text": …, "ids": […]}, …]</c>.</summary>
static class GoldenTokens
{
    sealed record Case(string Text, int[] Ids);

    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizer");

    public static void Agree(Tokenizer tokenizer, string json)
    {
        var cases = JsonSerializer.Deserialize<Case[]>(File.ReadAllText(json), JsonSerializerOptions.Web)!;
        Assert.IsNotEmpty(cases);
        foreach (var (text, ids) in cases) CollectionAssert.AreEqual(ids, tokenizer.Encode(text), $"'{text}' in {json}");
    }
}
