namespace Silc.Samples.Models;

/// <summary>Says what of an image no patch covers.</summary>
static class PatchNote
{
    /// <summary>One line if the patches do not cover the image, or nothing.</summary>
    public static void Say(SilcConfig config)
    {
        var (side, patch) = (config.ImageSize, config.PatchSize);
        int seen = config.Grid * patch;
        if (seen == side) return;
        Console.WriteLine($"note     patches of {patch} cover {seen} of {side} pixels: the last {side - seen} at the right and at the bottom "
            + $"of every image are cut off; --image-size {seen} or {seen + patch} leaves none out");
    }
}
