namespace Silc.Samples.Evaluation;

/// <summary>A set with the background's pixels ignored; class 0 stays, but nothing is of it.</summary>
sealed class ObjectsAlone(ISegmentationSource source) : ISegmentationSource
{
    public string Name => $"{source.Name}, objects alone";
    public int Count => source.Count;
    public ClassList Classes => source.Classes;
    public bool HasBackground => true;
    public Colour ColourOf(int label) => source.ColourOf(label);

    public SegmentedImage Read(int index)
    {
        var example = source.Read(index);
        return example with { Labels = example.Labels.Map(label => label == 0 ? LabelMap.Ignore : label) };
    }
}
