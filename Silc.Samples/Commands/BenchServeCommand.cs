using System.CommandLine;
using Silc.Samples.Bench;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench serve</c>: requests a second and their times under load.</summary>
static class BenchServeCommand
{
    const int MostClients = 1000;
    const double MostSeconds = 600;

    static readonly Option<string?> Model = new("--model") { Description = "As of silc serve; a random mini unless given.", HelpName = "DIR|FILE" };
    static readonly Option<int> Clients = new Option<int>("--clients")
    {
        Description = "Requests at once, at most 1000.",
        HelpName = "N",
        DefaultValueFactory = _ => 16,
    }.From(1);
    static readonly Option<double> Seconds = new Option<double>("--seconds")
    {
        Description = "How long, at most 600.",
        HelpName = "S",
        DefaultValueFactory = _ => 10,
    }.Above(0);
    static readonly Option<bool> Images = new("--images") { Description = "Every second request embeds an image." };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("serve", """
            Serve a model on the loopback and load it from this same process: requests a second, their median and 99th percentile, rows a batch of the
            device, and whether any answer was another's.

            Examples:
              silc bench serve --clients 32
              silc bench serve --model runs/mine --images --seconds 30
            """) { Model, Clients, Seconds, Images, Device };
        foreach (var option in (Option[])[ModelOption.Tokenizer, EvalOptions.Resize, EvalOptions.Background]) command.Add(option);
        command.SetAction((parsed, _) => Run(parsed));
        return command;
    }

    static async Task<int> Run(ParseResult parsed)
    {
        var (clients, seconds) = (Math.Min(parsed.GetValue(Clients), MostClients), Math.Min(parsed.GetValue(Seconds), MostSeconds));
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = parsed.GetValue(Model) is { } path ? ModelOption.Load(device, path, parsed)
            : SilcModel.Create(device, SilcConfig.Mini with { VocabSize = new WordTokenizer().VocabSize }, seed: 1, new WordTokenizer());
        Console.WriteLine($"device   {device}");
        var found = await new ServeBench(model, clients, TimeSpan.FromSeconds(seconds), parsed.GetValue(Images)).Run();
        var times = found.Milliseconds;
        Console.WriteLine($"serve    {clients} clients, {found.Seconds:F1} s: {times.Length:N0} answers, "
            + $"{times.Length / found.Seconds:N0} requests/s, p50 {At(0.5):F1} ms, p99 {At(0.99):F1} ms, "
            + $"{found.RowsABatch:F1} rows a batch, {found.Refused:N0} refused, {found.Wrong:N0} another's");
        return found.Wrong == 0 && times.Length > 0 ? 0 : SilcCommand.Failed;

        double At(double share) => times.Length == 0 ? double.NaN : times[(int)(share * (times.Length - 1))];
    }
}
