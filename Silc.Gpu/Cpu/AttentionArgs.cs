namespace Silc;

/// <summary>
/// Multi-head attention over matrices whose rows are tokens, image after image, and whose columns are heads of <see cref="HeadSize"/> floats.
/// Strides are in floats, so q, k and v may be column ranges of one (N, 3C) matrix.
/// </summary>
unsafe struct AttentionArgs
{
    public int Batch, Heads, HeadSize;

    /// <summary>Query tokens and key tokens of each image: equal in self-attention, 1 and T in attention pooling.</summary>
    public int Queries, Keys;

    /// <summary>Factor on q · k, usually 1 / √D.</summary>
    public float Scale;

    /// <summary>Query t attends to keys 0 to t alone.</summary>
    public bool Causal;

    public float* Q, K, V, O;
    public int LdQ, LdK, LdV, LdO;

    /// <summary>log Σ exp of every row of scores, (B, H, Queries): written by the forward pass, read by the backward pass.</summary>
    public float* LogSumExp;

    /// <summary>The gradients; the backward pass reads the first and overwrites the others.</summary>
    public float* GradO, GradQ, GradK, GradV;
    public int LdGradO, LdGradQ, LdGradK, LdGradV;
}
