namespace Silc;

/// <summary>How the values of a <see cref="Tensor"/> lie in device memory.</summary>
enum DType
{
    /// <summary>IEEE single precision: parameters, gradients, losses and the residual stream, always.</summary>
    Float32,

    /// <summary>
    /// bfloat16, two in a float's place: what products and attention read and write with <see cref="Precision.Bf16"/>, copies of the
    /// weights among it. Rows are whole units of 16 bytes.
    /// </summary>
    BFloat16,
}
