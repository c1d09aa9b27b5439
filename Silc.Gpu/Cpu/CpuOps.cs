namespace Silc;

/// <summary>The CPU's operations: generic kernels on SIMD vectors; GEMM, attention and LayerNorm have code of their own.</summary>
sealed partial class CpuOps(Device device) : Ops<SimdPack>(device);
