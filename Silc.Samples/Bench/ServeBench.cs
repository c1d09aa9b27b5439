using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using Silc.Samples.Serve;

namespace Silc.Samples.Bench;

/// <summary>
/// A load on the service of this process, over the loopback: each client asks for one embedding after another, and checks whose it got.
/// </summary>
/// <param name="model">What is served.</param>
/// <param name="clients">Requests at once.</param>
/// <param name="limit">How long.</param>
/// <param name="images">Every second request is an image.</param>
sealed class ServeBench(SilcModel model, int clients, TimeSpan limit, bool images)
{
    const int Kinds = 256;      // texts, and images, that are told apart

    readonly string[] texts = [.. Enumerable.Range(0, Kinds).Select(i => $"a photo of {i} red stars and {i * i} blue circles")];
    readonly byte[][] files = !images ? [] :
        [.. Enumerable.Range(0, Kinds).Select(i => ImageFile.Encode(new DemoSource(Kinds, seed: 9).Read(i).Image))];

    /// <summary>Requests that were answered, each with its time; those refused; and those that got another's answer.</summary>
    public sealed record Result(double Seconds, double[] Milliseconds, int Refused, int Wrong, double RowsABatch);

    public async Task<Result> Run()
    {
        var (inText, inImages) = (model.EmbedTexts(texts), images ? model.EmbedImages(files.Select(file => ImageFile.Decode(file))) : null);
        long rows = 0, batches = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument is { Name: "silc.batch.size", Meter.Name: "Silc" }) it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, size, _, _) =>
        {
            Interlocked.Add(ref rows, size);
            Interlocked.Increment(ref batches);
        });
        var settings = new ServeSettings { Port = 0, Concurrency = Math.Max(64, clients), LogLevel = "Warning" }.Check();
        await using var app = ServeApp.Create(settings, model, "bench");
        await app.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = clients }) { BaseAddress = new(app.Urls.Single()) };
        await Task.WhenAll(Enumerable.Range(0, clients).Select(one => Ask(client, one, inText, inImages)));     // compiles, connects
        listener.Start();
        var (times, refused, wrong, clock) = (new List<double>[clients], 0, 0, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, clients).Select(one => Task.Run(async () =>
        {
            times[one] = [];
            for (int i = one; clock.Elapsed < limit; i += clients)
            {
                var begun = Stopwatch.GetTimestamp();
                var (status, own) = await Ask(client, i, inText, inImages);
                if (status != HttpStatusCode.OK) Interlocked.Increment(ref refused);
                else times[one].Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                if (status == HttpStatusCode.OK && !own) Interlocked.Increment(ref wrong);
            }
        })));
        var seconds = clock.Elapsed.TotalSeconds;
        await app.StopAsync();
        return new(seconds, [.. times.SelectMany(some => some).Order()], refused, wrong, rows / (double)Math.Max(1, batches));
    }

    // One embedding, and whether it is nearer to what the library makes of its input than to that of any other.
    async Task<(HttpStatusCode Status, bool Own)> Ask(HttpClient client, int number, Vectors inText, Vectors? inImages)
    {
        var (which, image) = (number * 7 % Kinds, inImages is not null && number % 2 == 1);
        var input = image ? $"data:image/png;base64,{Convert.ToBase64String(files[which])}" : texts[which];
        using var answer = await client.PostAsJsonAsync("/v1/embeddings", new { input, encoding_format = "base64" });
        if (!answer.IsSuccessStatusCode) return (answer.StatusCode, false);
        var row = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data")[0].GetProperty("embedding");
        var vector = new Vectors(MemoryMarshal.Cast<byte, float>(row.GetBytesFromBase64()).ToArray(), model.Config.EmbedDim);
        return (answer.StatusCode, TopK.Of(vector.Similarities(image ? inImages! : inText)[0], 1)[0] == which);
    }
}
