using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>Chromium without a window, or the end of the test as inconclusive where there is none.</summary>
static partial class Browser
{
    // Counts what did not work once everything has loaded; the page itself has no script.
    const string Probe = """
        <script>
        const bad = [];
        addEventListener('error', e => bad.push(e.message || e.target.outerHTML), true);
        addEventListener('securitypolicyviolation', e => bad.push(e.blockedURI));
        addEventListener('load', () => {
          const broken = [...document.images].filter(i => !i.complete || i.naturalWidth == 0).length;
          const fetched = performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length;
          document.body.setAttribute('data-found', `${document.images.length} images, ${broken} broken, ${fetched} fetched, ${bad.length} errors`);
        });
        </script>
        """;

    static readonly string? program =
        new[] { "chromium", "chromium-browser", "google-chrome" }.FirstOrDefault(name => Peer.Run(name, "--version") is not null);

    /// <summary>Opens a page; says how many images it has, how many are broken, what was fetched, and what the console shows.</summary>
    public static (string Found, string Console) Open(string page)
    {
        if (program is null) Assert.Inconclusive("no chromium on this machine: apt-get install chromium");
        using var scratch = new Scratch();
        var copy = Path.Combine(scratch.Path, "page.html");
        File.WriteAllText(copy, File.ReadAllText(page).Replace("<title>", $"{Probe}<title>")
            .Replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'"));
        var (_, output, errors) = Peer.Run(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            $"--user-data-dir={scratch.Path}/profile", "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom",
            $"file://{copy}")!.Value;
        return (Found().Match(output).Groups[1].Value, string.Join('\n', errors.Split('\n').Where(line => line.Contains("CONSOLE"))));
    }

    [GeneratedRegex("data-found=\"([^\"]*)\"")]
    private static partial Regex Found();
}
