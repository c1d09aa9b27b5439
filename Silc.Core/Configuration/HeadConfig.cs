namespace Silc;

/// <summary>
/// Self-distillation head of Caron et al. 2021 (DINO, arXiv:2104.14294): width → Hidden → Hidden → Bottleneck → L2 norm → K prototypes.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Hidden">Channels of the two hidden layers.</param>
/// <param name="Bottleneck">Channels of the normalised bottleneck.</param>
/// <param name="Prototypes">Number of prototypes K; each is a unit vector of the bottleneck.</param>
/// <param name="Gains">Each prototype has a trained length, at first 1: DINO's <c>norm_last_layer=False</c>.</param>
public sealed partial record HeadConfig(int Hidden = 2048, int Bottleneck = 256, int Prototypes = 65536, bool Gains = false)
{
    internal void Check()
    {
        Require.Positive(Hidden, "head hidden size");
        Require.Positive(Bottleneck, "head bottleneck size");
        Require.That(Prototypes >= 2, $"head prototypes is {Prototypes}, a distribution needs at least 2");
    }
}
