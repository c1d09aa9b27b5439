using ILGPU;

namespace Silc;

/// <summary>Groups of kernels that are compiled as one program; a kernel in no family is compiled alone.</summary>
static class ClFamilies
{
    /// <summary>The kernels of every forward pass.</summary>
    public static readonly IClFamily Forward = new ClFamily<FillKernel<Pack16>, CopyKernel<Pack16>, PatchesForward<Pack16>,
        AddBroadcastKernel<Pack16>, EmbedForward<Pack16>, L2NormalizeForward<Pack16>>();

    public static readonly IClFamily[] All =
    [
        Forward,
        new ClFamily<SumBlocks<Pack16>, AddColumns<Pack16>, ScaleKernel<Pack16>, EmaUpdateKernel<Pack16>, AddKernel<Pack16>,
            ScatterRows<Pack16>>(),
        new ClFamily<NormalizeColumnsForward<Pack16>, NormalizeColumnsGrad<Pack16>, L2NormalizeGrad<Pack16>,
            EmbedGrad<Pack16>, TeacherSoftmaxKernel<Pack16>, DinoCrossEntropyKernel<Pack16>>(),
        new ClFamily<LogSumExp, InfoNceKernel, SigLipKernel, AddSumKernel, SquareBlocks<Pack16>, GradNormKernel>(),
    ];
}

/// <summary>A family of six.</summary>
sealed class ClFamily<A, B, C, D, E, F> : IClFamily
    where A : struct, IKernel where B : struct, IKernel where C : struct, IKernel
    where D : struct, IKernel where E : struct, IKernel where F : struct, IKernel
{
    static readonly Type[] members = [typeof(A), typeof(B), typeof(C), typeof(D), typeof(E), typeof(F)];

    public Type Merged => typeof(ClMerged<A, B, C, D, E, F>);

    public bool Has(Type kernel) => members.Contains(kernel);

    public void Expect(ClKernels kernels) => kernels.ExpectAlone<ClMerged<A, B, C, D, E, F>>();

    public Action<KernelConfig, TKernel> Load<TKernel>(ClKernels kernels) where TKernel : struct, IKernel
    {
        var launch = kernels.LoadAlone<ClMerged<A, B, C, D, E, F>>();
        return (Action<KernelConfig, TKernel>)(Delegate)(Array.IndexOf(members, typeof(TKernel)) switch
        {
            0 => (KernelConfig config, A a) => launch(config, new(0, a, default, default, default, default, default)),
            1 => (KernelConfig config, B b) => launch(config, new(1, default, b, default, default, default, default)),
            2 => (KernelConfig config, C c) => launch(config, new(2, default, default, c, default, default, default)),
            3 => (KernelConfig config, D d) => launch(config, new(3, default, default, default, d, default, default)),
            4 => (KernelConfig config, E e) => launch(config, new(4, default, default, default, default, e, default)),
            _ => (Delegate)((KernelConfig config, F f) => launch(config, new(5, default, default, default, default, default, f))),
        });
    }
}
