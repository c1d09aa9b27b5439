using System.CommandLine;

namespace Silc.Samples;

/// <summary>The value of <c>--model</c>: the folder of a run, or a file of weights or a checkpoint.</summary>
static class ModelOption
{
    public static Option<string> Create() => new("--model")
    {
        Description = "A folder that silc train wrote, its model.safetensors, or one of its checkpoints.",
        HelpName = "DIR|FILE",
        Required = true,
    };

    public static SilcModel Load(Device device, string value)
    {
        if (Directory.Exists(value) ? !RunFolder.HoldsRun(value) : !File.Exists(value))
            throw new FileNotFoundException(
                $"--model {value}: {(Directory.Exists(value) ? "that folder holds no run" : "no such file or folder")}; train one with silc train --out {value}");
        return SilcModel.Load(device, value);
    }
}
