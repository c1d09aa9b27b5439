namespace Silc.Tests;

/// <summary>A folder of its own for each test, deleted afterwards.</summary>
public abstract class TempFolder : IDisposable
{
    protected string Root { get; } = Directory.CreateTempSubdirectory("silc").FullName;

    protected string At(string name) => Path.Combine(Root, name);

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }
}
