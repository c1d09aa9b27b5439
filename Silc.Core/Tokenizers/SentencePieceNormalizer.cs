using System.Text;

namespace Silc;

/// <summary>SentencePiece's <c>Normalizer::Normalize</c>: character map, runs of spaces to one, a space in front, U+2581 (▁) for spaces.</summary>
sealed class SentencePieceNormalizer(SentencePieceModel model, ByteTrie userDefined)
{
    readonly CharsMap map = new(model.CharsMap);
    readonly byte[] space = model.EscapeSpaces ? "▁"u8.ToArray() : " "u8.ToArray();

    public byte[] Normalize(string text)
    {
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        if (model.RemoveExtraSpaces)
            while (rest.Length > 0 && Next(rest, out var size) is [(byte)' ']) rest = rest[size..];
        if (rest.IsEmpty) return [];

        var output = new List<byte>(2 * rest.Length + 8);
        if (model.AddDummyPrefix && !model.SpaceIsSuffix) output.AddRange(space);
        var afterSpace = model.RemoveExtraSpaces;
        while (rest.Length > 0)
        {
            var next = Next(rest, out var size);
            if (afterSpace) next = next.TrimStart((byte)' ');
            foreach (var unit in next)
            {
                if (unit == ' ') output.AddRange(space);
                else output.Add(unit);
            }
            if (next.Length > 0) afterSpace = model.RemoveExtraSpaces && next[^1] == ' ';
            rest = rest[size..];
        }
        if (model.RemoveExtraSpaces)
            while (EndsWithSpace(output)) output.RemoveRange(output.Count - space.Length, space.Length);
        if (model.AddDummyPrefix && model.SpaceIsSuffix) output.AddRange(space);
        return [.. output];
    }

    /// <summary>What the next <paramref name="size"/> bytes become: a user-defined symbol stays, a mapped prefix changes, else one letter.</summary>
    ReadOnlySpan<byte> Next(ReadOnlySpan<byte> rest, out int size)
    {
        size = userDefined.LongestPrefix(rest);
        if (size > 0) return rest[..size];
        var replaced = map.Replace(rest, out size);
        if (size > 0) return replaced;
        size = Utf8.Length(rest);
        return rest[..size];
    }

    bool EndsWithSpace(List<byte> output)
    {
        if (output.Count < space.Length) return false;
        for (var i = 0; i < space.Length; i++)
            if (output[output.Count - space.Length + i] != space[i]) return false;
        return true;
    }
}
