using Microsoft.AspNetCore.OpenApi;

namespace Silc.Samples.Serve;

/// <summary>What the OpenAPI document says beside what follows from the endpoints.</summary>
static class OpenApiText
{
    public static void Apply(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new()
        {
            Title = "Silc",
            Version = "1",
            Description = "Embeddings of texts and images in one space, zero-shot classification, search and segmentation by words. "
                + "Where the service has a key, send it as Authorization: Bearer KEY or X-API-Key: KEY.",
        };
        document.Servers = [];
        return Task.CompletedTask;
    });
}
