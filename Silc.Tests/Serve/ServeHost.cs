using Microsoft.AspNetCore.Builder;
using Silc.Samples.Serve;

namespace Silc.Tests;

/// <summary>The service in this process on a free port of the loopback, with a small untrained model and an index of ten drawn images.</summary>
sealed class ServeHost : IDisposable
{
    public const string ModelId = "tiny";

    public static readonly SilcConfig Config = TinyRun.Config with { TextLength = 12, VocabSize = new WordTokenizer().VocabSize };

    readonly Scratch scratch = new();
    readonly Device device = Device.Cpu(1);
    readonly IndexFile index;

    public ServeHost(ServeSettings? settings = null, string? key = null)
    {
        Model = SilcModel.Create(device, Config, seed: 1, new WordTokenizer());
        var drawn = new DemoSource(10, seed: 3, size: 40);
        Paths = [.. Enumerable.Range(0, drawn.Count).Select(i => Path.Combine(scratch.Path, $"secret-{i}.png"))];
        foreach (var (i, path) in Paths.Index()) ImageFile.Write(path, drawn.Read(i).Image);
        Titles = [.. Enumerable.Range(0, drawn.Count).Select(i => drawn.Read(i).Captions[0])];
        IndexPath = Path.Combine(scratch.Path, "index.npy");
        new EmbeddingIndex(Model.EmbedImages(Paths), Paths, Titles, Model.Fingerprint()).Save(IndexPath);
        index = IndexFile.Open(IndexPath);
        var limits = (settings ?? new()) with { Port = 0, LogLevel = "None" };
        App = ServeApp.Create(limits.Check(), Model, ModelId, index: new(index, null, device.FindNeighbours), key: key is null ? null : new(key));
        App.StartAsync().GetAwaiter().GetResult();
        Client = new() { BaseAddress = new(App.Urls.Single()), Timeout = TimeSpan.FromMinutes(2) };
    }

    public SilcModel Model { get; }

    public string[] Paths { get; }

    public string[] Titles { get; }

    public string IndexPath { get; }

    /// <summary>The folder that nothing may be said of.</summary>
    public string Folder => scratch.Path;

    public WebApplication App { get; }

    public HttpClient Client { get; }

    public void Dispose()
    {
        Client.Dispose();
        App.StopAsync().GetAwaiter().GetResult();
        App.DisposeAsync().AsTask().GetAwaiter().GetResult();
        index.Dispose();
        Model.Dispose();
        device.Dispose();
        scratch.Dispose();
    }
}
