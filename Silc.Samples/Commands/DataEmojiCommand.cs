using System.CommandLine;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc data emoji</c>: the multi-style emoji set, from npm packages.</summary>
static class DataEmojiCommand
{
    static readonly Option<string> Out = new("--out") { Description = "Folder to make.", HelpName = "FOLDER", Required = true };
    static readonly Option<bool> SkinTones = new("--skin-tones") { Description = "Add the skin-tone variants: nearly twice the images." };
    static readonly Option<int> Size = new("--size")
    {
        Description = "Side of the images in pixels.",
        HelpName = "PIXELS",
        DefaultValueFactory = _ =>
        96
    };

    public static Command Create()
    {
        var command = new Command("emoji", """
            Fetch captioned emoji in six art styles with npm (about 17 MB) and draw them as PNG: five styles to train on, OpenMoji as the
            style that no model has seen. Nothing is fetched when the folder is already there.

            Example: silc data emoji --out data/emoji
            """) { Out, SkinTones, Size };
        command.SetAction(parsed => Prepare(parsed.GetRequiredValue(Out), parsed.GetValue(SkinTones), parsed.GetValue(Size)));
        return command;
    }

    static int Prepare(string folder, bool skinTones, int size)
    {
        var made = EmojiPreparer.Prepare(folder, skinTones, size, progress: new PlainLines());
        var table = new Table().AddColumns("style", "images", "licence of the art");
        table.Columns[1].RightAligned();
        foreach (var style in EmojiStyle.Training.Append(EmojiStyle.OpenMoji).Where(style => made.Images.ContainsKey(style.Name)))
            table.AddRow(style == EmojiStyle.OpenMoji ? "openmoji (unseen)" : style.Name, $"{made.Images[style.Name]:N0}", style.Licence);
        Terminal.Write(table);
        Console.WriteLine($"splits: {string.Join(", ", made.Splits.Select(split => $"{split.Key} {split.Value:N0}"))}");
        Console.WriteLine("The art belongs to its authors: name them when you show or pass on images, and share what you make from OpenMoji alike.");
        Console.WriteLine($"""

            Next:
              silc train --data emoji:{folder} --preset mini --steps 1500 --tokenizer words:16384 --augment jitter=0.4,flip \
                  --min-crop 0.7 --lr 0.002 --ema 0.99 --out runs/emoji
              silc eval zero-shot --model runs/emoji --data emoji:{folder}
            """);
        return 0;
    }

    /// <summary>Progress as plain lines, in order; <see cref="Progress{T}"/> would report from other threads.</summary>
    sealed class PlainLines : IProgress<string>
    {
        public void Report(string value) => Console.WriteLine(value);
    }
}
