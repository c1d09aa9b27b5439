namespace Silc;

/// <summary>The device of a rank: ranks of one machine take different ones. Threads: any number.</summary>
static class LocalDevice
{
    const string Cuda = "cuda";

    /// <summary>Opens it; the collective is bound to it.</summary>
    public static Device OpenLocal(this ICollective collective, string name, Precision precision, bool primaryContext = false)
    {
        name = Device.Meant(name);
        IReadOnlyList<DeviceInfo> found = collective.Size == 1 || name is not ("auto" or Cuda) ? [] : Device.List();
        var chosen = NameOf(name, found.Count(info => info.Kind == DeviceKind.Cuda), collective.LocalRank, collective.LocalSize);
        // What auto takes where no GPU is, and ranks of a machine divide.
        if (chosen == "auto" && found is [{ Kind: DeviceKind.Cpu }, ..]) chosen = "cpu";
        var device = chosen == "cpu" ? Device.OpenCpu(ThreadsOf(collective.LocalSize), precision) : Device.OpenIn(chosen, precision, primaryContext);
        collective.Bind(device);
        return device;
    }

    /// <summary>The name of a rank's device.</summary>
    /// <exception cref="InvalidOperationException">There are fewer GPUs than ranks on this machine.</exception>
    public static string NameOf(string name, int gpus, int localRank, int localSize)
    {
        // A rank alone takes what is there, and where no GPU is, the device says so itself.
        if (name is not ("auto" or Cuda) || gpus == 0) return name;
        // Slurm's --gpus-per-task shows each process its own alone.
        if (gpus == 1) return $"{Cuda}:0";
        return localSize <= gpus ? $"{Cuda}:{localRank}"
            : throw new InvalidOperationException($"this machine has {gpus} GPUs for {localSize} ranks: start {gpus} ranks a machine, or give every "
                + "rank its own GPU by CUDA_VISIBLE_DEVICES");
    }

    /// <summary>Threads of the CPU for one of so many ranks: its part of the visible cores, unless the launcher has pinned it to some.</summary>
    public static int ThreadsOf(int localSize) =>
        IsPinned ? Environment.ProcessorCount : Math.Max(1, Environment.ProcessorCount / localSize);

    // A launcher that pins leaves its own cores as they are.
    static bool IsPinned { get; } = OperatingSystem.IsLinux() && Cores("self") is { } own && Parent() is { } parent && Cores(parent) is { } all
        && own != all;

    static string? Parent() => Line("self", "PPid:");

    static string? Cores(string process) => Line(process, "Cpus_allowed:");

    static string? Line(string process, string key)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..]
                .Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
