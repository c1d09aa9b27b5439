namespace Silc;

/// <summary>
/// Linear layers of one input X whose outputs lie side by side, mostly one layer: the gradient of the outputs, and where those of kernels and biases
/// are added.
/// </summary>
readonly record struct LinearGrad(Tensor X, Tensor DY, Tensor[] DKernels, Tensor[] DBiases);
