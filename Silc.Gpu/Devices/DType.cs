namespace Silc;

/// <summary>The element type of a <see cref="Tensor"/>.</summary>
enum DType
{
    /// <summary>IEEE single precision: parameters, gradients, losses and the residual stream, always.</summary>
    Float32,

    /// <summary>
    /// bfloat16, two in the place of a float: what matrix products and attention read and write with <see cref="Precision.Bf16"/>, copies
    /// of the weights included. Rows are a multiple of 16 bytes.
    /// </summary>
    BFloat16,
}
