namespace Silc;

/// <summary>
/// Sizes of CAT-Seg (Cho et al. 2024, arXiv:2303.11797): <see cref="Published"/> are those of its configurations, <see cref="Small"/> fit two CPU
/// cores. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Hidden">Channels of a class at a place, c.</param>
/// <param name="Heads">Attention heads; they divide <paramref name="Hidden"/>.</param>
/// <param name="Layers">Layers, each two windowed blocks over places and one over classes.</param>
/// <param name="Window">Side of the windows of attention over places; it divides the grid, or the grid is one window.</param>
/// <param name="Pool">Places that are averaged along each axis for attention over classes, in training.</param>
/// <param name="Guide">Channels of the image guidance.</param>
/// <param name="TextGuide">Channels of the text guidance.</param>
/// <param name="Decoder">Channels of the two stages of the decoder.</param>
/// <param name="DecoderIn">Channels that the tower's middle tokens are brought to.</param>
/// <param name="DecoderGuide">Channels of the guidance that each stage makes of them.</param>
/// <param name="Skips">Blocks whose tokens guide the decoder; null takes a third and two thirds of the depth.</param>
/// <param name="Pad">
/// Classes that attention over classes always sees: fewer are filled up with a learned token, of more the best for an image are taken. 0 for neither.
/// </param>
/// <param name="Prompts">Prompts of a class whose cosines are channels of their own.</param>
public sealed record CatSegConfig(int Hidden = 128, int Heads = 4, int Layers = 2, int Window = 12, int Pool = 2, int Guide = 128,
    int TextGuide = 128, IReadOnlyList<int>? Decoder = null, IReadOnlyList<int>? DecoderIn = null, IReadOnlyList<int>? DecoderGuide = null,
    IReadOnlyList<int>? Skips = null, int Pad = 256, int Prompts = 1)
{
    /// <summary>Of the configurations for ViT-B and ViT-L.</summary>
    public static CatSegConfig Published { get; } = new();

    /// <summary>32 channels, one layer, windows of half a grid of 8, and no padding of classes.</summary>
    public static CatSegConfig Small { get; } = new(Hidden: 32, Layers: 1, Window: 4, Guide: 32, TextGuide: 32, Decoder: [16, 8],
        DecoderIn: [32, 16], DecoderGuide: [8, 4], Pad: 0);

    /// <summary>The same with windows of half a grid of that side, or one window where it has no half, and pooling where that halves it.</summary>
    /// <exception cref="ArgumentException">The side is not positive.</exception>
    public CatSegConfig ForGrid(int grid)
    {
        Require.Positive(grid, "side of the grid");
        return this with { Window = grid % 2 == 0 ? grid / 2 : grid, Pool = grid % 2 == 0 ? 2 : 1 };
    }

    /// <summary>Channels of the two stages of the decoder.</summary>
    public IReadOnlyList<int> Decoder { get; init; } = Decoder ?? [64, 32];

    /// <summary>Channels that the tower's middle tokens are brought to.</summary>
    public IReadOnlyList<int> DecoderIn { get; init; } = DecoderIn ?? [256, 128];

    /// <summary>Channels of the guidance that each stage makes of them.</summary>
    public IReadOnlyList<int> DecoderGuide { get; init; } = DecoderGuide ?? [32, 16];

    /// <summary>The blocks that guide the decoder, in a tower of so many.</summary>
    internal IReadOnlyList<int> SkipsOf(int depth) => Skips ?? [Math.Max(0, depth / 3 - 1), Math.Max(0, 2 * depth / 3 - 1)];

    /// <summary>Throws unless the sizes fit each other.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    public CatSegConfig Check()
    {
        foreach (var (value, what) in new[] { (Hidden, "hidden channels"), (Heads, "heads"), (Layers, "layers"), (Window, "side of a window"),
            (Pool, "pooled places"), (Guide, "channels of the image guidance"), (TextGuide, "channels of the text guidance"), (Prompts, "prompts") })
            Require.Positive(value, $"CAT-Seg's number of {what}");
        Require.That(Hidden % Heads == 0, $"CAT-Seg's {Hidden} hidden channels cannot be cut into {Heads} heads");
        Require.That(Pad >= 0, $"CAT-Seg's padding of classes is {Pad}, it must be 0 or positive");
        foreach (var (list, what) in new[] { (Decoder, "the decoder"), (DecoderIn, "the decoder's input"), (DecoderGuide, "the decoder's guidance") })
            Require.That(list.Count == 2 && list.All(channels => channels > 0),
                $"{what} of CAT-Seg has the channels {string.Join(", ", list)}, it needs those of two stages");
        Require.That(DecoderGuide[0] < Hidden && DecoderGuide[1] < Decoder[0],
            $"the guidance of {DecoderGuide[0]} and {DecoderGuide[1]} channels leaves none of {Hidden} and {Decoder[0]} for the decoder's own");
        Require.That(Skips is null or [>= 0, >= 0], "CAT-Seg's decoder is guided by two blocks of the tower");
        return this;
    }

    /// <summary>Groups of the decoder's norms over so many channels.</summary>
    internal static int GroupsOf(int channels) => Math.Max(1, channels / 16);
}
