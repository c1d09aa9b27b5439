using System.Runtime.CompilerServices;

namespace Silc.Tests;

/// <summary>
/// Programs that tests start live for seconds, of which .NET spends half on compiling again what was called 30 times: eight steps of a small model
/// took 5.9 s of two cores, and take 2.9 s where it waits for 1,280 calls. Silc.Tests.csproj says the same for the tests themselves.
/// </summary>
static class ShortProcesses
{
    [ModuleInitializer]
    internal static void CompileLessOften()
    {
        // Hexadecimal.
        foreach (var (name, value) in new[] { ("DOTNET_TC_CallCountThreshold", "500"), ("DOTNET_TieredPGO", "0") })
            if (Environment.GetEnvironmentVariable(name) is null) Environment.SetEnvironmentVariable(name, value);
    }
}
