using System.CommandLine;
using Silc.Samples.Training;

namespace Silc.Samples;

/// <summary>The value of <c>--model</c>: a file that SilcModel.Save wrote, or the folder of a run.</summary>
static class ModelOption
{
    public static Option<string> Create() => new("--model")
    {
        Description = "A folder that silc train wrote, or its model.safetensors.",
        HelpName = "DIR|FILE",
        Required = true,
    };

    public static SilcModel Load(Device device, string value)
    {
        var path = Directory.Exists(value) ? Path.Combine(value, TrainSession.Model) : value;
        if (!File.Exists(path)) throw new FileNotFoundException($"--model {value}: there is no file {path}; train one with silc train --out {value}");
        return SilcModel.Load(device, path);
    }
}
