namespace Silc;

/// <summary>Head sizes that the attention kernels are compiled for; smaller heads are padded with zeros.</summary>
interface IHeadSize
{
    static abstract int Size { get; }
}

readonly struct Head32 : IHeadSize
{
    public static int Size => 32;
}

readonly struct Head64 : IHeadSize
{
    public static int Size => 64;
}

readonly struct Head80 : IHeadSize
{
    public static int Size => 80;
}

readonly struct Head128 : IHeadSize
{
    public static int Size => 128;
}
