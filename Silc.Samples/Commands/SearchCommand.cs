using System.CommandLine;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc search</c>: the images of an index that fit words, or another image.</summary>
static class SearchCommand
{
    const int FaultsShown = 10;

    static readonly Argument<string[]> Queries =
        new("query") { Description = "What to look for; several queries make a row each.", Arity = ArgumentArity.ZeroOrMore };
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string> Index = new("--index")
    {
        Description = "What silc embed wrote with the same model.",
        HelpName = "FILE.npy|FILE.csv",
        Required = true
    };
    static readonly Option<string[]> Like = new("--like") { Description = "Look for what resembles this image.", HelpName = "IMAGE" };
    static readonly Option<int> Top = new("--top") { Description = "How many to show.", HelpName = "N", DefaultValueFactory = _ => 8 };
    static readonly Option<bool> Json = new("--json")
    {
        Description = "Print a JSON object a line for each image: query, rank, score, title and "
        + "path."
    };
    static readonly Option<string?> Sheet = new("--sheet") { Description = "Also draw what was found.", HelpName = "FILE.png" };
    static readonly Option<string?> Data = new("--data")
    {
        Description = "For a sheet of images that are not files: the --data that was embedded.",
        HelpName = "DATA"
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("search", """
            Find images by words, or by another image, in an index that silc embed wrote. On a terminal that is a table; in a pipe a line for
            each image with tabs between path, query, rank, cosine and caption.

            Examples:
              silc search "a red bicycle" --model runs/mine --index vectors.npy --sheet found.png
              silc search "dog face" "a slice of pizza" --model runs/emoji --index vectors.npy --top 5
              silc search --like cat.jpg --model runs/mine --index vectors.npy
            """) { Queries, Model, Index, Like, EvalOptions.QueryCrop, EvalOptions.Resize, EvalOptions.Background, Top, Json, Sheet, Data, Device,
                EvalOptions.Precision };
        foreach (var option in DataOption.Reading.Append(ModelOption.Tokenizer)) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (words, like, top) = (parsed.GetValue(Queries) ?? [], parsed.GetValue(Like) ?? [], parsed.GetValue(Top));
        if (words.Length + like.Length == 0) throw new ArgumentException("say what to look for, in words or by --like IMAGE");
        if (words.Any(string.IsNullOrWhiteSpace)) throw new ArgumentException("a query is empty");
        if (top < 1) throw new ArgumentException($"--top is {top}, it must be at least 1");
        foreach (var file in like)
            if (!File.Exists(file)) throw new FileNotFoundException($"--like {file}: no such image");
        var name = parsed.GetRequiredValue(Index);
        OutputGuard.Check(parsed, [IndexColumns.Files(name).Table], parsed.GetValue(Sheet) is { } drawn ? Output.Sheet(drawn) : null);
        using var index = IndexFile.Open(name);
        var crop = Crop(index, name, parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, parsed.GetRequiredValue(Model), parsed, images: own => Images(index, name, parsed, own));
        CheckModel(index, name, model, parsed.GetRequiredValue(Model));

        var (texts, images) = (words.Length > 0 ? model.EmbedTexts(words) : null, like.Length > 0 ? model.EmbedImages(like, crop) : null);
        var faults = new List<int>();
        // One pass over the index for both kinds of query.
        var hits = Search.Find(index, Vectors.Stack(texts, images), top, device.FindNeighbours, faults.Add);
        List<(string Query, IReadOnlyList<SearchHit> Hits)> found = [.. words.Concat(like).Zip(hits)];
        if (faults.Count > 0)
            Console.Error.WriteLine($"warning: {faults.Count:N0} rows of {name} are zero or hold values that are no numbers; nothing is found in "
                + "them: "
                + $"rows {string.Join(", ", faults.Take(FaultsShown))}{(faults.Count > FaultsShown ? ", …" : "")}");
        Show(found, parsed.GetValue(Json));
        if (parsed.GetValue(Sheet) is { } sheet) Draw(sheet, found, index, parsed);
        return 0;
    }

    // A query is cropped as the index was: cosines between squashed and cropped images are too low.
    internal static EvalCrop Crop(IndexFile index, string name, ParseResult parsed)
    {
        var given = parsed.GetValue(EvalOptions.QueryCrop);
        if (given is null || index.Crop is null || given == index.Crop) return given ?? index.Crop ?? EvalCrop.Squash;
        var (its, asked) = (IndexColumns.Text(index.Crop), IndexColumns.Text(given));
        throw new ArgumentException($"{EvalOptions.QueryCrop.Name} {asked}: the images of --index {name} were embedded with {its}; "
            + $"leave the option out, or embed again with {EvalOptions.Crop.Name} {asked}");
    }

    // As for crops: what the index says holds.
    internal static ImageRule Images(IndexFile index, string name, ParseResult parsed, ImageRule own)
    {
        if (index.Images is not { } its) return EvalOptions.RuleOf(parsed, own);
        var asked = EvalOptions.RuleOf(parsed, its);
        var pairs = new[] { (EvalOptions.Resize, its.Resize, asked.Resize), (EvalOptions.Background, its.Background, asked.Background) };
        foreach (var (option, has, wanted) in pairs)
            if (has != wanted)
                throw new ArgumentException($"{option.Name} {wanted}: the images of --index {name} were embedded with {has}; leave the option "
                    + $"out, or embed again with {option.Name} {wanted}");
        return its;
    }

    internal static void CheckModel(IndexFile index, string name, SilcModel model, string modelName)
    {
        if (index.Width != model.Config.EmbedDim)
            throw new ArgumentException($"--index {name} holds vectors of {index.Width}, the model makes {model.Config.EmbedDim}: embed with this "
                + "model");
        if (index.Model is null)
            Console.Error.WriteLine($"note: {name} does not say which model made its vectors; what silc embed writes does, and is compared");
        else if (model.Fingerprint() is var fingerprint && fingerprint != index.Model)
            throw new ArgumentException($"--index {name} was made by another model (fingerprint {index.Model}) than --model {modelName} "
                + $"({fingerprint}), so cosines between "
                + "them mean nothing: search with the model that made it, or embed again with this one");
    }

    static void Show(List<(string Query, IReadOnlyList<SearchHit> Hits)> found, bool json)
    {
        var listing = new Listing(("rank", "rank"), ("cosine", "score"), ("caption", "title"), ("image", "path"));
        foreach (var (query, hits) in found)
            foreach (var (rank, hit) in hits.Index())
                listing.Add(query, rank + 1, hit.Score, hit.Title, PathOf(hit));
        if (json) listing.ShowJson("query");
        else listing.Show();
    }

    static string PathOf(SearchHit hit) =>
        hit.Path == "" ? $"row {hit.Row}" : File.Exists(hit.Path) ? Path.GetRelativePath(".", hit.Path) : hit.Path;

    static void Draw(string sheet, List<(string Query, IReadOnlyList<SearchHit> Hits)> found, IndexFile index, ParseResult parsed)
    {
        var source = parsed.GetValue(Data) is { } data ? DataOption.Open(data, seed: 0, parsed, needCaptions: false) : null;
        if (source is not null && source.Count < index.Count && !found.All(row => row.Hits.All(hit => File.Exists(hit.Path))))
            throw new ArgumentException($"--data {parsed.GetValue(Data)} has {source.Count:N0} images, the index {index.Count:N0} rows: give what "
                + "was embedded");
        ContactSheet.Write(sheet, [.. found.Select(row => new ContactSheetRow(row.Query,
            [.. row.Hits.Select(hit => new ContactSheetCell(Image(hit, source, index.Count), $"{hit.Score:F2} {hit.Title}"))]))], "Found by search");
        // In a pipe there are images alone.
        (Console.IsOutputRedirected || parsed.GetValue(Json) ? Console.Error : Console.Out).WriteLine($"wrote {sheet}");
    }

    static RgbImage Image(SearchHit hit, IImageTextSource? source, int rows)
    {
        if (!File.Exists(hit.Path) && source is null) throw Missing(hit);
        if (!File.Exists(hit.Path) && source!.Count != rows) return ImageOf(hit, source, rows);
        try
        {
            return File.Exists(hit.Path) ? ImageFile.Read(hit.Path) : source!.Read(hit.Row).Image;
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            Console.Error.WriteLine($"skipped  {error.Message}");
            return Gone;
        }
    }

    // Rows count what could be read when it was embedded. With some left out, a row is of its own image or of one that comes later, by so many
    // at most; its path says which.
    static RgbImage ImageOf(SearchHit hit, IImageTextSource source, int rows)
    {
        for (int i = hit.Row; i <= hit.Row + source.Count - rows; i++)
        {
            try
            {
                if (source.Read(i) is var pair && pair.Key == hit.Path) return pair.Image;
            }
            catch (Exception error) when (Unreadable.Is(error))
            {
                // As when it was embedded.
            }
        }
        throw new ArgumentException($"--data has {source.Count:N0} images, the index {rows:N0} rows, and none of those that row {hit.Row} may be is "
            + $"called '{hit.Path}': "
            + "give what was embedded, by the same name");
    }

    // Placeholder for an image that cannot be read any more.
    static RgbImage Gone { get; } = new(1, 1, [128, 128, 128, 255]);

    static FileNotFoundException Missing(SearchHit hit) => new(hit.Path == "" ? "captions have no images to draw: leave out --sheet"
        : $"'{hit.Path}' is no file: for a sheet give --data as it was embedded, for example --data demo");
}
