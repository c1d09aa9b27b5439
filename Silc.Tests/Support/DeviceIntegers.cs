using ILGPU;
using ILGPU.Runtime;

namespace Silc.Tests;

/// <summary>Integers in device memory for one test.</summary>
public sealed class DeviceIntegers : IDisposable
{
    readonly Device device;
    readonly MemoryBuffer1D<int, Stride1D.Dense> buffer;

    public DeviceIntegers(Device device, int[] values)
    {
        (this.device, buffer) = (device, device.Allocate<int>(values.Length, "a test's integers"));
        device.Upload<int>(values, View);
    }

    public ArrayView<int> View => buffer.View.AsContiguous();

    public void Dispose() => device.Free(buffer);
}
