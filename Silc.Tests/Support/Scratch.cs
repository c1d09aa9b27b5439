namespace Silc.Tests;

/// <summary>A new folder that goes away with the test.</summary>
sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("silc-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
