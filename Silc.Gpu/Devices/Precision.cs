namespace Silc;

/// <summary>
/// Operand precision of matrix products and, but for 8 bits, attention. Sums are in float32, of 8 bits exact, and float32 are
/// master weights, gradients, the residual stream, losses, normalization and optimizer state.
/// </summary>
public enum Precision
{
    /// <summary>IEEE single precision, 24 bits of fraction: every device.</summary>
    Float32,

    /// <summary>
    /// Operands rounded to 11 bits of fraction with float32's exponent: NVIDIA tensor cores, compute capability 8.0 (Ampere) and newer.
    /// </summary>
    Tf32,

    /// <summary>
    /// Operands rounded to bfloat16, 8 bits of fraction with float32's exponent: the same GPUs, at twice the rate. Activations between
    /// products and attention are stored as bf16 too: half the memory, and half the traffic.
    /// </summary>
    Bf16,

    /// <summary>
    /// Weights rounded to 8 bits, each output channel by its largest, and activations to 8 bits, each row by its range; their products are added up
    /// exactly. For embedding alone, on processors with AVX-VNNI (Intel since 2021, AMD since Zen 5), whose products are two to four times as fast.
    /// Attention, norms, the residual stream and products without a weight are float32.
    /// </summary>
    Int8,
}
