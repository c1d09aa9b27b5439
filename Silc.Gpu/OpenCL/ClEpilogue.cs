using ILGPU;

namespace Silc;

/// <summary>
/// What becomes of the sums of a product: c = sums + bias row + addend; then y = gelu(c), or c ← c · gelu'(h) and y = gelu(h).
/// </summary>
readonly struct ClEpilogue(
    FloatPointer bias, FloatPointer addend, int addendRow, FloatPointer hidden, int hiddenRow, FloatPointer gelu, int geluRow, FloatPointer sums, int flags)
{
    const int HasBias = 1, HasAddend = 2, HasGelu = 4, HasHidden = 8, IsExact = 16, HasSums = 32, IsQuick = 64;

    /// <summary>Where the sums of B's columns are added, the gradient of a bias.</summary>
    public readonly FloatPointer Sums = sums;

    public bool MakesSums => Is(HasSums);

    // A kernel argument must be a real view, also where it is not read: c stands for what is not there.
    public static ClEpilogue None(ArrayView<float> c) => new(c, c, 0, c, 0, c, 0, c, 0);

    public static ClEpilogue Of(Tensor c, Tensor bias, Tensor addend) =>
        new(bias.Cols > 0 ? bias.View : c.View, addend.Cols > 0 ? addend.View : c.View, addend.Stride,
            c.View, 0, c.View, 0, c.View, (bias.Cols > 0 ? HasBias : 0) | (addend.Cols > 0 ? HasAddend : 0));

    public static ClEpilogue Gelu(Tensor h, Tensor bias, Tensor y, GeluKind kind) =>
        new(bias.View, h.View, 0, h.View, 0, y.View, y.Stride, h.View, HasBias | HasGelu | Form(kind));

    public static ClEpilogue GeluBackward(Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        new(dh.View, dh.View, 0, h.View, h.Stride, y.View, y.Stride, dh.View, HasGelu | HasHidden | Form(kind));

    public static ClEpilogue Grads(Tensor dKernel, Tensor dBias) =>
        new(dKernel.View, dKernel.View, dKernel.Stride, dKernel.View, 0, dKernel.View, 0, dBias.View, HasAddend | HasSums);

    static int Form(GeluKind kind) => kind switch { GeluKind.Tanh => 0, GeluKind.Quick => IsQuick, _ => IsExact };

    bool Is(int flag) => (flags & flag) != 0;

    int Kind => Is(IsExact) ? (int)GeluKind.Exact : Is(IsQuick) ? (int)GeluKind.Quick : (int)GeluKind.Tanh;

    /// <summary>Stores a whole sum.</summary>
    public void Store(FloatPointer c, int at, int row, int column, float value)
    {
        if (Is(HasAddend)) value += addend[row * addendRow + column];
        if (Is(HasBias)) value += bias[column];
        if (Is(HasGelu))
        {
            float x = Is(HasHidden) ? hidden[row * hiddenRow + column] : value;
            var gate = GeluMath<Pack1>.Gate(new(x), Kind);
            gelu[row * geluRow + column] = x * Pack1.Sum(gate);
            if (Is(HasHidden)) value *= Pack1.Sum(GeluMath<Pack1>.Slope(new(x), gate, Kind));
        }
        c[at] = value;
    }

    /// <summary>Stores the sums of at most 16 places, of one block of terms; earlier blocks have stored theirs in c.</summary>
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
                var gate = GeluMath<Pack16>.Gate(x, Kind);
                Pack16.Store(gelu, row * geluRow + column, x * gate, count);
                if (Is(HasHidden)) value *= GeluMath<Pack16>.Slope(x, gate, Kind);
            }
        }
        Pack16.Store(c, at, value, count);
    }
}
