namespace Silc;

/// <summary>
/// Pixels in [-1, 1] to the normalisation that a tower was trained with; see
/// <see cref="PixelNorm"/>. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class PixelScale(Parameters parameters, PixelNorm norm)
{
    Tensor factors, shifts;

    /// <summary>The pixels scaled, in the frame that is open.</summary>
    public Tensor Run(Pass pass, Tensor pixels)
    {
        if (factors.Count == 0) (factors, shifts) = (parameters.Constant(norm.Factors, 1, 3), parameters.Constant(norm.Shifts, 1, 3));
        var y = pass.Scratch(pixels.Rows, pixels.Cols);
        pass.Ops.ScaleChannels(pixels, factors, shifts, y);
        return y;
    }
}
