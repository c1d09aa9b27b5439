using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Silc.Samples.Heads;
using Silc.Samples.Outputs;

namespace Silc.Samples.Commands;

/// <summary><c>silc caption</c> and <c>silc answer</c>: what a head says of a user's own images.</summary>
static class WriteCommand
{
    const int ImagesAtOnce = 16;

    static readonly JsonSerializerOptions indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    static readonly Argument<string[]> Images =
        new("IMAGE") { Description = "Images, or folders of them.", Arity = ArgumentArity.OneOrMore };
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: true);
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<string?> Json = new("--json")
    {
        Description = "Also write it to a file; without FILE, or with -, print it as JSON in place of lines.",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string[]> Question = new("--question")
    {
        Description = "What to ask about each image; may be given several times.",
        HelpName = "TEXT",
        Required = true,
    };
    static readonly Option<string?> Choices = new("--choices")
    {
        Description = "Answers to choose from, with commas between: the most probable is taken, in place of one that the head makes up.",
        HelpName = "TEXT,TEXT",
    };

    sealed record WrittenText(string Image, string? Question, string Text, double LogLikelihood, Box? Box = null);

    /// <summary>The command for captions.</summary>
    public static Command Caption()
    {
        var command = new Command("caption", """
            Write a caption for each image, by a head that was trained on a model.

            Example: silc caption street.jpg photos --model mini --head runs/captions --beam 3
            """) { Images, Model, Head, HeadOptions.Beam, Json, Device, ModelOption.Tokenizer };
        command.SetAction(parsed => Run(parsed, (head, images, files) =>
            head.Captions(images, parsed.GetValue(HeadOptions.Beam)).Zip(files,
                (one, file) => new WrittenText(file, null, one.Text, one.LogLikelihood))));
        return command;
    }

    /// <summary>The command for answers.</summary>
    public static Command Answer()
    {
        var command = new Command("answer", """
            Answer questions about each image, by a head that was trained on a model.

            Examples:
              silc answer street.jpg --model mini --head runs/answers --question "how many shapes are there?"
              silc answer photos --model mini --head runs/answers --question "which shape is red?" --choices "star,circle"
            """) { Images, Model, Head, Question, Choices, HeadOptions.Beam, Json, Device, ModelOption.Tokenizer };
        command.SetAction(parsed => Run(parsed, (head, images, files) => Answers(parsed, head, images, files)));
        return command;
    }

    static IEnumerable<WrittenText> Answers(ParseResult parsed, DecoderHead head, IReadOnlyList<RgbImage> images, IReadOnlyList<string> files)
    {
        var questions = parsed.GetRequiredValue(Question);
        var choices = (parsed.GetValue(Choices) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parsed.GetValue(Choices) is not null && choices.Length == 0) throw new ArgumentException("--choices names no answer");
        var all = images.Zip(files)
            .SelectMany(one => questions.Select(question => (Image: one.First, File: one.Second, Question: question))).ToList();
        if (choices.Length == 0)
            return all.Zip(head.Answers([.. all.Select(one => one.Image)], [.. all.Select(one => one.Question)], parsed.GetValue(HeadOptions.Beam)),
                (one, said) => new WrittenText(one.File, one.Question, said.Text, said.LogLikelihood,
                    BoxWords.Read(said.Text, one.Image.Width, one.Image.Height)));
        return all.Select(one =>
        {
            var likely = head.LogLikelihoods(one.Image, choices, one.Question);
            int best = Array.IndexOf(likely, likely.Max());
            return new WrittenText(one.File, one.Question, choices[best], likely[best]);
        });
    }

    static int Run(ParseResult parsed, Func<DecoderHead, IReadOnlyList<RgbImage>, IReadOnlyList<string>, IEnumerable<WrittenText>> write)
    {
        var printed = parsed.GetResult(Json) is { } given && (given.Tokens.Count == 0 || given.Tokens[0].Value == "-");
        var file = printed ? null : parsed.GetValue(Json);
        OutputGuard.Check(parsed, parsed.GetValue(Images) ?? [], file is null ? null : Output.Said(file));
        var files = UserImages.Some(parsed.GetValue(Images) ?? []);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, parsed.GetRequiredValue(Model), parsed, captions: false);
        using var head = DecoderHead.Load(model, parsed.GetValue(Head)!);
        if (head.Description.Kind == HeadKind.Answer)
            foreach (var question in parsed.GetValue(Question) ?? [])
                if (head.Unknown(question) is { Count: > 0 } strange)
                    Console.Error.WriteLine($"note: '{question}': the head was not trained on the words {string.Join(", ", strange)}");
        var all = new List<WrittenText>();
        UserImages.Each(files.Count, ImagesAtOnce, i => (files[i], ImageFile.Read(files[i])), some =>
        {
            foreach (var said in write(head, [.. some.Select(one => one.Image)], [.. some.Select(one => one.Name)]))
            {
                all.Add(said);
                var text = said.Box is { } box ? $"box {string.Join(' ', Rounded(box))}" : said.Text;
                if (!printed) Console.WriteLine($"{said.Image}: {(said.Question is null ? "" : $"{said.Question} ")}{text}");
            }
        }, quiet: true);
        var json = JsonSerializer.Serialize(all.Select(said => said.Question is null
            ? (object)new { said.Image, Caption = said.Text, LogLikelihood = Math.Round(said.LogLikelihood, 4) }
            : said.Box is { } box ? new { said.Image, said.Question, Box = Rounded(box), LogLikelihood = Math.Round(said.LogLikelihood, 4) }
            : new { said.Image, said.Question, Answer = said.Text, LogLikelihood = Math.Round(said.LogLikelihood, 4) }), indented) + "\n";
        if (printed) Console.Write(json);
        if (file is not null) AtomicFile.WriteText(file, json);
        return 0;
    }

    // Left, top, width and height in pixels.
    static double[] Rounded(Box box) => [Math.Round(box.X, 1), Math.Round(box.Y, 1), Math.Round(box.Width, 1), Math.Round(box.Height, 1)];
}
