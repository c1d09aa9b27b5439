using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Maps of <c>Height</c> x <c>Width</c> places with <c>Inputs</c> channels, and a kernel of <c>Size</c> x <c>Size</c> taps that makes <c>Outputs</c>
/// of them. Of a padded map, the taps of one row of the kernel are <see cref="Run"/> floats beside each other.
/// </summary>
readonly record struct ConvolutionShape(int Height, int Width, int Size, int Inputs, int Outputs)
{
    /// <summary>Vectors of outputs.</summary>
    public const int Lanes = 16;

    /// <summary>Places, or taps, that are summed up at once.</summary>
    public const int AtOnce = 8;

    public int Run => Size * Inputs;

    public int Places => Height * Width;

    /// <summary>Outputs, filled up to whole vectors.</summary>
    public int Padded => (Outputs + Lanes - 1) / Lanes * Lanes;

    /// <summary>Floats of the kernel with its outputs filled up.</summary>
    public long WeightFloats => (long)Size * Run * Padded;

    /// <summary>Floats from a row of a padded map to the next.</summary>
    public int Row => (Width + Size - 1) * Inputs;

    /// <summary>Floats of a padded map, and of what is read behind it and not used.</summary>
    public nint MapFloats => (nint)(Height + Size - 1) * Row + AtOnce * (Inputs + 1);

    /// <summary>Copies a map with a border of zeros.</summary>
    public unsafe void Pad(float* map, float* to)
    {
        int radius = Size / 2;
        new Span<float>(to, (int)MapFloats).Clear();
        for (int i = 0; i < Height; i++)
            new Span<float>(map + (nint)i * Width * Inputs, Width * Inputs).CopyTo(
                new(to + (nint)(i + radius) * Row + radius * Inputs, Width * Inputs));
    }

    /// <summary>Stores what was summed up at once, one behind the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(float* sums, Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3,
        Vector512<float> s4, Vector512<float> s5, Vector512<float> s6, Vector512<float> s7)
    {
        s0.Store(sums);
        s1.Store(sums + Lanes);
        s2.Store(sums + 2 * Lanes);
        s3.Store(sums + 3 * Lanes);
        s4.Store(sums + 4 * Lanes);
        s5.Store(sums + 5 * Lanes);
        s6.Store(sums + 6 * Lanes);
        s7.Store(sums + 7 * Lanes);
    }

    /// <summary>Copies rows of outputs to whole vectors, zeros behind.</summary>
    public unsafe void Widen(float* rows, int count, nint stride, float* to)
    {
        for (int row = 0; row < count; row++, rows += stride, to += Padded)
        {
            new Span<float>(rows, Outputs).CopyTo(new(to, Outputs));
            new Span<float>(to + Outputs, Padded - Outputs).Clear();
        }
    }
}

/// <summary>
/// A kernel as a convolution reads it, (taps, inputs, padded outputs): once a call, for all images. With <c>adjoint</c> it is read backwards and
/// transposed, which makes dx of dy. An item is a tap.
/// </summary>
readonly unsafe struct CpuConvolutionWeights(float* kernel, nint stride, float* weights, ConvolutionShape shape, bool adjoint) : ICpuWork
{
    public void Run(int tap)
    {
        var to = weights + (nint)tap * shape.Inputs * shape.Padded;
        if (!adjoint)
        {
            shape.Widen(kernel + (nint)tap * shape.Inputs * stride, shape.Inputs, stride, to);
            return;
        }
        new Span<float>(to, shape.Inputs * shape.Padded).Clear();
        int mirrored = shape.Size * shape.Size - 1 - tap;
        for (int from = 0; from < shape.Inputs; from++, to += shape.Padded)
            for (int o = 0; o < shape.Outputs; o++) to[o] = kernel[((nint)mirrored * shape.Outputs + o) * stride + from];
    }
}

/// <summary>
/// y = the convolution of x, without unfolding it: 8 places x 16 outputs are summed up in registers over all taps and channels. The weights are those
/// of <see cref="CpuConvolutionWeights"/>. An item is an image.
/// </summary>
readonly unsafe struct CpuConvolution(float* x, float* weights, float* bias, float* y, ConvolutionShape shape) : ICpuWork
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int image)
    {
        int padded = shape.Padded;
        var shift = ThreadScratch.Packing(padded + shape.MapFloats);
        float* map = shift + padded;
        new Span<float>(shift, padded).Clear();
        if (bias != null) new Span<float>(bias, shape.Outputs).CopyTo(new(shift, shape.Outputs));
        shape.Pad(x + (nint)image * shape.Places * shape.Inputs, map);
        var to = y + (nint)image * shape.Places * shape.Outputs;
        for (int i = 0; i < shape.Height; i++)
            for (int j = 0; j < shape.Width; j += ConvolutionShape.AtOnce)
                for (int o = 0; o < shape.Outputs; o += ConvolutionShape.Lanes)
                    Sum(map + (nint)i * shape.Row + j * shape.Inputs, weights + o, Vector512.Load(shift + o),
                        to + (nint)(i * shape.Width + j) * shape.Outputs + o, Math.Min(ConvolutionShape.AtOnce, shape.Width - j),
                        Math.Min(ConvolutionShape.Lanes, shape.Outputs - o));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Sum(float* map, float* weights, Vector512<float> start, float* to, int places, int outputs)
    {
        Vector512<float> s0 = start, s1 = start, s2 = start, s3 = start, s4 = start, s5 = start, s6 = start, s7 = start;
        nint step = shape.Inputs, next = shape.Padded;
        for (int row = 0; row < shape.Size; row++, map += shape.Row)
        {
            float* near = map, far = map + 4 * step;
            for (int k = shape.Run; k > 0; k--, near++, far++, weights += next)
            {
                var w = Vector512.Load(weights);
                s0 = Vector512.MultiplyAddEstimate(Vector512.Create(near[0]), w, s0);
                s1 = Vector512.MultiplyAddEstimate(Vector512.Create(near[step]), w, s1);
                s2 = Vector512.MultiplyAddEstimate(Vector512.Create(near[2 * step]), w, s2);
                s3 = Vector512.MultiplyAddEstimate(Vector512.Create(near[3 * step]), w, s3);
                s4 = Vector512.MultiplyAddEstimate(Vector512.Create(far[0]), w, s4);
                s5 = Vector512.MultiplyAddEstimate(Vector512.Create(far[step]), w, s5);
                s6 = Vector512.MultiplyAddEstimate(Vector512.Create(far[2 * step]), w, s6);
                s7 = Vector512.MultiplyAddEstimate(Vector512.Create(far[3 * step]), w, s7);
            }
        }
        var sums = stackalloc float[ConvolutionShape.AtOnce * ConvolutionShape.Lanes];
        ConvolutionShape.Store(sums, s0, s1, s2, s3, s4, s5, s6, s7);
        for (int place = 0; place < places; place++, to += shape.Outputs, sums += ConvolutionShape.Lanes)
            if (outputs == ConvolutionShape.Lanes) Vector512.Load(sums).Store(to);
            else
                for (int o = 0; o < outputs; o++) to[o] = sums[o];
    }
}

/// <summary>
/// The gradients of kernel and bias over a block of images, [dKernel | dBias]: 8 taps and channels x 16 outputs are summed up in registers over
/// all places of an image.
/// </summary>
readonly unsafe struct CpuConvolutionGrad(float* x, float* dy, float* partial, ConvolutionShape shape, int images, int blockImages) : ICpuWork
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int block)
    {
        int rows = shape.Size * shape.Run, floats = rows * shape.Outputs + shape.Outputs;
        var sums = partial + (nint)block * floats;
        new Span<float>(sums, floats).Clear();
        var map = ThreadScratch.Packing(shape.MapFloats + (nint)shape.Places * shape.Padded);
        var wide = map + shape.MapFloats;
        for (int image = block * blockImages; image < Math.Min(images, (block + 1) * blockImages); image++)
        {
            shape.Pad(x + (nint)image * shape.Places * shape.Inputs, map);
            shape.Widen(dy + (nint)image * shape.Places * shape.Outputs, shape.Places, shape.Outputs, wide);
            for (int row = 0; row < shape.Size; row++)
                for (int k = 0; k < shape.Run; k += ConvolutionShape.AtOnce)
                    for (int o = 0; o < shape.Outputs; o += ConvolutionShape.Lanes)
                        Sum(map + (nint)row * shape.Row + k, wide + o, sums + (nint)(row * shape.Run + k) * shape.Outputs + o,
                            Math.Min(ConvolutionShape.AtOnce, shape.Run - k), Math.Min(ConvolutionShape.Lanes, shape.Outputs - o));
            var bias = sums + (nint)rows * shape.Outputs;
            for (int place = 0; place < shape.Places; place++) SimdMath.Add(wide + (nint)place * shape.Padded, bias, shape.Outputs);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Sum(float* map, float* grads, float* to, int taps, int outputs)
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        int step = shape.Inputs, next = shape.Padded;
        for (int i = 0; i < shape.Height; i++, map += shape.Row)
        {
            var at = map;
            for (int j = shape.Width; j > 0; j--, at += step, grads += next)
            {
                var d = Vector512.Load(grads);
                s0 = Vector512.MultiplyAddEstimate(Vector512.Create(at[0]), d, s0);
                s1 = Vector512.MultiplyAddEstimate(Vector512.Create(at[1]), d, s1);
                s2 = Vector512.MultiplyAddEstimate(Vector512.Create(at[2]), d, s2);
                s3 = Vector512.MultiplyAddEstimate(Vector512.Create(at[3]), d, s3);
                s4 = Vector512.MultiplyAddEstimate(Vector512.Create(at[4]), d, s4);
                s5 = Vector512.MultiplyAddEstimate(Vector512.Create(at[5]), d, s5);
                s6 = Vector512.MultiplyAddEstimate(Vector512.Create(at[6]), d, s6);
                s7 = Vector512.MultiplyAddEstimate(Vector512.Create(at[7]), d, s7);
            }
        }
        var sums = stackalloc float[ConvolutionShape.AtOnce * ConvolutionShape.Lanes];
        ConvolutionShape.Store(sums, s0, s1, s2, s3, s4, s5, s6, s7);
        for (int tap = 0; tap < taps; tap++, to += shape.Outputs, sums += ConvolutionShape.Lanes) SimdMath.Add(sums, to, outputs);
    }
}
