namespace Silc;

/// <summary>One named parameter: a window of the flat buffers of its <see cref="Parameters"/>. Threads: as for <see cref="Parameters"/>.</summary>
sealed class Parameter
{
    internal Parameter(string name, int[] shape, int rows, int cols, Init init) =>
        (Name, Shape, Rows, Cols, Init) = (name, shape, rows, cols, init);

    /// <summary>big_vision's name, e.g. <c>img/Transformer/encoderblock_0/MlpBlock_0/Dense_0/kernel</c>.</summary>
    public string Name { get; }

    /// <summary>big_vision's shape, e.g. (D, H, D/H) for an attention kernel.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Rows of the matrix that layers see: inputs, for a kernel.</summary>
    public int Rows { get; }

    /// <summary>Columns of that matrix: outputs, for a kernel.</summary>
    public int Cols { get; }

    /// <summary>Number of values.</summary>
    public int Count => Rows * Cols;

    /// <summary>The values, (Rows, Cols).</summary>
    public Tensor Value
    {
        get
        {
            Drawing?.Invoke();
            return field;
        }
        internal set;
    }

    /// <summary>Draws the initial values before they are first read; null once they are there.</summary>
    internal Action? Drawing { get; set; }

    /// <summary>The gradient, (Rows, Cols); backward passes add to it.</summary>
    public Tensor Grad { get; internal set; }

    internal Init Init { get; }

    /// <summary>Values to begin with that are computed and not drawn; null draws them by <see cref="Init"/>.</summary>
    internal Func<float[]>? Computed { get; set; }

    internal int Offset { get; set; }

    /// <summary>True for the weights of GEMMs: devices may keep a bf16 copy.</summary>
    internal bool InProducts { get; set; }

    /// <summary>
    /// C, if this is the query weight of query, key and value, (C, C) each and declared one after another: their bf16 copies are packed side by side.
    /// </summary>
    internal int? PackedQkvWidth { get; set; }

    internal string Tower => Name.Split('/')[0];
}
