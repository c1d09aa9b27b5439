namespace Silc;

/// <summary>Form of the Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
public enum GeluKind
{
    /// <summary>½x (1 + tanh(√(2/π) (x + 0.044715 x³))): flax's default, in both towers.</summary>
    Tanh,

    /// <summary>½x (1 + erf(x/√2)): PyTorch's default, in the DINO head.</summary>
    Exact,
}
