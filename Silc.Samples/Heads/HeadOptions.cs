using System.CommandLine;

namespace Silc.Samples.Heads;

/// <summary>Options that name a head.</summary>
static class HeadOptions
{
    /// <summary>A head that is read.</summary>
    public static Option<string?> Head(bool required) => new("--head")
    {
        Description = "A folder that silc head train segment wrote, or the head.safetensors in it; it belongs to the model that it was trained on.",
        HelpName = "DIR|FILE",
        Required = required,
    };

    /// <summary>Opens a head beside its model, and says where they differ in what is legal.</summary>
    public static SegmentationHead Open(SilcModel model, string path, int? window)
    {
        var head = SegmentationHead.Load(model, path);
        if (window is { } side && side != head.Description.Resolution)
            Console.Error.WriteLine($"note: {path} was trained on images of {head.Description.Resolution} pixels, and sees {side} here; "
                + "positions are resized");
        return head;
    }
}
