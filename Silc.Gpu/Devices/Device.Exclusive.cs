namespace Silc;

// One thread at a time: a lock guards launches, scratch memory and dry runs.
public sealed partial class Device
{
    readonly Lock access = new();
    bool disposed;
    PrimaryContext? primary;

    /// <summary>Called before the accelerator goes, for what else works on it.</summary>
    internal event Action? Disposing;

    /// <summary>
    /// Takes the device's lock until the scope ends; the same thread may take it again. No other
    /// device's lock may be taken inside: two threads that copy between two devices could deadlock.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The device was disposed, perhaps while this thread waited.</exception>
    internal Lock.Scope Exclusive()
    {
        var exclusive = access.EnterScope();
        if (!disposed)
        {
            Accelerator.Bind();     // CUDA's context is current thread by thread
            return exclusive;
        }
        exclusive.Dispose();
        throw new ObjectDisposedException(nameof(Device),
            $"the device '{Info.Id}' was disposed: keep it as long as its models and trainers are used");
    }

    /// <summary>The lock for freeing memory: it is also given after the device was disposed, when nothing is left to free.</summary>
    internal Lock.Scope ExclusiveForRelease() => access.EnterScope();

    /// <summary>
    /// Waits for the call that is at work and for what is queued, then frees the accelerator and all memory on it. Models and trainers that
    /// are left throw <see cref="ObjectDisposedException"/> when used and may still be disposed.
    /// </summary>
    public void Dispose()
    {
        using var exclusive = ExclusiveForRelease();
        if (disposed) return;
        try
        {
            Disposing?.Invoke();
            kernelProfile?.Dispose();
            Queue?.Dispose();
            foreach (var buffer in allocations.Keys) buffer.Dispose();
            copied?.Dispose();
            copies?.Dispose();
            kernels?.Dispose();
            cuda?.Dispose();
        }
        finally
        {
            disposed = true;
            primary?.Dispose();
            Accelerator.Dispose();
            context.Dispose();
        }
    }
}
