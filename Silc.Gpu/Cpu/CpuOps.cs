namespace Silc;

/// <summary>The CPU's operations: every kernel works on SIMD vectors; matrix products and attention are its own.</summary>
sealed partial class CpuOps(Device device) : Ops<SimdPack>(device);
