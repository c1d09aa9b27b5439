using ILGPU.Runtime.Cuda;

namespace Silc;

// bf16 GEMMs by wgmma and TMA, on GPUs of compute capability 9.0.
partial class CudaOps
{
    /// <summary>
    /// Encodes TMA descriptors of the operands; null: GEMMs use mma.sync. On an H100 wgmma was correct but no faster, because both kernels
    /// are limited by 6 TB/s of L2 bandwidth: it is opt-in, by SILC_WGMMA = 1.
    /// </summary>
    internal ITensorMaps? TensorMaps { get; init; } = device.Accelerator is CudaAccelerator { Architecture: { Major: 9, Minor: 0 } }
        && Environment.GetEnvironmentVariable("SILC_WGMMA") == "1" ? new DriverTensorMaps() : null;

    // Rows of the descriptor are rows of memory: k if M-major, rows of A (columns of B) if K-major. A dry run has no memory to map.
    TensorMap TensorMapOf(MatrixPointer x, bool mMajor, int outer, int k) => (x.Address, mMajor) switch
    {
        (0, _) => default,
        (_, true) => TensorMaps!.Of(x.Address, k, outer, 2L * x.Stride),
        _ => TensorMaps!.Of(x.Address, outer, k, 2L * x.Stride),
    };
}
