using System.Reflection;
using System.Reflection.Emit;

namespace Silc.Tests;

/// <summary>What a method's IL refers to, without running it.</summary>
static class MethodCode
{
    static readonly Dictionary<ushort, OpCode> opcodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (ushort)code.Value);

    /// <summary>The methods and constructors that a method calls, in its order, each with the type that a constrained call is made on.</summary>
    public static IEnumerable<(OpCode Code, MethodBase Method, Type? Constrained)> Calls(MethodBase caller)
    {
        var il = caller.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[] ofType = caller.DeclaringType?.GetGenericArguments() ?? [], ofMethod = caller.IsGenericMethod ? caller.GetGenericArguments() : [];
        Type? constrained = null;
        for (int at = 0; at < il.Length;)
        {
            ushort value = il[at++];
            if (value == 0xFE) value = (ushort)(0xFE00 | il[at++]);
            var code = opcodes[value];
            switch (code.OperandType)
            {
                case OperandType.InlineMethod when caller.Module.ResolveMethod(BitConverter.ToInt32(il, at), ofType, ofMethod) is { } method:
                    yield return (code, method, constrained);
                    constrained = null;
                    break;
                case OperandType.InlineType when code == OpCodes.Constrained:
                    constrained = caller.Module.ResolveType(BitConverter.ToInt32(il, at), ofType, ofMethod);
                    break;
            }
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(il, at),
                _ => 4,
            };
        }
    }

    /// <summary>
    /// All methods of the assembly that are reached from one, generic ones with their arguments; calls through an interface are followed where the
    /// type that they are made on is known.
    /// </summary>
    public static HashSet<MethodBase> Reached(MethodBase from)
    {
        var (found, open) = (new HashSet<MethodBase> { from }, new Stack<MethodBase>([from]));
        while (open.TryPop(out var caller))
            foreach (var (_, called, constrained) in Calls(caller))
                if (called.Module == from.Module && Target(called, constrained) is { } target && found.Add(target)) open.Push(target);
        return found;
    }

    // The method that a constrained call of an interface's method ends in.
    static MethodBase? Target(MethodBase called, Type? constrained)
    {
        if (constrained is null || called.DeclaringType is not { IsInterface: true } || constrained.IsInterface || constrained.IsGenericParameter)
            return called;
        Type[] arguments = [.. called.GetParameters().Select(parameter => parameter.ParameterType)];
        return constrained.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .FirstOrDefault(method => (method.Name == called.Name || method.Name.EndsWith($".{called.Name}", StringComparison.Ordinal))
                && method.GetParameters().Length == arguments.Length) ?? called;
    }
}
