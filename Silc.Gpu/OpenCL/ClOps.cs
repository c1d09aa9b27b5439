namespace Silc;

/// <summary>The operations of a processor behind OpenCL (PoCL): 16 floats at a time, one thread a group; products are its own.</summary>
sealed partial class ClOps(Device device) : Ops<Sixteen>(device);
