namespace Silc;

/// <summary>
/// The operations of a processor behind OpenCL (PoCL): 16 floats at a time, one thread a group; products and attention are its own.
/// </summary>
sealed partial class ClOps(Device device) : Ops<Sixteen>(device)
{
    /// <summary>Begins to build the kernels that every model needs; those of training follow when its dry run has met them.</summary>
    public static void Prepare(ClKernels kernels)
    {
        ClFamilies.Forward.Expect(kernels);
        if (wide)
        {
            kernels.Expect<ClProduct<ClTile12x32>>();
            kernels.Expect<ClAttention<ClTile12x32>>();
        }
        else
        {
            kernels.Expect<ClProduct<ClTile6x16>>();
            kernels.Expect<ClAttention<ClTile6x16>>();
        }
        kernels.Expect<LayerNormForward<Sixteen>>();
        kernels.Build();
    }
}
