namespace Silc;

/// <summary>
/// The one backend that a kernel is for; a kernel without it compiles for every backend. The tests compile each kernel for the backends that
/// it is for, so that the mark and not the folder decides.
/// </summary>
/// <param name="backend">The backend whose instructions or addresses it uses.</param>
[AttributeUsage(AttributeTargets.Struct)]
sealed class KernelAttribute(DeviceKind backend) : Attribute
{
    public DeviceKind Backend => backend;
}
