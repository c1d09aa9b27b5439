using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Silc.Tests;

/// <summary>What the service refuses, waits for, gives up and ends.</summary>
[TestClass, DoNotParallelize]
public sealed class ServeLimitTests : TempFolder
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    static Task<HttpResponseMessage> Embed(ServeHost host, string text, CancellationToken stop = default) =>
        host.Client.PostAsync("/v1/embeddings", JsonContent.Create(new { input = text }), stop);

    static string Message(HttpResponseMessage answer) =>
        answer.Content.ReadFromJsonAsync<JsonElement>().Result.GetProperty("error").GetProperty("message").GetString()!;

    // While a test holds the device's turn nothing is embedded.
    static void WaitFor(Func<bool> condition) => Assert.IsTrue(SpinWait.SpinUntil(condition, patience), "it did not come to pass");

    // Requests that have a place, as the service itself counts them.
    static int AtWork(ServeHost host)
    {
        const string Name = "aspnetcore_rate_limiting_active_request_leases{";
        var line = host.Client.GetStringAsync("/metrics").Result.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line.Split(' ')[^1]);
    }

    [TestMethod]
    public void A_body_that_is_too_large_is_refused()
    {
        using var host = new ServeHost(new() { MaxBodyMib = 1 });
        using var answer = Embed(host, new('a', 1 << 20)).Result;
        Assert.AreEqual(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("1 MiB", Message(answer));
        // Without a length, as a stream comes.
        using var endless = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings")
        {
            Content = new StreamContent(new MemoryStream([.. "{\"input\":\""u8, .. new byte[2 << 20].Select(_ => (byte)'a'), .. "\"}"u8])),
            Headers = { TransferEncodingChunked = true },
        };
        endless.Content.Headers.ContentType = new("application/json");
        Assert.AreEqual(HttpStatusCode.RequestEntityTooLarge, host.Client.SendAsync(endless).Result.StatusCode);
        Assert.AreEqual(HttpStatusCode.OK, Embed(host, "a red star").Result.StatusCode);
    }

    [TestMethod]
    public void Pixels_are_counted_before_they_are_decoded()
    {
        using var host = new ServeHost(new() { MaxMegapixels = 0.01 });
        foreach (var (side, status) in new[] { (100, HttpStatusCode.OK), (101, HttpStatusCode.RequestEntityTooLarge) })
        {
            var png = Convert.ToBase64String(ImageFile.Encode(new(side, 100, [.. Enumerable.Repeat((byte)200, 4 * side * 100)])));
            using var answer = host.Client.PostAsJsonAsync("/v1/classify", new { image = png, labels = new[] { "cat" } }).Result;
            Assert.AreEqual(status, answer.StatusCode);
        }
    }

    [TestMethod]
    public void Inputs_labels_and_letters_are_counted()
    {
        using var host = new ServeHost(new() { MaxInputs = 2, MaxLabels = 2, MaxTextLength = 10 });
        Refused("/v1/embeddings", new { input = new[] { "a", "b", "c" } }, "at most 2");
        Refused("/v1/embeddings", new { input = "12345678901" }, "at most 10");
        Refused("/v1/classify", new { row = 0, labels = new[] { "a", "b", "c" } }, "at most 2");
        Refused("/v1/classify", new { row = 0, labels = new[] { "a" }, templates = "clip" }, "at most 16");

        void Refused(string path, object body, string expected)
        {
            using var answer = host.Client.PostAsJsonAsync(path, body).Result;
            Assert.AreEqual(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(expected, Message(answer));
        }
    }

    [TestMethod]
    public void Beyond_the_queue_comes_429_and_those_who_wait_are_served()
    {
        using var host = new ServeHost(new() { Concurrency = 1, Queue = 1 });
        List<Task<HttpResponseMessage>> asked;
        using (host.Model.Exclusive())
        {
            asked = [.. Enumerable.Range(0, 5).Select(i => Embed(host, $"a red star {i}"))];
            WaitFor(() => asked.Count(task => task.IsCompleted) == 3);
            foreach (var refused in asked.Where(task => task.IsCompleted).Select(task => task.Result))
            {
                Assert.AreEqual(HttpStatusCode.TooManyRequests, refused.StatusCode);
                Assert.AreEqual(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
                Assert.Contains("try again", Message(refused));
            }
            // Who looks after the service is not in the queue.
            Assert.AreEqual(HttpStatusCode.OK, host.Client.GetAsync("/health").Result.StatusCode);
        }
        Assert.AreEqual(2, asked.Count(task => task.Result.StatusCode == HttpStatusCode.OK));
    }

    [TestMethod]
    public void What_takes_too_long_is_answered_with_504()
    {
        using var host = new ServeHost(new() { TimeoutSeconds = 0.3 });
        using (host.Model.Exclusive())
        {
            using var answer = Embed(host, "a red star").Result;
            Assert.AreEqual(HttpStatusCode.GatewayTimeout, answer.StatusCode);
            Assert.Contains("0.3 s", Message(answer));
        }
    }

    [TestMethod]
    public void Who_goes_away_leaves_no_work()
    {
        using var host = new ServeHost(new() { Concurrency = 1, Queue = 0 });
        using var stop = new CancellationTokenSource();
        using (host.Model.Exclusive())
        {
            var gone = Embed(host, "a red star", stop.Token);
            WaitFor(() => AtWork(host) == 1);
            stop.Cancel();
            Assert.ThrowsExactly<AggregateException>(() => gone.Wait(patience));
            // Its place is free although the device was not.
            WaitFor(() => AtWork(host) == 0);
        }
        Assert.AreEqual(HttpStatusCode.OK, Embed(host, "a blue circle").Result.StatusCode);
    }

    [TestMethod]
    [DataRow("Authorization", "Bearer s3cret", 200)]
    [DataRow("Authorization", "bearer s3cret", 200)]
    [DataRow("X-API-Key", "s3cret", 200)]
    [DataRow("Authorization", "Bearer s3cre", 401)]
    [DataRow("Authorization", "s3cret", 401)]
    [DataRow("X-API-Key", "", 401)]
    [DataRow(null, null, 401)]
    public void A_key_is_asked_for_but_by_the_page_and_health(string? header, string? value, int expected)
    {
        using var host = new ServeHost(key: "s3cret");
        foreach (var path in (string[])["/", "/health", "/openapi/v1.json"])
            Assert.AreEqual(HttpStatusCode.OK, host.Client.GetAsync(path).Result.StatusCode, path);
        if (header is not null) host.Client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        foreach (var path in (string[])["/metrics", "/v1/models", "/v1/index", "/v1/index/0/image"])
            Assert.AreEqual(expected, (int)host.Client.GetAsync(path).Result.StatusCode, path);
        Assert.AreEqual(expected, (int)Embed(host, "a red star").Result.StatusCode);
    }

    [TestMethod]
    public void Requests_at_work_are_answered_before_the_service_ends()
    {
        var host = new ServeHost();
        Task<HttpResponseMessage> asked;
        Task stopped;
        using (host.Model.Exclusive())
        {
            asked = Embed(host, "a red star");
            WaitFor(() => AtWork(host) == 1);
            stopped = host.App.StopAsync();
            WaitFor(() =>
            {
                try
                {
                    using var other = new HttpClient { BaseAddress = host.Client.BaseAddress };
                    return other.GetAsync("/health").Wait(patience) && false;
                }
                catch (AggregateException refused) when (refused.InnerException is HttpRequestException)
                {
                    return true;
                }
            });
            Assert.IsFalse(stopped.IsCompleted);
        }
        Assert.AreEqual(HttpStatusCode.OK, asked.Result.StatusCode);
        Assert.IsTrue(stopped.Wait(patience));
        host.Dispose();
    }

    [TestMethod]
    public void What_is_not_expected_is_said_by_its_number_alone()
    {
        using var host = new ServeHost();
        host.Model.Dispose();
        using var answer = Embed(host, "a red star").Result;
        Assert.AreEqual(HttpStatusCode.InternalServerError, answer.StatusCode);
        var text = answer.Content.ReadAsStringAsync().Result;
        Assert.Contains("the service's log says why", text);
        Assert.DoesNotContain("isposed", text);
    }

    [TestMethod]
    [DataRow("{\"prot\": 1}", "prot is not understood; there are host, port")]
    [DataRow("{\"port\": \"x\"}", "port is not understood")]
    [DataRow("{\"port\": 70000}", "port is 70000")]
    [DataRow("{\"concurrency\": 0}", "concurrency is 0")]
    [DataRow("{\"log_level\": \"loud\"}", "log_level 'loud'")]
    [DataRow("{\"host\": \"example.org\"}", "--host example.org")]
    [DataRow("null", "holds null")]
    public void A_configuration_that_is_wrong_is_named(string json, string expected)
    {
        File.WriteAllText(At("serve.json"), json);
        var (code, _, error) = CommandLineRun.Of("serve", "--model", CaseModel.In(Root), "--config", At("serve.json"), "--device", "cpu");
        Assert.AreEqual(Samples.Commands.SilcCommand.Failed, code);
        Assert.Contains(expected, error);
    }

    [TestMethod]
    public void The_command_says_where_it_listens_and_ends_in_order()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("signals are Unix's");
        File.WriteAllText(At("key"), "s3cret\n");
        using var process = new SilcProcess("serve", "--model", CaseModel.In(Root), "--port", "0", "--device", "cpu", "--api-key-file", At("key"));
        Assert.IsTrue(process.WaitFor(() => process.Output.Contains("Ctrl-C ends")), process.Output);
        var address = process.Output.Split('\n').First(line => line.StartsWith("silc ", StringComparison.Ordinal)).Split(' ',
            StringSplitOptions.RemoveEmptyEntries)[1];
        Assert.IsTrue(new Uri(address).IsLoopback);
        using var client = new HttpClient { BaseAddress = new(address), DefaultRequestHeaders = { { "X-API-Key", "s3cret" } } };
        using var embedded = client.PostAsJsonAsync("/v1/embeddings", new { input = "a red star" }).Result;
        Assert.Contains("\"model\":\"model\"", embedded.Content.ReadAsStringAsync().Result);
        Assert.AreEqual(HttpStatusCode.NotFound, client.PostAsJsonAsync("/v1/search", new { text = "a red star" }).Result.StatusCode);
        process.Signal("TERM");
        Assert.AreEqual(0, process.ExitCode, process.Output);
        Assert.Contains("ended", process.Output);
        Assert.MatchesRegex(@"POST /v1/embeddings 200 [\d.]+ ms", process.Output);
        Assert.DoesNotContain("s3cret", process.Output);
    }
}
