using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Silc.Samples.Serve;

/// <summary>The key that requests must bring, as <c>Authorization: Bearer KEY</c> or <c>X-API-Key: KEY</c>.</summary>
sealed class ApiKey(string key)
{
    public const string Variable = "SILC_API_KEY";

    const string Scheme = "Bearer ";

    readonly byte[] digest = Digest(key);

    /// <summary>The key of a file, or of the variable; null where neither is.</summary>
    /// <exception cref="InvalidDataException">The file has no key; the message names it.</exception>
    public static ApiKey? Of(string? file)
    {
        if (file is null) return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? new(given) : null;
        if (!File.Exists(file)) throw new FileNotFoundException($"--api-key-file {file}: no such file");
        return File.ReadLines(file).FirstOrDefault()?.Trim() is { Length: > 0 } first ? new(first)
            : throw new InvalidDataException($"--api-key-file {file}: its first line is empty; it should be the key");
    }

    public bool IsIn(HttpRequest request)
    {
        var bearer = $"{request.Headers[HeaderNames.Authorization]}";
        var given = bearer.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? bearer[Scheme.Length..].Trim()
            : $"{request.Headers["X-API-Key"]}";
        // Digests have one length, and are compared in a time that says nothing of the key.
        return CryptographicOperations.FixedTimeEquals(Digest(given), digest);
    }

    static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
