namespace Silc.Samples.Outputs;

/// <summary>Things that are disposed together, the last made first.</summary>
sealed class OwnedThings : IDisposable
{
    readonly Stack<IDisposable> things = new();

    /// <summary>Is owned from now on.</summary>
    public T Add<T>(T thing) where T : IDisposable
    {
        things.Push(thing);
        return thing;
    }

    public void Dispose()
    {
        while (things.TryPop(out var thing)) thing.Dispose();
    }
}
