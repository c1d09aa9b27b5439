using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Silc.Samples.Report;

namespace Silc.Samples.Serve;

/// <summary>Some rows of the index, of <paramref name="Count"/> in all.</summary>
sealed record IndexAnswer(int Count, int From, IReadOnlyList<IndexRow> Rows);

/// <summary>A row, its caption and where its image is to be had.</summary>
sealed record IndexRow(int Row, string Title, string Image);

/// <summary><c>GET /v1/index</c>, its rows, and <c>GET /v1/index/{row}/image</c>, the image of one.</summary>
static class IndexEndpoint
{
    const int MostRows = 200, LeastSide = 16, MostSide = 1024;

    public static string ImageOf(int row) => $"/v1/index/{row}/image";

    public static IndexAnswer Rows(HttpContext http, int from = 0, int count = 48)
    {
        var index = Index(http);
        if (from < 0) throw ServeError.Bad("from", $"from is {from}, it must be 0 or more");
        if (count is < 1 or > MostRows) throw ServeError.Bad("count", $"count is {count}, it must lie in 1 to {MostRows}");
        int last = (int)Math.Min(index.Count, (long)from + count);
        return new(index.Count, from,
            [.. Enumerable.Range(from, Math.Max(0, last - from)).Select(row => new IndexRow(row, index.Title(row), ImageOf(row)))]);
    }

    public static IResult Image(HttpContext http, int row, int side = 256)
    {
        if (side is < LeastSide or > MostSide) throw ServeError.Bad("side", $"side is {side}, it must lie in {LeastSide} to {MostSide}");
        var bytes = ImageFile.Encode(Thumbnail.Of(Index(http).Image(row), side));
        http.Response.Headers.CacheControl = "private, max-age=600";
        return TypedResults.Bytes(bytes, "image/png");
    }

    static ServedIndex Index(HttpContext http) => http.RequestServices.GetService<ServedIndex>() ?? throw ServedIndex.None("index");
}
