using ILGPU;
using ILGPU.Runtime;

namespace Silc.Tests;

/// <summary>
/// A matrix in device memory for one test. NaN stands before it, behind it and between its rows, so that a read outside spoils the result
/// and a write outside shows.
/// </summary>
sealed class DeviceMatrix : IDisposable
{
    const int Guard = 64;

    readonly Device device;
    readonly MemoryBuffer1D<float, Stride1D.Dense> buffer;

    public DeviceMatrix(Device device, Matrix before, int stride, DType dtype = DType.Float32)
    {
        (this.device, Before) = (device, before);
        int length = before.Rows * stride;
        if (dtype == DType.BFloat16) length = length % 2 == 0 ? length / 2 : throw new ArgumentException("half a word of bfloat16");
        buffer = device.Allocate(length + 2 * Guard, "a test's matrix");
        Tensor = new(buffer.View.AsContiguous().SubView(Guard, length), before.Rows, before.Cols, stride, dtype);
        var host = new float[buffer.Length * sizeof(float) / Tensor.ElementBytes];
        Array.Fill(host, float.NaN);
        for (int i = 0; i < before.Values.Length; i++) host[At(i)] = (float)before.Values[i];
        device.Upload<float>(dtype == DType.Float32 ? host : Halves(host), buffer.View.AsContiguous());
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
        if (Tensor.DType == DType.BFloat16) host = Floats(host);
        var values = new float[Tensor.Count];
        for (int i = 0; i < values.Length; i++) (values[i], host[At(i)]) = (host[At(i)], float.NaN);
        Assert.IsTrue(host.All(float.IsNaN), $"{what}: written outside of a {Tensor.Rows} x {Tensor.Cols} matrix of stride {Tensor.Stride}");
        return values;
    }

    // A guard of 64 floats is one of 128 bfloat16.
    int At(int i) => Guard * sizeof(float) / Tensor.ElementBytes + i / Tensor.Cols * Tensor.Stride + i % Tensor.Cols;

    static float[] Halves(float[] values) => [.. values.Chunk(2).Select(pair =>
        BitConverter.UInt32BitsToSingle(TensorCore.RoundBf16(pair[0]) | (uint)TensorCore.RoundBf16(pair[1]) << 16))];

    static float[] Floats(float[] words) => [.. words.Select(BitConverter.SingleToUInt32Bits).SelectMany(word =>
        new[] { BitConverter.UInt32BitsToSingle(word << 16), BitConverter.UInt32BitsToSingle(word & 0xffff0000) })];

    public void Dispose() => device.Free(buffer);
}
