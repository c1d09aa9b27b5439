using System.ComponentModel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Silc.Samples.Serve;

/// <summary>A request to find images by words, or by an image.</summary>
sealed record SearchRequest
{
    [Description("Words to look for.")]
    public string? Text { get; init; }

    [Description("Or an image: base64, a data URI, or a file of the form.")]
    public string? Image { get; init; }

    [Description("Or the image of this row of the index.")]
    public int? Row { get; init; }

    [Description("How many to find; 12 unless given.")]
    public int Top { get; init; } = 12;
}

/// <summary>What was found, best first, among <paramref name="Count"/> rows.</summary>
sealed record SearchAnswer(string Model, int Count, IReadOnlyList<FoundRow> Hits);

/// <summary>A row of the index, its cosine to the query, its caption and where its image is to be had.</summary>
sealed record FoundRow(int Row, float Score, string Title, string Image);

/// <summary><c>POST /v1/search</c>.</summary>
static class SearchEndpoint
{
    const int Most = 200;

    public static async Task<SearchAnswer> Answer(HttpContext http, ServedModel served, ServedImages images)
    {
        var index = http.RequestServices.GetService<ServedIndex>() ?? throw ServedIndex.None("text");
        var (request, stop) = (await RequestBody.Read<SearchRequest>(http), http.RequestAborted);
        if (request.Top is < 1 or > Most) throw ServeError.Bad("top", $"top is {request.Top}, it must lie in 1 to {Most}");
        if (request.Text is not null && (request.Image is not null || request.Row is not null))
            throw ServeError.Bad("text", "say one thing to look for: text, image or row");
        if (request.Text is not null) served.CheckText(request.Text, "text");
        var query = request.Text is { } text ? await served.Embed([text], stop)
            : await served.Embed([() => images.Of(request.Image, request.Row)], stop);
        var hits = await served.InTurn(() => index.Find(ServedModel.Rows(query), request.Top), stop);
        return new(served.Id, index.Count, [.. hits.Select(hit => new FoundRow(hit.Row, hit.Score, hit.Title, IndexEndpoint.ImageOf(hit.Row)))]);
    }
}
