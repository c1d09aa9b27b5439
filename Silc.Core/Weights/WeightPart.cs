namespace Silc;

/// <summary>How another library lays out the values of a parameter.</summary>
enum WeightOrder
{
    /// <summary>As big_vision does.</summary>
    Same,

    /// <summary>Kernel (in, out) as PyTorch's linear layers have it, (out, in).</summary>
    Transposed,

    /// <summary>Patch kernel (p, p, 3, C), or of other channels than 3, as PyTorch's convolutions have it, (C, 3, p, p).</summary>
    Patches,
}

/// <summary>One parameter inside a tensor of a file.</summary>
/// <param name="Parameter">big_vision's name.</param>
/// <param name="Rows">Inputs of a kernel.</param>
/// <param name="Cols">Its outputs.</param>
/// <param name="Order">Layout in the file.</param>
sealed record WeightPart(string Parameter, int Rows, int Cols, WeightOrder Order)
{
    const int Block = 32;

    /// <summary>Channels of a pixel under a kernel of patches.</summary>
    public int Channels { get; init; } = 3;

    public int Count => Rows * Cols;

    /// <summary>From the file's layout to big_vision's.</summary>
    public void FromFile(ReadOnlySpan<float> file, Span<float> values)
    {
        if (Order == WeightOrder.Patches) Permute(file, values, fromFile: true);
        else Transpose(file, values, Cols, Rows);
    }

    /// <summary>From big_vision's layout to the file's.</summary>
    public void ToFile(ReadOnlySpan<float> values, Span<float> file)
    {
        if (Order == WeightOrder.Patches) Permute(values, file, fromFile: false);
        else Transpose(values, file, Rows, Cols);
    }

    // In blocks: of a matrix larger than the cache, one side would miss at every value.
    static void Transpose(ReadOnlySpan<float> from, Span<float> to, int rows, int cols)
    {
        for (int top = 0; top < rows; top += Block)
            for (int left = 0; left < cols; left += Block)
                for (int row = top; row < Math.Min(top + Block, rows); row++)
                    for (int col = left; col < Math.Min(left + Block, cols); col++) to[col * rows + row] = from[row * cols + col];
    }

    void Permute(ReadOnlySpan<float> from, Span<float> to, bool fromFile)
    {
        int pixels = Rows / Channels;
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int channel = 0; channel < Channels; channel++)
                for (int col = 0; col < Cols; col++)
                {
                    int ours = (pixel * Channels + channel) * Cols + col, theirs = (col * Channels + channel) * pixels + pixel;
                    if (fromFile) to[ours] = from[theirs];
                    else to[theirs] = from[ours];
                }
    }
}

/// <summary>One tensor of a file: the values of its parameters one after the other.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Parts">The parameters.</param>
sealed record WeightTensor(string Name, int[] Shape, params WeightPart[] Parts);
