namespace Silc;

/// <summary>Why a source leaves a file, a member of a shard or a sample out.</summary>
static class SkipReason
{
    public const string Cut = "shard ends inside a member or without end mark",
        Header = "damaged header",
        Unsafe = "absolute name or one with ..",
        NoFile = "link, device or other special member",
        Duplicate = "second file of its kind under one key",
        OtherField = "file of another field: a field is all that follows the first dot of a name",
        NoCaption = "image without caption",
        OtherCase = "image whose captions have another name in upper and lower case; that of dog.jpg is dog.txt",
        DoubleEnding = "image whose captions have its ending in their name; that of dog.jpg is dog.txt, not dog.jpg.txt",
        NoRow = "image that no row of metadata names",
        NoImage = "caption without image",
        NoMask = "image without a label map of its name",
        MaskAlone = "label map without an image of its name",
        NotThere = "image that the file names and that is not in the folder",
        Hidden = "hidden file, or one that a system keeps beside data",
        Loop = "link to a folder that it lies in",
        OutsideClasses = "image outside of the class folders",
        EmptyClass = "class folder without an image";

    public static string Larger(long limit) => $"larger than {limit:N0} bytes";
}
