namespace Silc.Tests;

/// <summary>A folder that goes with its test.</summary>
sealed class TemporaryFolder : IDisposable
{
    readonly string root = Directory.CreateTempSubdirectory("silc-test-").FullName;

    public string File(string name) => Path.Combine(root, name);

    public string[] Files => [.. Directory.GetFiles(root).Select(file => Path.GetFileName(file))];

    public void Dispose() => Directory.Delete(root, recursive: true);
}
