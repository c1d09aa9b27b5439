namespace Silc.Samples.Heads;

/// <summary>Some images of another set. Threads: any number may call <see cref="Read"/>.</summary>
/// <param name="source">All of them.</param>
/// <param name="kept">Indices.</param>
sealed class ChosenImages(IInstanceSource source, int[] kept) : IInstanceSource
{
    public string Name => source.Name;

    public int Count => kept.Length;

    public DetectionTruth Truth => source.Truth;

    public IReadOnlyList<SkippedMembers> Skipped => source.Skipped;

    public DetectionImage InfoOf(int index) => source.InfoOf(kept[index]);

    public InstanceImage Read(int index) => source.Read(kept[index]);
}
