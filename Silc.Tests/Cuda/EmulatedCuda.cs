using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc.Tests;

/// <summary>CUDA's operations over the memory of the CPU: their own kernels run as PTX in the emulator, all others natively.</summary>
public sealed class EmulatedCuda : IDisposable
{
    const int Scratch = 1 << 20;

    readonly List<DeviceMatrix> owned = [];
    readonly Random random = new(1);

    public EmulatedCuda(Precision precision, int threads = 1)
    {
        Device = Device.Cpu(threads);
        Device.Launcher = new Launcher(Device, Emulator);
        Ops = new CudaOps(Device, precision);
        Precision = precision;
        Allow(Device.Workspace(Scratch));
    }

    public Device Device { get; }

    public PtxEmulator Emulator { get; } = new(CudaArchitecture.SM_80);

    public Ops Ops { get; }

    public Precision Precision { get; }

    public DeviceMatrix Random(int rows, int cols, double range = 1, int gap = 0) => Own(Matrix.Make(rows, cols, (_, _) => Round((random.NextDouble() * 2 - 1) * range)), gap);

    public DeviceMatrix Output(int rows, int cols, int gap = 0) => Own(Matrix.Make(rows, cols, (_, _) => double.NaN), gap);

    public DeviceMatrix Own(Matrix values, int gap = 0)
    {
        owned.Add(new DeviceMatrix(Device, values, values.Cols + gap));
        Allow(owned[^1].Tensor.View);
        return owned[^1];
    }

    void Allow(ArrayView<float> view) => Emulator.Memory.Allow(view.LoadEffectiveAddressAsPtr(), view.LengthInBytes);

    // Operands that need no rounding, so that products are as exact as float32's sums.
    double Round(double x) => Precision switch
    {
        Precision.Bf16 => BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16((float)x) << 16),
        Precision.Tf32 => BitConverter.UInt32BitsToSingle(TensorCore.RoundTf32((float)x)),
        _ => (float)x,
    };

    public void Dispose()
    {
        owned.ForEach(matrix => matrix.Dispose());
        Device.Dispose();
    }

    sealed class Launcher(Device device, PtxEmulator emulator) : ILauncher
    {
        public void Launch<TKernel>(int groups, int lanes, TKernel kernel) where TKernel : struct, IKernel
        {
            device.Synchronize();       // kernels before it run on the CPU's own queue
            emulator.Launch(groups, lanes, kernel);
        }
    }
}
