using System.CommandLine;
using Silc.Samples.Heads;

namespace Silc.Samples.Commands;

/// <summary>What the commands of a kind of head are.</summary>
/// <param name="Name">Of <c>silc head train</c> and <c>silc head eval</c>.</param>
/// <param name="Train">The command that trains.</param>
/// <param name="Eval">The command that asks.</param>
/// <param name="Open">Opens the data of a line of that.</param>
/// <param name="Load">Opens a head beside its model.</param>
/// <param name="NeedsText">The model must have a text tower.</param>
sealed record HeadTask(string Name, Func<Command> Train, Func<Command> Eval, Func<ParseResult, HeadAsking> Open,
    Func<SilcModel, string, ITrainedHead> Load, bool NeedsText)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<HeadTask> All { get; } =
    [
        new("segment", HeadTrainSegmentCommand.Create, HeadEvalSegmentCommand.Create, HeadEvalSegmentCommand.Open, SegmentationHead.Load, true),
        new("detect", HeadTrainDetectCommand.Create, HeadEvalDetectCommand.Create, HeadEvalDetectCommand.Open, DetectionHead.Load, true),
        new("caption", HeadTrainDecoderCommand.Caption, HeadEvalDecoderCommand.Caption, HeadEvalDecoderCommand.OpenCaptions, DecoderHead.Load, false),
        new("answer", HeadTrainDecoderCommand.Answer, HeadEvalDecoderCommand.Answer, HeadEvalDecoderCommand.OpenQuestions, DecoderHead.Load, false),
    ];

    /// <summary>That of a name.</summary>
    public static HeadTask Of(string name) => All.Single(task => task.Name == name);

    /// <summary>That of what a head's file says it is.</summary>
    public static HeadTask Of(HeadKind kind) => Of(kind switch
    {
        HeadKind.Owl => "detect",
        HeadKind.Caption => "caption",
        HeadKind.Answer => "answer",
        _ => "segment",
    });

    /// <summary>What measures a head while a line trains it; null where the line asks for nothing.</summary>
    /// <param name="parsed">Of <see cref="Train"/>.</param>
    /// <param name="steps">Of the training.</param>
    /// <exception cref="ArgumentException">The data to be asked about cannot be.</exception>
    public HeadValidation? Validation(ParseResult parsed, int steps)
    {
        var line = HeadLine.Of(parsed, Name);
        var data = parsed.GetValue(HeadTraining.ValData);
        if (data is null && !HeadLine.HasOthers(line.Word("--data") ?? ""))
            return parsed.GetValue(HeadTraining.ValEvery) is > 0
                ? throw new ArgumentException($"{HeadTraining.ValEvery.Name} needs {HeadTraining.ValData.Name}: images to ask the head about")
                : null;
        int every = parsed.GetValue(HeadTraining.ValEvery) ?? Math.Max(1, steps / HeadTraining.UsualValidations);
        if (every == 0) return null;
        var asking = Eval();
        var options = line.Asking(asking, line.Word("--model")!, ".", data, HeadTraining.ValImages, device: null);
        var ask = Open(HeadLine.Parse(asking, options));
        return new(every, (model, head) => ask(model, head, floors: false));
    }
}
