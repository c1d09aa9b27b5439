using System.ComponentModel;
using Microsoft.AspNetCore.Http;

namespace Silc.Samples.Serve;

/// <summary>A request to say which of some labels an image shows.</summary>
sealed record ClassifyRequest
{
    [Description("The image: base64, a data URI, or a file of the form.")]
    public string? Image { get; init; }

    [Description("In place of an image: that of this row of the index.")]
    public int? Row { get; init; }

    [Description("Names, such as cat.")]
    public string[]? Labels { get; init; }

    [Description("A set of sentences (name, photo, short, segmentation, clip, clip_best), or sentences with {} for the label; photo unless given.")]
    public string[]? Templates { get; init; }

    [Description("Also say how much each patch of the image resembles each label.")]
    public bool Patches { get; init; }
}

/// <summary>All labels, best first; <paramref name="Grid"/> is the number of patches along a side.</summary>
sealed record ClassifyAnswer(string Model, IReadOnlyList<ClassifiedLabel> Labels, int? Grid);

/// <summary>A label, its cosine to the image, what the model makes of it, and cosines to the patches, row by row.</summary>
sealed record ClassifiedLabel(string Label, float Score, float Probability, float[]? Patches);

/// <summary><c>POST /v1/classify</c>: zero-shot classification.</summary>
static class ClassifyEndpoint
{
    public static async Task<ClassifyAnswer> Answer(HttpContext http, ServedModel served, ServedImages images)
    {
        var (request, stop) = (await RequestBody.Read<ClassifyRequest>(http), http.RequestAborted);
        served.Check(request.Labels, request.Templates);
        // Of labels that come twice one is answered.
        string[] labels = [.. request.Labels!.Distinct()];
        var image = images.Of(request.Image, request.Row);
        var vector = ServedModel.Rows(await served.Embed([() => image], stop));
        return await served.InTurn(() =>
        {
            var (model, classes) = (served.Model, served.Prototypes(labels, request.Templates));
            var scores = model.Classify(vector, classes)[0];
            if (!request.Patches) return new(served.Id, [.. scores.Select(score => Label(score, null))], null);
            var patches = classes.OfPatches(model.Config.PatchDim).Scores(model.EmbedPatches([image], crop: served.Crop));       // (T, K)
            var column = labels.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
            return new ClassifyAnswer(served.Id,
                [.. scores.Select(score => Label(score, Column(patches, column[score.Label])))], model.Config.Grid);
        }, stop);
    }

    static ClassifiedLabel Label(LabelScore score, float[]? patches) => new(score.Label, score.Score, score.Probability, patches);

    static float[] Column(Vectors scores, int column)
    {
        var values = new float[scores.Count];
        for (int i = 0; i < values.Length; i++) values[i] = scores[i, column];
        return values;
    }
}
