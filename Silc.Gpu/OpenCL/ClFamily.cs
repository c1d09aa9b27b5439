using ILGPU;

namespace Silc;

/// <summary>The families of a device; what stands in none is compiled by itself.</summary>
static class ClFamilies
{
    /// <summary>Every pass through a model needs these.</summary>
    public static readonly IClFamily Forward = new ClFamily<FillKernel<Sixteen>, CopyKernel<Sixteen>, PatchesForward<Sixteen>,
        AddRowsKernel<Sixteen>, EmbedForward<Sixteen>, L2NormalizeForward<Sixteen>>();

    public static readonly IClFamily[] All =
    [
        Forward,
        new ClFamily<SumBlocks<Sixteen>, AddColumns<Sixteen>, ScaleKernel<Sixteen>, FollowKernel<Sixteen>, AddKernel<Sixteen>,
            ScatterRows<Sixteen>>(),
        new ClFamily<NormalizeColumnsForward<Sixteen>, NormalizeColumnsGrad<Sixteen>, L2NormalizeGrad<Sixteen>,
            EmbedGrad<Sixteen>, SharpenedSoftmaxKernel<Sixteen>, DistillKernel<Sixteen>>(),
        new ClFamily<LogSumExp, SoftmaxContrastKernel, SigmoidContrastKernel, AddSumKernel, SquareBlocks<Sixteen>, JudgeKernel>(),
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
