using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Silc.Samples.Serve;

/// <summary>The page: one HTML file of the program, which fetches from this service alone.</summary>
static partial class Page
{
    static readonly byte[] html = Resource();
    static readonly string policy = Policy(Encoding.UTF8.GetString(html));

    public static IResult Answer(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = policy;
        http.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(html, "text/html; charset=utf-8");
    }

    // The page's own style and script by their hashes, and no other.
    static string Policy(string text) => "default-src 'none'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
        + $"frame-ancestors 'none'; style-src {Hashes(Style(), text)}; script-src {Hashes(Script(), text)}";

    static string Hashes(Regex element, string text) => string.Join(' ', element.Matches(text)
        .Select(match => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(match.Groups[1].Value)))}'"));

    static byte[] Resource()
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream("page.html")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();
}
