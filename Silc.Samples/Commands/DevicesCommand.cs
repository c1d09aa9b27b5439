using System.CommandLine;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc devices</c>: what this machine can compute on.</summary>
static class DevicesCommand
{
    public static Command Create()
    {
        var command = new Command("devices", "List the accelerators of this machine, best first, and which one auto takes.");
        command.SetAction(_ => List());
        return command;
    }

    static int List()
    {
        var devices = Device.List();
        string chosen;
        using (var best = Device.Best()) chosen = best.Info.Id;

        var table = new Table().AddColumns("", "--device", "name", "units", "memory", "capabilities");
        table.Columns[3].RightAligned();
        table.Columns[4].RightAligned();
        foreach (var device in devices)
        {
            var mark = device.Id == chosen ? "[green]auto[/]" : "";
            table.AddRow(mark, device.Id, device.Name.EscapeMarkup(), $"{device.Units}", $"{device.MemoryBytes >> 20:N0} MiB",
                device.Capabilities.EscapeMarkup());
        }
        Terminal.Write(table);
        Console.WriteLine(Environment.GetEnvironmentVariable(Device.EnvironmentVariable) is { Length: > 0 } wish
            ? $"auto takes {chosen}, because {Device.EnvironmentVariable}={wish}."
            : $"auto takes {chosen}: CUDA before an OpenCL GPU before the CPU before OpenCL on a CPU.");
        Console.WriteLine($"Choose with --device ID (cuda, opencl and cpu are the first of their kind) or with {Device.EnvironmentVariable}=ID.");
        if (devices.All(device => device.Kind != DeviceKind.OpenCL))
            Console.WriteLine("OpenCL needs a loader and a driver; on Debian, for the CPU: apt-get install ocl-icd-libopencl1 pocl-opencl-icd");
        return 0;
    }
}
