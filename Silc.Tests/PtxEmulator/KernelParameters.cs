using System.Reflection;
using ILGPU;
using ILGPU.Runtime;

namespace Silc.Tests;

/// <summary>A kernel's parameter buffer in PTX: its fields in order, each at its alignment, a view as address and length.</summary>
public sealed class KernelParameters
{
    readonly List<byte> bytes = [];

    public static byte[] Of(object kernel)
    {
        var parameters = new KernelParameters();
        parameters.Align(parameters.Add(kernel));
        return [.. parameters.bytes];
    }

    // Returns the alignment.
    int Add(object value)
    {
        switch (value)
        {
            case int number: return Put(BitConverter.GetBytes(number));
            case uint number: return Put(BitConverter.GetBytes(number));
            case float number: return Put(BitConverter.GetBytes(number));
            case long number: return Put(BitConverter.GetBytes(number));
            case ArrayView<float> view: return AddView(view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0, view.Length);
            case ArrayView<int> view: return AddView(view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0, view.Length);
        }
        var type = value.GetType();
        Assert.IsTrue(type.IsValueType && !type.IsPrimitive, $"{type} cannot be a kernel's argument here");
        var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        int alignment = fields.Length == 0 ? 1 : fields.Max(field => AlignmentOf(field.FieldType));
        Align(alignment);
        foreach (var field in fields) Add(field.GetValue(value)!);
        Align(alignment);
        return alignment;
    }

    static int AlignmentOf(Type type) => type == typeof(long) || type == typeof(ArrayView<float>) || type == typeof(ArrayView<int>) ? 8
        : type.IsPrimitive ? 4
        : type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Select(field => AlignmentOf(field.FieldType))
            .DefaultIfEmpty(1).Max();

    int AddView(long address, long length)
    {
        Put(BitConverter.GetBytes(address));
        return Put(BitConverter.GetBytes(length));
    }

    int Put(byte[] value)
    {
        Align(value.Length);
        bytes.AddRange(value);
        return value.Length;
    }

    void Align(int alignment)
    {
        while (bytes.Count % alignment != 0) bytes.Add(0);
    }
}
