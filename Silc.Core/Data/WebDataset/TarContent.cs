namespace Silc;

/// <summary>The bytes of an archive for one walk from its start to its end: no read starts before the end of the last.</summary>
abstract class TarContent : IDisposable
{
    /// <summary>Fills <paramref name="bytes"/> from <paramref name="offset"/> on and returns how many there were.</summary>
    public abstract int Read(long offset, Span<byte> bytes);

    /// <summary>Whether the archive has at least so many bytes; a walk goes on from there.</summary>
    public abstract bool Reaches(long length);

    /// <inheritdoc/>
    public virtual void Dispose() { }
}
