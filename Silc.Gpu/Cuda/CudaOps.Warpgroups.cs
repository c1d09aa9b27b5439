using ILGPU.Runtime.Cuda;

namespace Silc;

// Products of stored bf16 on GPUs of compute capability 9.0.
partial class CudaOps
{
    /// <summary>
    /// Writes what the copy engine has to know of operands; null: products go by mma.sync. On an H100 wgmma gave the right numbers and was no faster,
    /// for both are fed 6 TB/s from the second-level cache: it is taken where SILC_WGMMA is 1.
    /// </summary>
    internal ITensorMaps? TensorMaps { get; init; } = device.Accelerator is CudaAccelerator { Architecture: { Major: 9, Minor: 0 } }
        && Environment.GetEnvironmentVariable("SILC_WGMMA") == "1" ? new DriverTensorMaps() : null;

    // Lines of an operand run along the sum or across it. Without memory there is nothing to map.
    TensorMap MapOf(MatrixPointer x, bool across, int outer, int depth) => (x.Address, across) switch
    {
        (0, _) => default,
        (_, true) => TensorMaps!.Of(x.Address, depth, outer, 2L * x.Stride),
        _ => TensorMaps!.Of(x.Address, outer, depth, 2L * x.Stride),
    };
}
