using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Activation memory of one step: two bump allocators in one buffer. <see cref="Saved"/> grows up from the bottom and
/// holds what is saved for backward; <see cref="Scratch"/> grows down from the top. A <see cref="Frame"/> gives back
/// what both handed out since it opened. <see cref="Measure"/> finds the size that a step needs. Threads: one at a time.
/// </summary>
sealed class Arena : IDisposable
{
    const int Alignment = 64;       // floats: 256 bytes, so that every tensor starts on a memory transaction

    readonly MemoryBuffer1D<float, Stride1D.Dense>? buffer;
    readonly Device device;
    readonly long capacity;
    long bottom, top;
    int frames;

    Arena(Device device, long capacity, bool allocate)
    {
        this.device = device;
        this.capacity = top = capacity;
        if (allocate) buffer = device.Allocate(capacity, "activations");
    }

    /// <summary>Memory for <paramref name="floats"/> floats.</summary>
    public static Arena Allocate(Device device, long floats) => new(device, Math.Max(floats, Alignment), true);

    /// <summary>
    /// A dry run: walks through work without memory or launches, and returns the floats that it has in use at once: the size for
    /// <see cref="Allocate"/>. Uploads happen, because constants are made here. On OpenCL the kernels that the work would launch become
    /// one program, built beside the caller.
    /// </summary>
    /// <param name="device">Device that will do the work.</param>
    /// <param name="work">Is given the arena to work in; may reset it to do one thing after another.</param>
    public static long Measure(Device device, Action<Arena> work)
    {
        using var arena = new Arena(device, long.MaxValue / 2 / Alignment * Alignment, allocate: false);
        device.DryRun(() => work(arena));
        return arena.Peak;
    }

    /// <summary>Floats that there is room for.</summary>
    public long Capacity => capacity;

    /// <summary>Largest number of floats in use at once, so far.</summary>
    public long Peak { get; private set; }

    /// <summary>Floats in use now.</summary>
    public long InUse => bottom + (capacity - top);

    internal Tensor Saved(int rows, int cols, DType dtype = DType.Float32)
    {
        var start = bottom;
        bottom += Room(Floats(rows, cols, dtype));
        return Window(start, rows, cols, dtype);
    }

    internal Tensor Scratch(int rows, int cols, DType dtype = DType.Float32)
    {
        if (frames == 0)
            throw new InvalidOperationException($"a temporary tensor of {rows} x {cols} outside of any frame would stay until the arena is reset: "
                + "open a frame first (using var _ = pass.Frame()), or Keep it");
        top -= Room(Floats(rows, cols, dtype));
        return Window(top, rows, cols, dtype);
    }

    /// <summary>Opens a frame; disposing it gives back everything allocated since.</summary>
    public ArenaFrame Frame() => new(this, bottom, top, ++frames);

    /// <summary>Gives back everything and ends the frames that are open.</summary>
    public void Reset() => (bottom, top, frames) = (0, capacity, 0);

    internal void Release(long toBottom, long toTop, int frame)
    {
        if (frame != frames)
            throw new InvalidOperationException(frame > frames
                ? "this frame of the arena has ended already: a frame is disposed once, and not after a reset"
                : $"frames of the arena inside of this one are open ({frames - frame}): dispose the inner ones first");
        frames--;
#if DEBUG
        // A value that is read after its frame has closed shows up as NaN in the first test.
        if (buffer is not null)
        {
            if (bottom > toBottom) device.Poison(buffer.View.AsContiguous().SubView(toBottom, bottom - toBottom));
            if (top < toTop) device.Poison(buffer.View.AsContiguous().SubView(top, toTop - top));
        }
#endif
        (bottom, top) = (toBottom, toTop);
    }

    /// <summary>In Debug, fills what a pullback has consumed with NaN, so that a later read shows.</summary>
    [Conditional("DEBUG")]
    internal void Spend(Tensor dy)
    {
        if (dy is { View.IsValid: true, IsDense: true, DType: DType.Float32 }) device.Poison(dy.View.SubView(0, dy.Count));
    }

    // Tensor.Count throws for sizes that kernels could not index, also in a dry run.
    static long Floats(int rows, int cols, DType dtype) => new Tensor(default, rows, cols).Count is var count && dtype == DType.BFloat16
        ? (count + 1L) / 2
        : count;

    long Room(long floats)
    {
        floats = (floats + Alignment - 1) / Alignment * Alignment;
        return floats <= top - bottom
            ? floats
            : throw new InvalidOperationException($"the step needs more than its {capacity * sizeof(float) >> 20} MiB of activation memory; "
                + "use a smaller batch, or let the trainer measure again");
    }

    Tensor Window(long start, int rows, int cols, DType dtype)
    {
        Peak = Math.Max(Peak, InUse);
        return new(buffer is null ? default : buffer.View.AsContiguous().SubView(start, Floats(rows, cols, dtype)), rows, cols, dtype);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => device.Free(buffer);
}

/// <summary>Everything allocated in an <see cref="Arena"/> since this was opened; disposing gives it back. Threads: one at a time.</summary>
readonly struct ArenaFrame : IDisposable
{
    readonly Arena arena;
    readonly long bottom, top;
    readonly int number;

    internal ArenaFrame(Arena arena, long bottom, long top, int number) =>
        (this.arena, this.bottom, this.top, this.number) = (arena, bottom, top, number);

    /// <summary>Gives the memory back.</summary>
    /// <exception cref="InvalidOperationException">It was given back already, or a frame inside is open.</exception>
    public void Dispose() => arena.Release(bottom, top, number);
}
