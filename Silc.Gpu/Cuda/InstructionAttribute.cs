namespace Silc;

/// <summary>
/// The PTX that a method stands for. <c>$0, $1, …</c> are the registers of its result, field by field, <c>%0, %1, …</c> those of
/// its arguments, <c>#0, #1, …</c> arguments that are constants.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class InstructionAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}
