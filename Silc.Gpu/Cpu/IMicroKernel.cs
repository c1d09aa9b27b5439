namespace Silc;

/// <summary>
/// The innermost loop of the matrix product, one struct for each vector width: a tile of C held in registers while k runs.
/// C[mr, nr] = alpha · Σ_k A[·, k] B[k, ·] + addend (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
/// </summary>
unsafe interface IMicroKernel
{
    /// <summary>mr: rows of the tile. Even, so that packing can move two rows at a time.</summary>
    static abstract int Rows { get; }

    /// <summary>nr: columns of the tile, a multiple of the vector width.</summary>
    static abstract int Columns { get; }

    /// <summary>
    /// Computes one full tile. A[i, k] is <c>a[i * aRow + k * aStep]</c>, so A may be a packed panel (aRow 1, aStep mr) or lie where it is;
    /// row k of B is <c>b + k * bStep</c>. <paramref name="add"/> is what to add to the product: the bias row (addRow 0), C itself, or null.
    /// </summary>
    static abstract void Multiply(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow);

    /// <summary>Rows of <see cref="MultiplyFew"/>, a divisor of <see cref="Rows"/>; 0 if there is none.</summary>
    static virtual int FewRows => 0;

    /// <summary>
    /// As <see cref="Multiply"/> for the last rows of C where a whole tile would compute rows that nobody asked for: of the 72 rows of six tiles of
    /// 12, an image of 64 patches has no use for 8. The same chain of multiply-adds for each element, so the same bits.
    /// </summary>
    static virtual void MultiplyFew(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow) => throw new NotSupportedException();
}
