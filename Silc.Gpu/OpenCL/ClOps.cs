using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// The operations of a processor behind OpenCL (PoCL): 16 floats at a time, one thread a group; products and attention are its
/// own.
/// </summary>
sealed partial class ClOps(Device device, bool wide) : ClGemmOps<Pack16>(device)
{
    // Registers of 512 bits: an OpenCL device that is a processor is the one that this process runs on.
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
        kernels.Expect<LayerNormForward<Pack16>>();
        if (training)
        {
            foreach (var family in ClFamilies.All) family.Expect(kernels);
            kernels.Expect<LayerNormGrad<Pack16>>();
            kernels.Expect<AdamWKernel<Pack16>>();
        }
        kernels.Build();
    }
}
