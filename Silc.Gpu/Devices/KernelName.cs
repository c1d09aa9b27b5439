using System.Text;

namespace Silc;

/// <summary>The name of a kernel for people: its type with its type arguments, which are its tile, operands and epilogue.</summary>
static class KernelName
{
    public static string Of(Type type)
    {
        if (!type.IsGenericType) return type.Name;
        var name = new StringBuilder(type.Name.Split('`')[0]).Append('<');
        return name.AppendJoin(", ", type.GetGenericArguments().Select(Of)).Append('>').ToString();
    }
}
