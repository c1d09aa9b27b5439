using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Silc.Samples.Serve;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc serve</c>: a model as a service over HTTP, with a page.</summary>
static class ServeCommand
{
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Index = new("--index")
    {
        Description = "What silc embed wrote with the same model: lets the service search, and the page show images.",
        HelpName = "FILE.npy|FILE.csv",
    };
    static readonly Option<string?> Data = new("--data")
    {
        Description = "For an index of images that are not files: the --data that was embedded.",
        HelpName = "DATA",
    };
    static readonly Option<int?> Port = new Option<int?>("--port") { Description = "8080 unless given; 0 takes a free one.", HelpName = "N" }.From(0);
    static readonly Option<string?> Host = new("--host")
    {
        Description = "Address to listen on: 127.0.0.1, which only this machine reaches, unless given; 0.0.0.0 for all.",
        HelpName = "ADDRESS",
    };
    static readonly Option<string?> Config = new("--config")
    {
        Description = "Limits and the rest as JSON: port, host, max_body_mib, max_megapixels, concurrency, queue, timeout_seconds, drain_seconds, "
            + "max_inputs, max_text_length, max_labels, api_key_file, log_level.",
        HelpName = "FILE.json",
    };
    static readonly Option<string?> KeyFile = new("--api-key-file")
    {
        Description = $"Requests must bring the key in this file's first line; the variable {ApiKey.Variable} does the same.",
        HelpName = "FILE",
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("serve", """
            Serve a model over HTTP, with a page: POST /v1/embeddings as OpenAI's clients read it, /v1/classify, /v1/search, /v1/segment; GET /health,
            /metrics, /openapi/v1.json. Ctrl-C or TERM lets requests at work end, then the service.

            Examples:
              silc serve --model runs/demo
              silc serve --model runs/mine --index photos.npy --port 9000
              curl -F image=@cat.jpg -F labels=cat -F labels=dog http://127.0.0.1:8080/v1/classify
            """)
        {
            Model, Index, Data, Port, Host, Config, KeyFile, EvalOptions.QueryCrop, EvalOptions.Resize, EvalOptions.Background, Device,
            EvalOptions.Precision,
        };
        foreach (var option in DataOption.Reading.Append(ModelOption.Tokenizer)) command.Add(option);
        command.SetAction((parsed, _) => Run(parsed));
        return command;
    }

    static async Task<int> Run(ParseResult parsed)
    {
        var settings = SettingsOf(parsed).Check();
        var (name, path) = (parsed.GetValue(Index), parsed.GetRequiredValue(Model));
        if (name is null && parsed.GetValue(Data) is not null) throw new ArgumentException("--data is for the images of an --index; name it");
        var key = ApiKey.Of(settings.ApiKeyFile);
        using var file = name is null ? null : IndexFile.Open(name);
        var crop = file is null ? parsed.GetValue(EvalOptions.QueryCrop) ?? EvalCrop.Squash : SearchCommand.Crop(file, name!, parsed);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, path, parsed,
            images: file is null ? null : own => SearchCommand.Images(file, name!, parsed, own));
        if (file is not null) SearchCommand.CheckModel(file, name!, model, path);
        var source = parsed.GetValue(Data) is { } data ? DataOption.Open(data, seed: 0, parsed, needCaptions: false) : null;
        var index = file is null ? null : new ServedIndex(file, source, device.FindNeighbours);

        await using var app = ServeApp.Create(settings, model, NameOf(path), crop, index, key);
        // Kernels are compiled before the first request, not by it.
        model.EmbedTexts(["warm"]);
        model.EmbedPixels(new float[model.Config.ImageSize * model.Config.ImageSize * 3]);
        using var interrupt = new Interrupt("requests at work may end; once more stops at once");
        await app.StartAsync(interrupt.Token);
        Console.WriteLine($"device   {device}");
        foreach (var address in app.Urls) Console.WriteLine($"silc     {address}  (the page; Ctrl-C ends)");
        if (key is null && !IsLoopback(app)) Console.Error.WriteLine($"note: whoever reaches this machine may use it; {ApiKey.Variable} or "
            + $"{KeyFile.Name} asks for a key, and a proxy in front adds TLS");
        await Task.Delay(Timeout.Infinite, interrupt.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        await app.StopAsync(CancellationToken.None);
        Console.WriteLine("ended");
        return 0;
    }

    static ServeSettings SettingsOf(ParseResult parsed)
    {
        var settings = parsed.GetValue(Config) is { } file ? ServeSettings.Read(file) : new();
        return settings with
        {
            Port = parsed.GetValue(Port) ?? settings.Port,
            Host = parsed.GetValue(Host) ?? settings.Host,
            ApiKeyFile = parsed.GetValue(KeyFile) ?? settings.ApiKeyFile,
        };
    }

    // The folder's name, or the file's without its ending: nothing of where it lies.
    static string NameOf(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) is var full && Directory.Exists(full)
        ? Path.GetFileName(full) : Path.GetFileNameWithoutExtension(full);

    static bool IsLoopback(WebApplication app) => app.Urls.All(url => new Uri(url).IsLoopback);
}
