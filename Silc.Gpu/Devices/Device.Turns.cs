namespace Silc;

// Threads take turns: launches, scratch memory and dry runs belong to whoever's turn it is.
public sealed partial class Device
{
    readonly Lock turns = new();
    bool disposed;

    /// <summary>
    /// Waits until no other thread is at work here, and keeps others out until the scope ends; the same thread may enter again. No other
    /// device's turn may be awaited inside, or two threads that copy between two devices could wait for each other.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The device was disposed, perhaps while this thread waited.</exception>
    internal Lock.Scope Turn()
    {
        var turn = turns.EnterScope();
        if (!disposed)
        {
            Accelerator.Bind();     // CUDA's context is current thread by thread
            return turn;
        }
        turn.Dispose();
        throw new ObjectDisposedException(nameof(Device),
            $"the device '{Info.Id}' was disposed: keep it as long as its models and trainers are used");
    }

    /// <summary>A turn for giving memory back, which also comes after the device was disposed and there is nothing left to give.</summary>
    internal Lock.Scope LastTurn() => turns.EnterScope();

    /// <summary>
    /// Waits for the call that is at work and for what is queued, then frees the accelerator and all memory on it. Models and trainers that
    /// are left throw <see cref="ObjectDisposedException"/> when used and may still be disposed.
    /// </summary>
    public void Dispose()
    {
        using var turn = LastTurn();
        if (disposed) return;
        try
        {
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
            Accelerator.Dispose();
            context.Dispose();
        }
    }
}
