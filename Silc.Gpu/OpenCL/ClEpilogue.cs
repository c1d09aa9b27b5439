using ILGPU;

namespace Silc;

/// <summary>Epilogue of a GEMM: c = acc + bias + addend; then y = gelu(c), or c ← c · gelu'(h) and y = gelu(h).</summary>
readonly struct ClEpilogue(
    FloatPointer bias, FloatPointer addend, int addendRow, FloatPointer hidden, int hiddenRow, FloatPointer gelu, int geluRow,
    FloatPointer sums, int flags)
{
    const int HasBias = 1, HasAddend = 2, HasGelu = 4, HasHidden = 8, IsExact = 16, HasColumnSumsFlag = 32, IsQuick = 64;

    /// <summary>Where the column sums of B are added: the gradient of a bias.</summary>
    public readonly FloatPointer ColumnSums = sums;

    public bool HasColumnSums => Is(HasColumnSumsFlag);

    // A kernel argument must be a valid view even if it is not read: c stands in for those that are not given.
    public static ClEpilogue None(ArrayView<float> c) => new(c, c, 0, c, 0, c, 0, c, 0);

    public static ClEpilogue Of(Tensor c, Tensor bias, Tensor addend) =>
        new(bias.Cols > 0 ? bias.View : c.View, addend.Cols > 0 ? addend.View : c.View, addend.Stride,
            c.View, 0, c.View, 0, c.View, (bias.Cols > 0 ? HasBias : 0) | (addend.Cols > 0 ? HasAddend : 0));

    public static ClEpilogue Gelu(Tensor h, Tensor bias, Tensor y, GeluKind kind) =>
        new(bias.View, h.View, 0, h.View, 0, y.View, y.Stride, h.View, HasBias | HasGelu | Form(kind));

    public static ClEpilogue GeluBackward(Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        new(dh.View, dh.View, 0, h.View, h.Stride, y.View, y.Stride, dh.View, HasGelu | HasHidden | Form(kind));

    public static ClEpilogue Grads(Tensor dKernel, Tensor dBias) =>
        new(dKernel.View, dKernel.View, dKernel.Stride, dKernel.View, 0, dKernel.View, 0, dBias.View, HasAddend | HasColumnSumsFlag);

    static int Form(GeluKind kind) => kind switch { GeluKind.Tanh => 0, GeluKind.Quick => IsQuick, _ => IsExact };

    bool Is(int flag) => (flags & flag) != 0;

    int Kind => Is(IsExact) ? (int)GeluKind.Exact : Is(IsQuick) ? (int)GeluKind.Quick : (int)GeluKind.Tanh;

    /// <summary>Stores an element whose reduction over K is complete.</summary>
    public void Store(FloatPointer c, int at, int row, int column, float value)
    {
        if (Is(HasAddend)) value += addend[row * addendRow + column];
        if (Is(HasBias)) value += bias[column];
        if (Is(HasGelu))
        {
            float x = Is(HasHidden) ? hidden[row * hiddenRow + column] : value;
            var cdf = GeluMath<Pack1>.Cdf(new(x), Kind);
            gelu[row * geluRow + column] = x * Pack1.Sum(cdf);
            if (Is(HasHidden)) value *= Pack1.Sum(GeluMath<Pack1>.Derivative(new(x), cdf, Kind));
        }
        c[at] = value;
    }

    /// <summary>Stores at most 16 elements after one block of K; earlier blocks have accumulated into c.</summary>
    public void Store(FloatPointer c, int at, int row, int column, int count, Pack16 value, bool first, bool last)
    {
        if (!first) value += Pack16.Load(c, at, count);
        else if (Is(HasAddend)) value += Pack16.Load(addend, row * addendRow + column, count);
        if (last)
        {
            if (Is(HasBias)) value += Pack16.Load(bias, column, count);
            if (Is(HasGelu))
            {
                var x = value;
                if (Is(HasHidden)) x = Pack16.Load(hidden, row * hiddenRow + column, count);
                var cdf = GeluMath<Pack16>.Cdf(x, Kind);
                Pack16.Store(gelu, row * geluRow + column, x * cdf, count);
                if (Is(HasHidden)) value *= GeluMath<Pack16>.Derivative(x, cdf, Kind);
            }
        }
        Pack16.Store(c, at, value, count);
    }
}
