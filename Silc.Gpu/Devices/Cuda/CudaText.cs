using System.Reflection;
using System.Text.RegularExpressions;

namespace Silc;

/// <summary>
/// Post-processes the PTX of a kernel: ILGPU 1.5.3 has no target after sm_80, no launch bounds without a specialization for each call, and
/// no dynamic shared memory beside static; and it writes a function for each intrinsic, which nothing calls.
/// </summary>
static partial class CudaText
{
    /// <summary>Name of the dynamic shared memory, see <see cref="Ptx.DynamicShared"/>.</summary>
    public const string Dynamic = "silc_dynamic";

    /// <summary>Placeholder for the name of the kernel's parameter, which ILGPU generates.</summary>
    public const string KernelArgument = "silc_parameter";

    public static string Of(string ptx, Type kernel)
    {
        if (ptx.Contains(Dynamic, StringComparison.Ordinal))
            ptx = AddressSize().Replace(ptx, $"$0\n.extern .shared .align 1024 .b8 {Dynamic}[];", 1);
        if (ptx.Contains(KernelArgument, StringComparison.Ordinal))
        {
            // Tensor maps are the first fields of the kernel, hence of its parameter.
            var name = ParameterName().Match(ptx).Groups[1].Value;
            ptx = ptx.Replace($".align 8 .b8 {name}[", $".align 64 .b8 {name}[", StringComparison.Ordinal)
                .Replace(KernelArgument, name, StringComparison.Ordinal);
        }
        // Functions that other modules may call keep the assembler from giving a kernel's warpgroups different numbers of registers.
        if (!ptx.Contains("call", StringComparison.Ordinal)) ptx = Functions().Replace(ptx, "");
        if (BoundsOf(kernel) is not { } bounds) return ptx;
        if (bounds.Target is { } target) ptx = TargetLine().Replace(ptx, $".target {target}", 1);
        return EntryHead().Replace(ptx, $"$0\n.maxntid {bounds.Threads}, 1, 1\n.minnctapersm {bounds.Blocks}", 1);
    }

    // Launch bounds of the kernel, or of the type argument that carries them.
    static LaunchBoundsAttribute? BoundsOf(Type kernel) => kernel.GetCustomAttribute<LaunchBoundsAttribute>()
        ?? kernel.GetGenericArguments().Select(argument => argument.GetCustomAttribute<LaunchBoundsAttribute>())
            .FirstOrDefault(bounds => bounds is not null);

    // Declarations, and definitions whose bodies have no scopes.
    [GeneratedRegex(@"^\.visible \.func [^;{]*(;|\{[^{}]*\})\s*", RegexOptions.Multiline)]
    private static partial Regex Functions();

    [GeneratedRegex(@"^\.address_size 64\s*$", RegexOptions.Multiline)]
    private static partial Regex AddressSize();

    [GeneratedRegex(@"^\.target \w+", RegexOptions.Multiline)]
    private static partial Regex TargetLine();

    [GeneratedRegex(@"\.visible \.entry [^(]*\(\s*\.param \.align 8 \.b8 (\w+)\[")]
    private static partial Regex ParameterName();

    [GeneratedRegex(@"\.visible \.entry [^{]*?\)", RegexOptions.Singleline)]
    private static partial Regex EntryHead();
}
