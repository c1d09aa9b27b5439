using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;
using Register = ILGPU.Backends.RegisterAllocator<ILGPU.Backends.PTX.PTXRegisterKind>;

namespace Silc;

/// <summary>
/// Registers the instructions of <see cref="Ptx"/> with ILGPU's PTX backend. <c>CudaAsm.EmitRef</c> would not need this, but it passes
/// operands through local memory; here they stay in registers, and the kernels of this folder use no local memory at all.
/// </summary>
static partial class PtxCompiler
{
    /// <summary>To be called while a context is built, before any kernel is compiled.</summary>
    public static void Register(Context.Builder builder)
    {
        var generator = typeof(PtxCompiler).GetMethod(nameof(Emit), BindingFlags.Static | BindingFlags.NonPublic)!;
        var emit = new PTXIntrinsic(generator, IntrinsicImplementationMode.GenerateCode);
        foreach (var method in typeof(Ptx).GetMethods().Where(method => method.IsDefined(typeof(InstructionAttribute))))
            builder.GetIntrinsicManager().RegisterMethod(method, emit);
    }

    static void Emit(PTXBackend backend, PTXCodeGenerator code, Value value)
    {
        var call = (MethodCall)value;
        var method = (MethodInfo)call.Target.Source;
        var text = method.GetCustomAttribute<InstructionAttribute>()!.Of(method);
        var arguments = new List<Register.PrimitiveRegister>();
        foreach (var node in call.Nodes) Flatten(code.Load(node), arguments);
        var results = new List<Register.PrimitiveRegister>();
        if (!call.Type.IsVoidType) Flatten(code.Allocate(call), results);
        var line = Placeholder().Replace(text, match =>
        {
            var index = int.Parse(match.ValueSpan[1..]);
            return match.Value[0] switch
            {
                '$' => Name(results[index]),
                '#' => Constant(arguments[index], call),
                _ => Name(arguments[index] = code.EnsureHardwareRegister(arguments[index])),
            };
        });
        code.Builder.Append('\t').AppendLine(line);
    }

    static void Flatten(Register.Register register, List<Register.PrimitiveRegister> to)
    {
        if (register is Register.CompoundRegister compound) foreach (var child in compound.Children) Flatten(child, to);
        else to.Add((Register.PrimitiveRegister)register);
    }

    static string Name(Register.PrimitiveRegister register) =>
        $"%{PTXRegisterAllocator.GetStringRepresentation((Register.HardwareRegister)register)}";

    static string Constant(Register.PrimitiveRegister register, MethodCall call) => register is Register.ConstantRegister constant
        ? $"{constant.Value.Int32Value}"
        : throw new NotSupportedException($"{call.Target.Source.Name} takes a constant");

    [GeneratedRegex(@"[$#%]\d+")]
    private static partial Regex Placeholder();
}
