using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// The operations of an OpenCL processor (PoCL): generic kernels with vectors of 16 floats, one thread a block; GEMM and attention have
/// kernels of their own.
/// </summary>
sealed partial class ClOps(Device device, bool wide) : ClGemmOps<Pack16>(device)
{
    // AVX-512 of this process: an OpenCL device that is a processor is the processor that this process runs on.
    public ClOps(Device device) : this(device, Avx512F.IsSupported) { }

    readonly ClKernels? kernels = device.ClKernels?.Merging(ClFamilies.All);

    internal override void Prepare(bool training)
    {
        if (kernels is null) return;
        ClFamilies.Forward.Expect(kernels);
        if (Avx512F.IsSupported)
        {
            kernels.Expect<ClGemm<ClTile12x32>>();
            kernels.Expect<ClAttention<ClTile12x32>>();
        }
        else
        {
            kernels.Expect<ClGemm<ClTile6x16>>();
            kernels.Expect<ClAttention<ClTile6x16>>();
        }
        kernels.Expect<LayerNormKernel<Pack16>>();
        if (training)
        {
            foreach (var family in ClFamilies.All) family.Expect(kernels);
            kernels.Expect<LayerNormGradKernel<Pack16>>();
            kernels.Expect<AdamWKernel<Pack16>>();
        }
        kernels.Build();
    }
}
