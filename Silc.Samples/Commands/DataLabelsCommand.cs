using System.CommandLine;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Commands;

/// <summary><c>silc data labels</c>: what is in a published set of labels, boxes, captions, questions or sentences.</summary>
static class DataLabelsCommand
{
    static readonly Option<string> Data = new("--data")
    {
        Description = $"The set: {PublishedSets.Help(PublishedSets.All)}; lvis: reads LVIS v1.",
        HelpName = "SET:PATH",
        Required = true,
    };
    static readonly Option<int> Most = new Option<int>("--most")
    {
        Description = "Label maps to read, spread over the set.",
        HelpName = "N",
        DefaultValueFactory = _ => 500,
    }.From(1);
    static readonly Option<string?> Classes =
        new("--classes") { Description = "For ade20k: and context459:, names in place of the set's own; for ade847: its names.", HelpName = "FILE" };

    public static Command Create()
    {
        var command = new Command("labels", """
            Say what is in a published set: images, classes or categories, things, captions, questions, sentences; what does not count, and what has
            no partner.

            Examples:
              silc data labels --data voc:VOCdevkit/VOC2012 --split val
              silc data labels --data coco:annotations/instances_val2017.json
              silc data labels --data karpathy:dataset_coco.json --split test
            """)
        {
            Data, Most, Classes, PublishedSets.Split, PublishedSets.ImageFolder,
        };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var data = parsed.GetRequiredValue(Data);
        if (PublishedSets.Segmentation(data, parsed, parsed.GetValue(Classes)) is { } maps)
        {
            DataOption.Say(maps.Skipped);
            LabelInspection.Show(maps, parsed.GetValue(Most));
        }
        else if (PublishedSets.Instances(data, parsed) is { } instances)
        {
            DataOption.Say(instances.Skipped);
            LabelInspection.Show(instances);
        }
        else if (PublishedSets.Questions(data, parsed) is { } questions)
        {
            DataOption.Say(questions.Skipped);
            LabelInspection.Show(questions);
        }
        else if (PublishedSets.Captions(data, parsed) is { } captions)
        {
            DataOption.Say(captions.Skipped);
            LabelInspection.Show(captions);
        }
        else if (PublishedSets.References(data, parsed) is { } references)
        {
            DataOption.Say(references.Skipped);
            LabelInspection.Show(references);
        }
        else throw new ArgumentException($"--data {data}: say {PublishedSets.Help(PublishedSets.All)}; other data is shown by silc data inspect");
        return 0;
    }
}
