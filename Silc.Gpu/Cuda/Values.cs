namespace Silc;

/// <summary>How a kernel reads and writes four neighbours of a tensor; see <see cref="Stored"/>.</summary>
interface IValues
{
    /// <summary>True for bfloat16: every access is whole and aligned, for rows are units of 16 bytes.</summary>
    static abstract bool Halves { get; }
    static abstract Float4 Load(long address);
    static abstract void Store(long address, Float4 values);
}

/// <summary>float32, at multiples of 16 bytes.</summary>
readonly struct FloatValues : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => Ptx.Load4(address);
    public static void Store(long address, Float4 values) => Ptx.Store4(address, values);
}

/// <summary>bfloat16, at multiples of 8 bytes.</summary>
readonly struct HalfValues : IValues
{
    public static bool Halves => true;
    public static Float4 Load(long address) => Ptx.LoadHalves(address);
    public static void Store(long address, Float4 values) => Ptx.StoreHalves(address, values);
}

/// <summary>Float32 at any address.</summary>
readonly struct AnyFloats : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => Ptx.LoadFour(address);
    public static void Store(long address, Float4 values) => Ptx.StoreFour(address, values);
}
