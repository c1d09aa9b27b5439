namespace Silc;

/// <summary>
/// A TMA descriptor (CUtensorMap, compute capability 9.0) of a bf16 matrix: address, sizes, boxes of 64 x 64 elements, 128-byte swizzle.
/// Opaque: the driver encodes it. A kernel has it among its parameters, at a multiple of 64 bytes.
/// </summary>
readonly struct TensorMap
{
    /// <summary>Rows and columns of a box: what one TMA instruction loads.</summary>
    public const int Box = 64;

    public const int Bytes = 128;

#pragma warning disable CS0169, IDE0051 // the kernel has their address
    readonly long w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15;
#pragma warning restore CS0169, IDE0051
}

/// <summary>Encodes tensor maps: the driver, or the PTX emulator of the tests.</summary>
interface ITensorMaps
{
    /// <summary>
    /// The descriptor of rows x columns of bf16, <paramref name="strideBytes"/> from one row to the next; elements outside are loaded as zero.
    /// </summary>
    TensorMap Of(long address, int rows, int columns, long strideBytes);
}

/// <summary>Tensor maps by cuTensorMapEncodeTiled, a function of the host alone.</summary>
sealed class DriverTensorMaps : ITensorMaps
{
    const int BFloat16 = 9, NoInterleave = 0, Swizzle128 = 3, Promote256 = 3, ZeroFill = 0;

    public unsafe TensorMap Of(long address, int rows, int columns, long strideBytes)
    {
        // The driver wants the memory at a multiple of 64.
        byte* room = stackalloc byte[TensorMap.Bytes + 64];
        var map = (TensorMap*)((nint)(room + 63) & ~63);
        ulong* sizes = stackalloc ulong[] { (ulong)columns, (ulong)rows }, strides = stackalloc ulong[] { (ulong)strideBytes };
        uint* box = stackalloc uint[] { TensorMap.Box, TensorMap.Box }, steps = stackalloc uint[] { 1, 1 };
        CudaDriver.Check(CudaDriver.cuTensorMapEncodeTiled(map, BFloat16, 2, (void*)address, sizes, strides, box, steps,
            NoInterleave, Swizzle128, Promote256,
            ZeroFill), $"a tensor map of {rows} x {columns} bfloat16, {strideBytes} bytes a row");
        return *map;
    }
}
