namespace Silc;

/// <summary>
/// The OpenCL C expression that a method stands for. <c>$0, $1, …</c> are its arguments; an argument that is a <c>ref</c> is a
/// pointer.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class ClTextAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}
