using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Memory of the host through which an exchange goes from one device to others: page-locked where the device copies so without a detour, and freed
/// with it. Threads: one at a time.
/// </summary>
sealed class StagingRoom
{
    float[] array = [];
    PageLockedArray1D<float>? pinned;
    Device? owner;

    /// <summary>So many floats of it, which stay what they are up to the next call.</summary>
    public Span<float> Of(Device device, int count)
    {
        if (device.Kind != DeviceKind.Cuda) return Plain(count);
        if (owner != device)
        {
            owner = device;
            device.Disposing += Free;
        }
        if (pinned is null || pinned.Length < count)
        {
            pinned?.Dispose();
            pinned = device.AllocatePinned<float>(count);
        }
        return pinned is null ? Plain(count) : pinned.Span[..count];
    }

    Span<float> Plain(int count)
    {
        if (array.Length < count) array = new float[count];
        return array.AsSpan(0, count);
    }

    // Before its context goes.
    void Free()
    {
        pinned?.Dispose();
        (pinned, owner) = (null, null);
    }
}
