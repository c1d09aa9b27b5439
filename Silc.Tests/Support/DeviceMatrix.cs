using ILGPU;
using ILGPU.Runtime;

namespace Silc.Tests;

/// <summary>
/// A matrix in device memory for one test. NaN stands before it, behind it and between its rows, so that a read outside spoils the result
/// and a write outside shows.
/// </summary>
public sealed class DeviceMatrix : IDisposable
{
    const int Guard = 64;

    readonly Device device;
    readonly MemoryBuffer1D<float, Stride1D.Dense> buffer;

    public DeviceMatrix(Device device, Matrix before, int stride)
    {
        (this.device, Before) = (device, before);
        int length = before.Rows * stride;
        buffer = device.Allocate(length + 2 * Guard, "a test's matrix");
        Tensor = new(buffer.View.AsContiguous().SubView(Guard, length), before.Rows, before.Cols, stride);
        var host = new float[buffer.Length];
        Array.Fill(host, float.NaN);
        for (int i = 0; i < before.Values.Length; i++) host[At(i)] = (float)before.Values[i];
        device.Upload<float>(host, buffer.View.AsContiguous());
    }

    public Tensor Tensor { get; }

    /// <summary>What it held at first.</summary>
    public Matrix Before { get; }

    public static implicit operator Tensor(DeviceMatrix matrix) => matrix.Tensor;

    public static implicit operator Matrix(DeviceMatrix matrix) => matrix.Before;

    /// <summary>What it holds now; fails if anything outside is no longer NaN.</summary>
    public float[] Read(string what)
    {
        var host = device.Download(buffer.View.AsContiguous());
        var values = new float[Tensor.Count];
        for (int i = 0; i < values.Length; i++) (values[i], host[At(i)]) = (host[At(i)], float.NaN);
        Assert.IsTrue(host.All(float.IsNaN), $"{what}: written outside of a {Tensor.Rows} x {Tensor.Cols} matrix of stride {Tensor.Stride}");
        return values;
    }

    int At(int i) => Guard + i / Tensor.Cols * Tensor.Stride + i % Tensor.Cols;

    public void Dispose() => device.Free(buffer);
}
