namespace Silc;

/// <summary>Form of the Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
public enum GeluKind
{
    /// <summary>½x (1 + tanh(√(2/π) (x + 0.044715 x³))): flax's default, hence big_vision's and SILC's in both towers.</summary>
    Tanh,

    /// <summary>½x (1 + erf(x/√2)): PyTorch's default, hence timm's and open_clip's for most towers; also in the DINO head.</summary>
    Exact,

    /// <summary>x · sigmoid(1.702 x): the form that OpenAI's CLIP was trained with, transformers' <c>quick_gelu</c>.</summary>
    Quick,
}
