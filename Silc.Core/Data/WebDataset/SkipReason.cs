namespace Silc;

/// <summary>Why a scan of shards leaves a member or a sample out.</summary>
static class SkipReason
{
    public const string Cut = "shard ends inside a member or without end mark",
        Header = "damaged header",
        Unsafe = "absolute name or one with ..",
        NoFile = "link, device or other special member",
        Duplicate = "second file of its kind under one key",
        NoCaption = "picture without caption",
        NoPicture = "caption without picture";

    public static string Larger(long limit) => $"larger than {limit:N0} bytes";
}
