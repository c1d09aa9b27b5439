using Microsoft.Playwright;

namespace Silc.Tests;

/// <summary>The page of the service in Chromium without a window, at the width of a phone and of a desk, light and dark.</summary>
[TestClass, DoNotParallelize]
public sealed class PageTests
{
    /// <summary>A folder to keep a screenshot of each test in.</summary>
    const string ShotsVariable = "SILC_SCREENSHOTS";

    static readonly string? program =
        new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);
    // As root there is no sandbox; and it asks nobody outside for anything.
    static readonly string[] switches = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    static IPlaywright? driver;
    static IBrowser? browser;
    readonly List<string> complaints = [];

    [ClassInitialize]
    public static async Task Open(TestContext _)
    {
        if (program is null || Peer.Hidden) return;
        driver = await Playwright.CreateAsync();
        browser = await driver.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = switches });
    }

    [ClassCleanup]
    public static async Task Close()
    {
        if (browser is not null) await browser.DisposeAsync();
        driver?.Dispose();
    }

    async Task<IPage> Page(ServeHost host, int width = 1600, ColorScheme scheme = ColorScheme.Light)
    {
        if (browser is null) Assert.Inconclusive("no chromium on this machine: apt-get install chromium");
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = scheme });
        page.SetDefaultTimeout(60_000);
        page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (request.Url.StartsWith($"{host.Client.BaseAddress}", StringComparison.Ordinal)) return;
            if (new Uri(request.Url).Scheme is not ("data" or "blob"))
                complaints.Add($"fetches {request.Url}");
        };
        await page.GotoAsync($"{host.Client.BaseAddress}");
        return page;
    }

    async Task Done(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable(ShotsVariable) is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
        Assert.IsEmpty(complaints, string.Join('\n', complaints));
        await page.CloseAsync();
    }

    static async Task Asked(IPage page, string words)
    {
        await page.FillAsync("#words", words);
        await page.SelectOptionAsync("#templates", "name");
        await page.ClickAsync("#rank");
    }

    static async Task<string[]> Ranking(IPage page) => [.. await page.Locator("#rank-list b").AllTextContentsAsync()];

    [TestMethod]
    [DataRow(360, ColorScheme.Light), DataRow(360, ColorScheme.Dark), DataRow(1600, ColorScheme.Light), DataRow(1600, ColorScheme.Dark)]
    public async Task An_image_of_the_index_is_ranked_and_its_patches_light_up(int width, ColorScheme scheme)
    {
        using var host = new ServeHost();
        var page = await Page(host, width, scheme);
        await page.FillAsync("#words", "a red star\na blue circle\na green ring");
        await page.SelectOptionAsync("#templates", "name");
        await page.ClickAsync("#hits li:nth-child(4) button");
        await page.WaitForSelectorAsync("#rank-list li:nth-child(3)");
        var expected = host.Model.Classify(ImageFile.Read(host.Paths[3]), ["a red star", "a blue circle", "a green ring"], Prompts.NameOnly);
        CollectionAssert.AreEqual(expected.Select(score => score.Label).ToArray(), await Ranking(page));
        Assert.AreEqual($"cosine {expected[0].Score:F3}", await page.Locator("#rank-list small").First.TextContentAsync());
        Assert.AreEqual(host.Titles[3], await page.Locator("#caption").TextContentAsync());

        // The best word's patches first; a second press takes the light away, another word's are others.
        var first = await Light(page);
        Assert.AreNotEqual(0, first.Sum(), "nothing is lit");
        await page.ClickAsync("#rank-list li:nth-child(1) button");
        Assert.AreEqual(0, (await Light(page)).Sum());
        await page.ClickAsync("#rank-list li:nth-child(2) button");
        CollectionAssert.AreNotEqual(first, await Light(page));
        Assert.IsLessThanOrEqualTo(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), "the page is wider than the window");
        var ground = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.AreEqual(scheme == ColorScheme.Dark ? "rgb(18, 20, 24)" : "rgb(245, 246, 248)", ground);
        // Of the test's own looking at pixels.
        complaints.RemoveAll(line => line.Contains("willReadFrequently"));
        await Done(page, $"rank-{width}-{scheme}");
    }

    // Alpha of the canvas over the image, in the middle of each patch.
    static async Task<int[]> Light(IPage page) => await page.EvaluateAsync<int[]>("""
        () => {
          const canvas = document.getElementById('light'), context = canvas.getContext('2d'), side = state.grid, found = [];
          for (let y = 0; y < side; y++)
            for (let x = 0; x < side; x++)
              found.push(context.getImageData((x + .5) * canvas.width / side, (y + .5) * canvas.height / side, 1, 1).data[3]);
          return found;
        }
        """);

    [TestMethod]
    public async Task An_image_is_dropped_ranked_segmented_and_searched_by()
    {
        using var host = new ServeHost();
        var page = await Page(host);
        var transfer = await page.EvaluateHandleAsync("""
            base64 => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], 'dropped.png', { type: 'image/png' }));
              return transfer;
            }
            """, Convert.ToBase64String(File.ReadAllBytes(host.Paths[6])));
        await page.DispatchEventAsync("#drop", "drop", new { dataTransfer = transfer });
        await page.WaitForSelectorAsync("#rank-list li");
        Assert.AreEqual("dropped.png", await page.Locator("#caption").TextContentAsync());
        await page.ClickAsync("#segment");
        await page.WaitForSelectorAsync("#legend li");
        Assert.AreEqual(4, await page.Locator("#legend li").CountAsync());
        await page.ClickAsync("#alike");
        await page.WaitForSelectorAsync("#found:has-text('closest')");
        Assert.Contains(host.Titles[6], (await page.Locator("#hits li").First.TextContentAsync())!);
        Assert.AreEqual(10, await page.Locator("#hits li").CountAsync());
        await Done(page, "dropped");
    }

    [TestMethod]
    public async Task The_keyboard_suffices()
    {
        using var host = new ServeHost();
        var page = await Page(host);
        await page.WaitForSelectorAsync("#hits li");
        // From the top: the file, the words, the sentence, Rank, Segment, the search.
        string[] stops = ["file", "words", "templates", "rank", "segment", "query"];
        foreach (var stop in stops)
        {
            await page.Keyboard.PressAsync("Tab");
            Assert.AreEqual(stop, await page.EvaluateAsync<string>("document.activeElement.id"));
        }
        await page.Keyboard.TypeAsync("a red star");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("#found:has-text('closest')");
        var best = Search.Find(EmbeddingIndex.Load(host.IndexPath), host.Model.EmbedTexts(["a red star"]), 10)[0];
        Assert.Contains(best[0].Title, (await page.Locator("#hits li").First.TextContentAsync())!);
        await page.FocusAsync("#hits li:first-child button");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("#rank-list li");
        await page.EvaluateAsync("document.querySelectorAll('#rank-list li').forEach(li => li.dataset.before = 1)");
        await page.FocusAsync("#words");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.WaitForSelectorAsync("#rank-list li:first-child:not([data-before])");
        await page.FocusAsync("#rank-list li:nth-child(2) button");
        await page.Keyboard.PressAsync(" ");
        Assert.AreEqual("true", await page.GetAttributeAsync("#rank-list li:nth-child(2) button", "aria-pressed"));
        await Done(page, "keyboard");
    }

    [TestMethod]
    public async Task What_is_wrong_is_shown_and_what_captions_hold_is_text()
    {
        using var host = new ServeHost();
        var page = await Page(host);
        await Asked(page, "a red star");
        await page.WaitForSelectorAsync("#ask-error:has-text('choose an image first')");
        await page.SetInputFilesAsync("#file", new FilePayload { Name = "cat.png", MimeType = "image/png", Buffer = "no image"u8.ToArray() });
        await page.WaitForSelectorAsync("#ask-error:has-text('are no image')");
        await page.SetInputFilesAsync("#file", host.Paths[0]);
        await Asked(page, "<img src=x onerror=alert(1)>\na red star");
        await page.WaitForSelectorAsync("#rank-list li:nth-child(2)");
        CollectionAssert.Contains(await Ranking(page), "<img src=x onerror=alert(1)>");
        // Chromium says so itself when an answer is an error.
        complaints.RemoveAll(line => line.Contains("status of 400"));
        await Done(page, "wrong");
    }

    [TestMethod]
    public async Task A_key_is_asked_for()
    {
        using var host = new ServeHost(key: "s3cret");
        var page = await Page(host);
        await page.FillAsync("#key", "other");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("#key-error:has-text('not the one')");
        await page.FillAsync("#key", "s3cret");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("#hits li img[src]");
        Assert.IsFalse(await page.IsVisibleAsync("#gate"));
        complaints.RemoveAll(line => line.Contains("status of 401"));
        await Done(page, "key");
    }
}
