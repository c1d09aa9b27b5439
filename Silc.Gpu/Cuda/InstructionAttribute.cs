using System.Reflection;

namespace Silc;

/// <summary>
/// The PTX that a method stands for. <c>$0, $1, …</c> are the registers of its result, field by field, <c>%0, %1, …</c> those of
/// its arguments, <c>#0, #1, …</c> arguments that are constants. Long texts are written by a class, for the method's type arguments.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class InstructionAttribute : Attribute
{
    readonly string? text;
    readonly Type? writer;

    public InstructionAttribute(string text) => this.text = text;

    /// <param name="writer">An <see cref="IInstructionText"/>.</param>
    public InstructionAttribute(Type writer) => this.writer = writer;

    public string Of(MethodInfo method) => text
        ?? (string)writer!.GetMethod(nameof(IInstructionText.Of))!.Invoke(null, [method.GetGenericArguments()])!;
}

/// <summary>Writes the PTX of a generic method of <see cref="Ptx"/>.</summary>
interface IInstructionText
{
    static abstract string Of(Type[] arguments);
}
