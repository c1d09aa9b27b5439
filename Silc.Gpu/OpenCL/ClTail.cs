using ILGPU;

namespace Silc;

/// <summary>
/// What becomes of the sums of a product: c = sums + bias row + addend; then y = gelu(c), or c ← c · gelu'(h) and y = gelu(h).
/// </summary>
readonly struct ClTail(
    Floats bias, Floats addend, int addendRow, Floats hidden, int hiddenRow, Floats gelu, int geluRow, Floats sums, int flags)
{
    const int HasBias = 1, HasAddend = 2, HasGelu = 4, HasHidden = 8, IsExact = 16, HasSums = 32;

    /// <summary>Where the sums of B's columns are added, the gradient of a bias.</summary>
    public readonly Floats Sums = sums;

    public bool MakesSums => Is(HasSums);

    // A kernel argument must be a real view, also where it is not read: c stands for what is not there.
    public static ClTail None(ArrayView<float> c) => new(c, c, 0, c, 0, c, 0, c, 0);

    public static ClTail Of(Tensor c, Tensor bias, Tensor addend) =>
        new(bias.Cols > 0 ? bias.View : c.View, addend.Cols > 0 ? addend.View : c.View, addend.Stride,
            c.View, 0, c.View, 0, c.View, (bias.Cols > 0 ? HasBias : 0) | (addend.Cols > 0 ? HasAddend : 0));

    public static ClTail Gelu(Tensor h, Tensor bias, Tensor y, GeluKind kind) =>
        new(bias.View, h.View, 0, h.View, 0, y.View, y.Stride, h.View, HasBias | HasGelu | Exact(kind));

    public static ClTail GeluBackward(Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        new(dh.View, dh.View, 0, h.View, h.Stride, y.View, y.Stride, dh.View, HasGelu | HasHidden | Exact(kind));

    public static ClTail Grads(Tensor dKernel, Tensor dBias) =>
        new(dKernel.View, dKernel.View, dKernel.Stride, dKernel.View, 0, dKernel.View, 0, dBias.View, HasAddend | HasSums);

    static int Exact(GeluKind kind) => kind == GeluKind.Tanh ? 0 : IsExact;

    bool Is(int flag) => (flags & flag) != 0;

    int Kind => Is(IsExact) ? (int)GeluKind.Exact : (int)GeluKind.Tanh;

    /// <summary>Stores a whole sum.</summary>
    public void Store(Floats c, int at, int row, int column, float value)
    {
        if (Is(HasAddend)) value += addend[row * addendRow + column];
        if (Is(HasBias)) value += bias[column];
        if (Is(HasGelu))
        {
            float x = Is(HasHidden) ? hidden[row * hiddenRow + column] : value;
            var gate = GeluMath<One>.Gate(new(x), Kind);
            gelu[row * geluRow + column] = x * One.Sum(gate);
            if (Is(HasHidden)) value *= One.Sum(GeluMath<One>.Slope(new(x), gate, Kind));
        }
        c[at] = value;
    }

    /// <summary>Stores the sums of at most 16 places, of one block of terms; earlier blocks have stored theirs in c.</summary>
    public void Store(Floats c, int at, int row, int column, int count, Sixteen value, bool first, bool last)
    {
        if (!first) value += Sixteen.Load(c, at, count);
        else if (Is(HasAddend)) value += Sixteen.Load(addend, row * addendRow + column, count);
        if (last)
        {
            if (Is(HasBias)) value += Sixteen.Load(bias, column, count);
            if (Is(HasGelu))
            {
                var x = value;
                if (Is(HasHidden)) x = Sixteen.Load(hidden, row * hiddenRow + column, count);
                var gate = GeluMath<Sixteen>.Gate(x, Kind);
                Sixteen.Store(gelu, row * geluRow + column, x * gate, count);
                if (Is(HasHidden)) value *= GeluMath<Sixteen>.Slope(x, gate, Kind);
            }
        }
        Sixteen.Store(c, at, value, count);
    }
}
