using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace Silc;

/// <summary>Registers the methods of <see cref="ClVector"/> with ILGPU's OpenCL backend: vectors of OpenCL C.</summary>
static partial class ClCompiler
{
    /// <summary>To be called while a context is built, before any kernel is compiled.</summary>
    public static void Register(Context.Builder builder)
    {
        var generator = typeof(ClCompiler).GetMethod(nameof(Emit), BindingFlags.Static | BindingFlags.NonPublic)!;
        var emit = new CLIntrinsic(generator, IntrinsicImplementationMode.GenerateCode);
        foreach (var method in typeof(ClVector).GetMethods().Where(method => method.IsDefined(typeof(ClTextAttribute))))
            builder.GetIntrinsicManager().RegisterMethod(method, emit);
    }

    static void Emit(CLBackend backend, CLCodeGenerator code, Value value)
    {
        var call = (MethodCall)value;
        var text = call.Target.Source.GetCustomAttribute<ClTextAttribute>()!.Text;
        var arguments = new List<CLCodeGenerator.Variable>();
        foreach (var node in call.Nodes) arguments.Add(code.Load(node));
        var statement = call.Type.IsVoidType ? code.BeginStatement("") : code.BeginStatement(code.Allocate(call));
        int at = 0;
        foreach (Match match in Placeholder().Matches(text))
        {
            statement.AppendOperation(text[at..match.Index]);
            statement.Append(arguments[int.Parse(match.ValueSpan[1..])]);
            at = match.Index + match.Length;
        }
        statement.AppendOperation(text[at..]);
        statement.Finish();
    }

    [GeneratedRegex(@"\$\d+")]
    private static partial Regex Placeholder();
}
