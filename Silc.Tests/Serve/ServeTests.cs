using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Silc.Tests;

/// <summary>Every endpoint of the service, asked over HTTP: its answers are the library's own, and what is wrong is said without a path.</summary>
[TestClass, DoNotParallelize]
public sealed class ServeTests
{
    // Batches of other sizes add up in another order.
    const float Rounding = 2e-6f;

    static ServeHost host = null!;

    [ClassInitialize]
    public static void Start(TestContext _) => host = new();

    [ClassCleanup]
    public static void Stop() => host.Dispose();

    static async Task<(HttpStatusCode Status, JsonElement Body)> Post(string path, object body, ServeHost? to = null)
    {
        using var answer = await (to ?? host).Client.PostAsync(path, JsonContent.Create(body));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain((to ?? host).Folder, text);
        return (answer.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    static async Task<JsonElement> Right(string path, object body)
    {
        var (status, answer) = await Post(path, body);
        Assert.AreEqual(HttpStatusCode.OK, status, $"{answer}");
        return answer;
    }

    static string DataUri(string file) => $"data:image/png;base64,{Convert.ToBase64String(File.ReadAllBytes(file))}";

    static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetSingle())];

    static void Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], Rounding, $"value {i}");
    }

    [TestMethod]
    public async Task Embeddings_of_texts_and_images_are_the_librarys_in_their_order()
    {
        var answer = await Right("/v1/embeddings", new
        {
            model = ServeHost.ModelId,
            input = new object[]
            {
                "a red star", DataUri(host.Paths[2]), new { type = "text", text = "a blue circle" },
                new { type = "image_url", image_url = new { url = DataUri(host.Paths[5]) } },
            },
        });
        var (texts, images) = (host.Model.EmbedTexts(["a red star", "a blue circle"]), host.Model.EmbedImages([host.Paths[2], host.Paths[5]]));
        var data = answer.GetProperty("data");
        Assert.AreEqual(4, data.GetArrayLength());
        foreach (var (i, row) in data.EnumerateArray().Index())
        {
            Assert.AreEqual((i, "embedding"), (row.GetProperty("index").GetInt32(), row.GetProperty("object").GetString()));
            Same((i % 2 == 0 ? texts : images)[i / 2], Floats(row.GetProperty("embedding")));
        }
        Assert.AreEqual("list", answer.GetProperty("object").GetString());
        int tokens = ((string[])["a red star", "a blue circle"]).Sum(text => host.Model.Tokenizer!.Encode(text).Length);
        Assert.AreEqual(tokens, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [TestMethod]
    public async Task Base64_is_the_floats_as_OpenAIs_clients_read_them()
    {
        var answer = await Right("/v1/embeddings", new { input = "a red star", encoding_format = "base64", dimensions = ServeHost.Config.EmbedDim });
        var bytes = Convert.FromBase64String(answer.GetProperty("data")[0].GetProperty("embedding").GetString()!);
        Same(host.Model.EmbedTexts(["a red star"])[0], MemoryMarshal.Cast<byte, float>(bytes));
    }

    [TestMethod]
    public async Task Classification_is_the_librarys()
    {
        string[] labels = ["a red star", "a blue circle", "a green ring"];
        var answer = await Right("/v1/classify", new { image = DataUri(host.Paths[1]), labels, templates = "name", patches = true });
        var image = ImageFile.Read(host.Paths[1]);
        var expected = host.Model.Classify(image, labels, Prompts.NameOnly);
        var found = answer.GetProperty("labels").EnumerateArray().ToList();
        CollectionAssert.AreEqual(expected.Select(score => score.Label).ToArray(),
            found.Select(row => row.GetProperty("label").GetString()).ToArray());
        var classes = host.Model.Prototypes(ClassList.Of(labels), Prompts.NameOnly);
        var patches = classes.Scores(host.Model.EmbedPatches([image]));
        foreach (var (score, row) in expected.Zip(found))
        {
            Same([score.Score, score.Probability], [row.GetProperty("score").GetSingle(), row.GetProperty("probability").GetSingle()]);
            var column = Array.IndexOf(labels, score.Label);
            Same([.. Enumerable.Range(0, patches.Count).Select(patch => patches[patch, column])], Floats(row.GetProperty("patches")));
        }
        Assert.AreEqual(ServeHost.Config.Grid, answer.GetProperty("grid").GetInt32());
    }

    [TestMethod]
    public async Task A_form_asks_the_same_as_JSON()
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(File.ReadAllBytes(host.Paths[1])), "image", "cat.png" }, { new StringContent("a red star"), "labels" },
            { new StringContent("a blue circle"), "labels" }, { new StringContent("true"), "patches" },
        };
        using var answer = await host.Client.PostAsync("/v1/classify", form);
        var inForm = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var inJson = await Right("/v1/classify", new { row = 1, labels = new[] { "a red star", "a blue circle" }, patches = true });
        Assert.AreEqual($"{inJson}", $"{inForm}");
    }

    [TestMethod]
    public async Task Search_is_the_librarys()
    {
        var texts = await Right("/v1/search", new { text = "a red star", top = 4 });
        var images = await Right("/v1/search", new { image = DataUri(host.Paths[7]), top = 10 });
        var row = await Right("/v1/search", new { row = 7, top = 10 });
        Assert.AreEqual($"{images}", $"{row}");
        var index = EmbeddingIndex.Load(host.IndexPath);
        Check(Search.Find(index, host.Model.EmbedTexts(["a red star"]), 4)[0], texts);
        Check(Search.Find(index, host.Model.EmbedImage(host.Paths[7]), 10)[0], images);
        Assert.AreEqual(7, images.GetProperty("hits")[0].GetProperty("row").GetInt32());

        static void Check(IReadOnlyList<SearchHit> expected, JsonElement answer)
        {
            var hits = answer.GetProperty("hits").EnumerateArray().ToList();
            Assert.HasCount(expected.Count, hits);
            foreach (var (hit, found) in expected.Zip(hits))
            {
                Assert.AreEqual((hit.Row, hit.Title), (found.GetProperty("row").GetInt32(), found.GetProperty("title").GetString()));
                Same([hit.Score], [found.GetProperty("score").GetSingle()]);
            }
        }
    }

    [TestMethod]
    public async Task Segmentation_is_the_librarys_as_labels_and_as_overlay()
    {
        string[] labels = ["a red star", "a blue circle"];
        var image = ImageFile.Read(host.Paths[4]);
        var map = host.Model.Segmenter(host.Model.Prototypes(ClassList.Of(labels))).Segment(image);
        var answer = await Right("/v1/segment", new { row = 4, labels });
        using var scratch = new Scratch();
        var file = Path.Combine(scratch.Path, "labels.png");
        File.WriteAllBytes(file, Convert.FromBase64String(answer.GetProperty("label_map").GetString()!.Split(',')[1]));
        CollectionAssert.AreEqual(map.Labels, LabelMapFile.Read(file).Labels);
        foreach (var (format, expected) in new (string, byte[])[]
        {
            ("labels", File.ReadAllBytes(file)),
            ("overlay", ImageFile.Encode(SegmentationPainter.Overlay(image, map, label => SegmentationPainter.UsualColour(label, false)))),
        })
        {
            using var png = await host.Client.PostAsync("/v1/segment", JsonContent.Create(new { image = DataUri(host.Paths[4]), labels, format }));
            Assert.AreEqual("image/png", png.Content.Headers.ContentType!.MediaType);
            CollectionAssert.AreEqual(expected, await png.Content.ReadAsByteArrayAsync());
        }
        double share = answer.GetProperty("labels")[0].GetProperty("share").GetDouble();
        Assert.AreEqual(map.Labels.Count(label => label == 0) / (double)map.Labels.Length, share, 1e-9);
        var background = await Right("/v1/segment", new { row = 4, labels, background = 1 });
        Assert.AreEqual(1.0, background.GetProperty("labels")[0].GetProperty("share").GetDouble(), "nothing is surer than certain");
    }

    [TestMethod]
    public async Task Rows_of_the_index_have_their_titles_and_images()
    {
        var rows = (await host.Client.GetFromJsonAsync<JsonElement>("/v1/index?from=8&count=5")).GetProperty("rows").EnumerateArray().ToList();
        CollectionAssert.AreEqual(host.Titles[8..], rows.Select(row => row.GetProperty("title").GetString()).ToArray());
        var png = await host.Client.GetByteArrayAsync(rows[1].GetProperty("image").GetString());
        CollectionAssert.AreEqual(ImageFile.Read(host.Paths[9]).Rgba, ImageFile.Decode(png, "answer").Rgba);
        Assert.AreEqual(20, ImageFile.Decode(await host.Client.GetByteArrayAsync("/v1/index/9/image?side=20"), "answer").Width);
    }

    [TestMethod]
    [DataRow("/v1/embeddings", "{}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":[]}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":\" \"}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":[[1,2,3]]}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":[{\"type\":\"audio\"}]}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":\"data:image/png;base64,AAAA\"}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":\"data:image/png;base64,?\"}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":\"data:image/png,AAAA\"}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":[{\"image_url\":{\"url\":\"http://127.0.0.1/cat.png\"}}]}", 400, "input")]
    [DataRow("/v1/embeddings", "{\"input\":\"a\",\"model\":\"gpt\"}", 404, "model")]
    [DataRow("/v1/embeddings", "{\"input\":\"a\",\"dimensions\":3}", 400, "dimensions")]
    [DataRow("/v1/embeddings", "{\"input\":\"a\",\"encoding_format\":\"int8\"}", 400, "encoding_format")]
    [DataRow("/v1/embeddings", "{\"input\":\"a\",\"dimensions\":\"many\"}", 400, "dimensions")]
    [DataRow("/v1/embeddings", "{\"input\":", 400, "input")]
    [DataRow("/v1/embeddings", "null", 400, null)]
    [DataRow("/v1/embeddings", "[]", 400, null)]
    [DataRow("/v1/classify", "{\"row\":1}", 400, "labels")]
    [DataRow("/v1/classify", "{\"row\":1,\"labels\":[\"cat\",\"\"]}", 400, "labels")]
    [DataRow("/v1/classify", "{\"row\":1,\"labels\":[3]}", 400, "labels")]
    [DataRow("/v1/classify", "{\"labels\":[\"cat\"]}", 400, "image")]
    [DataRow("/v1/classify", "{\"row\":10,\"labels\":[\"cat\"]}", 404, "row")]
    [DataRow("/v1/classify", "{\"row\":-1,\"labels\":[\"cat\"]}", 404, "row")]
    [DataRow("/v1/classify", "{\"row\":1,\"labels\":[\"cat\"],\"templates\":\"/etc/passwd\"}", 400, "templates")]
    [DataRow("/v1/classify", "{\"row\":1,\"labels\":[\"cat\"],\"templates\":[\"a {}\",\"none\"]}", 400, "templates")]
    [DataRow("/v1/classify", "{\"image\":\"/etc/passwd\",\"labels\":[\"cat\"]}", 400, "image")]
    [DataRow("/v1/search", "{}", 400, "image")]
    [DataRow("/v1/search", "{\"text\":\"a\",\"top\":0}", 400, "top")]
    [DataRow("/v1/search", "{\"text\":\"a\",\"row\":1}", 400, "text")]
    [DataRow("/v1/segment", "{\"row\":1,\"labels\":[\"a\"],\"side\":1}", 400, "side")]
    [DataRow("/v1/segment", "{\"row\":1,\"labels\":[\"a\"],\"side\":100000}", 400, "side")]
    [DataRow("/v1/segment", "{\"row\":1,\"labels\":[\"a\"],\"background\":2}", 400, "background")]
    [DataRow("/v1/segment", "{\"row\":1,\"labels\":[\"a\"],\"format\":\"gif\"}", 400, "format")]
    [DataRow("/v1/nothing", "{}", 404, null)]
    public async Task What_is_wrong_is_said_by_its_field(string path, string body, int status, string? field)
    {
        using var answer = await host.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.AreEqual(status, (int)answer.StatusCode, text);
        var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        Assert.AreEqual(field, error.TryGetProperty("param", out var param) ? param.GetString() : null, text);
        Assert.AreEqual("invalid_request_error", error.GetProperty("type").GetString());
        foreach (var secret in (string[])["System.", "Silc.", "   at ", host.Folder, AppContext.BaseDirectory]) Assert.DoesNotContain(secret, text);
    }

    [TestMethod]
    public async Task Other_bodies_than_JSON_and_forms_are_refused()
    {
        using var answer = await host.Client.PostAsync("/v1/search", new StringContent("{\"text\":\"a\"}"));
        Assert.AreEqual(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        using var get = await host.Client.GetAsync("/v1/search");
        Assert.AreEqual(HttpStatusCode.MethodNotAllowed, get.StatusCode);
    }

    [TestMethod]
    public async Task The_OpenAPI_document_has_every_endpoint()
    {
        var document = await host.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        string[] expected = ["/health", "/metrics", "/v1/classify", "/v1/embeddings", "/v1/index", "/v1/index/{row}/image", "/v1/models",
            "/v1/search", "/v1/segment"];
        CollectionAssert.AreEquivalent(expected, document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToArray());
        var post = document.GetProperty("paths").GetProperty("/v1/classify").GetProperty("post");
        Assert.Contains("ClassifyRequest", $"{post.GetProperty("requestBody")}");
        var fields = document.GetProperty("components").GetProperty("schemas").GetProperty("EmbeddingsRequest").GetProperty("properties");
        CollectionAssert.AreEquivalent((string[])["input", "model", "encoding_format", "dimensions"],
            fields.EnumerateObject().Select(field => field.Name).ToArray());
    }

    [TestMethod]
    public async Task The_model_the_health_and_the_measurements_are_told()
    {
        await Right("/v1/embeddings", new { input = "a red star" });
        var model = (await host.Client.GetFromJsonAsync<JsonElement>("/v1/models")).GetProperty("data")[0];
        Assert.AreEqual((ServeHost.ModelId, ServeHost.Config.EmbedDim, 10), (model.GetProperty("id").GetString(),
            model.GetProperty("dimensions").GetInt32(), model.GetProperty("index_count").GetInt32()));
        Assert.AreEqual("ok", (await host.Client.GetFromJsonAsync<JsonElement>("/health")).GetProperty("status").GetString());
        var metrics = await host.Client.GetStringAsync("/metrics");
        Assert.MatchesRegex("""silc_embeddings_total\{silc_kind="text"\} [1-9]""", metrics);
        Assert.MatchesRegex("""silc_batch_size_bucket\{silc_kind="text",le="\+Inf"\} [1-9]""", metrics);
        Assert.MatchesRegex("""silc_batch_duration_seconds_sum\{silc_kind="text"\} [0-9.E-]+""", metrics);
        Assert.MatchesRegex("""http_server_request_duration_seconds_count\{[^}]*http_route="/v1/embeddings"[^}]*\} [1-9]""", metrics);
    }

    [TestMethod]
    public async Task A_page_of_another_site_is_not_answered()
    {
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { Host = "evil.example" } };
        Assert.AreEqual(HttpStatusCode.BadRequest, (await host.Client.SendAsync(rebound)).StatusCode);
        using var cross = new HttpRequestMessage(HttpMethod.Post, "/v1/search") { Content = JsonContent.Create(new { text = "a" }) };
        cross.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.AreEqual(HttpStatusCode.Forbidden, (await host.Client.SendAsync(cross)).StatusCode);
    }
}
