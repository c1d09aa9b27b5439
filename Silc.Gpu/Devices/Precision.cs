namespace Silc;

/// <summary>
/// How matrix products and attention multiply. Whatever is chosen, sums are added in float32, and float32 are weights, gradients,
/// the residual stream, losses, normalisation and optimizer.
/// </summary>
public enum Precision
{
    /// <summary>IEEE single precision, 24 bits of fraction: every device.</summary>
    Float32,

    /// <summary>
    /// Operands rounded to 11 bits of fraction with float32's exponent: NVIDIA tensor cores, compute capability 8.0 (Ampere) and
    /// newer.
    /// </summary>
    Tf32,

    /// <summary>
    /// Operands rounded to bfloat16, 8 bits of fraction with float32's exponent: the same GPUs, at twice the rate. What products and
    /// attention hand to each other is also stored so: half the memory, and half the traffic.
    /// </summary>
    Bf16,
}
