namespace Silc;

/// <summary>
/// C[M, N] = alpha · op(A)[M, K] · op(B)[K, N] + addend, all row-major with leading strides. C is written, never read,
/// unless it is the addend itself.
/// </summary>
unsafe struct GemmArgs
{
    public int M, N, K;

    /// <summary>(M, K), or (K, M) when <see cref="TransA"/>.</summary>
    public float* A;
    public int Lda;
    public bool TransA;

    /// <summary>(K, N), or (N, K) when <see cref="TransB"/>.</summary>
    public float* B;
    public int Ldb;
    public bool TransB;

    /// <summary>B as <see cref="PackedWeights"/> lays it out; or null. Then <see cref="TransB"/> is false, and there are no column sums.</summary>
    public float* PackedB;

    public float* C;
    public int Ldc;

    public float Alpha;

    /// <summary>Added to the product: null for nothing; a bias row with stride 0; C itself to accumulate; or any other matrix (a residual).</summary>
    public float* Addend;
    public int AddendStride;

    /// <summary>A row of N biases for every row besides the addend, or null.</summary>
    public float* Bias;

    /// <summary>Where gelu(C) goes, or gelu(<see cref="Hidden"/>) where that is given; or null.</summary>
    public float* Gelu;
    public int LdGelu;

    /// <summary>The layer h before a GELU whose gradient C becomes: C ← C · gelu'(h); or null.</summary>
    public float* Hidden;
    public int LdHidden;

    /// <summary>
    /// N floats to which the column sums of B are added, the bias gradient beside the weight gradient; or null. Not for <see cref="TransB"/>.
    /// </summary>
    public float* ColumnTotals;

    /// <summary>C = op(A) · op(B).</summary>
    public static GemmArgs Product(int m, int n, int k, float* a, int lda, bool transA, float* b, int ldb, bool transB, float* c, int ldc) =>
        new() { M = m, N = n, K = k, A = a, Lda = lda, TransA = transA, B = b, Ldb = ldb, TransB = transB, C = c, Ldc = ldc, Alpha = 1 };

    /// <summary>The same product, which reads the panels of B instead of B where they are given.</summary>
    public readonly GemmArgs WithPanels(float* packedB) => this with { PackedB = packedB };

    /// <summary>The same product scaled.</summary>
    public readonly GemmArgs Scaled(float alpha) => this with { Alpha = alpha };

    /// <summary>The same product plus a row of N biases on every row; comes before <see cref="PlusMatrix"/>.</summary>
    public readonly GemmArgs PlusBias(float* bias) => this with { Addend = bias, AddendStride = 0 };

    /// <summary>The same product plus a matrix, which may be C itself.</summary>
    public readonly GemmArgs PlusMatrix(float* matrix, int stride) => this with { Bias = Addend, Addend = matrix, AddendStride = stride };

    /// <summary>The same product, with the sums of B's columns added to N floats.</summary>
    public readonly GemmArgs WithColumnSums(float* sums) => this with { ColumnTotals = sums };

    /// <summary>The same product added to what C holds.</summary>
    public readonly GemmArgs Accumulated() => PlusMatrix(C, Ldc);

    /// <summary>The same product, with gelu(C) stored beside C.</summary>
    public readonly GemmArgs ThenGelu(float* gelu, int ldGelu) => this with { Gelu = gelu, LdGelu = ldGelu };

    /// <summary>The same product times gelu'(hidden), with gelu(hidden) stored beside it.</summary>
    public readonly GemmArgs ThenGeluBackward(float* hidden, int ldHidden, float* gelu, int ldGelu) =>
        this with { Hidden = hidden, LdHidden = ldHidden, Gelu = gelu, LdGelu = ldGelu };
}
