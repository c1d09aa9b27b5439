namespace Silc;

/// <summary>Processors with 32 vector registers of 512 bits: 24 of them hold sums.</summary>
readonly struct ClTile12x32 : IClTile
{
    public static int Rows => 12;
    public static int Columns => 32;

    public static void Multiply(Floats a, int left, int leftRow, int leftStep, Floats scratch, int right, int depth, int to, int toRow)
    {
        var zero = Sixteen.Splat(0);
        Sixteen a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero, a8 = zero, a9 = zero, a10 = zero, a11 = zero;
        Sixteen b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero, b6 = zero, b7 = zero, b8 = zero, b9 = zero, b10 = zero, b11 = zero;
        for (int k = 0; k < depth; k++)
        {
            int at = left + k * leftStep, line = right + k * Columns;
            Sixteen near = Sixteen.Load(scratch, line), far = Sixteen.Load(scratch, line + Sixteen.Width);
            float x0 = a[at];
            a0 = a0.Plus(x0, near);
            b0 = b0.Plus(x0, far);
            float x1 = a[at + leftRow];
            a1 = a1.Plus(x1, near);
            b1 = b1.Plus(x1, far);
            float x2 = a[at + 2 * leftRow];
            a2 = a2.Plus(x2, near);
            b2 = b2.Plus(x2, far);
            float x3 = a[at + 3 * leftRow];
            a3 = a3.Plus(x3, near);
            b3 = b3.Plus(x3, far);
            float x4 = a[at + 4 * leftRow];
            a4 = a4.Plus(x4, near);
            b4 = b4.Plus(x4, far);
            float x5 = a[at + 5 * leftRow];
            a5 = a5.Plus(x5, near);
            b5 = b5.Plus(x5, far);
            float x6 = a[at + 6 * leftRow];
            a6 = a6.Plus(x6, near);
            b6 = b6.Plus(x6, far);
            float x7 = a[at + 7 * leftRow];
            a7 = a7.Plus(x7, near);
            b7 = b7.Plus(x7, far);
            float x8 = a[at + 8 * leftRow];
            a8 = a8.Plus(x8, near);
            b8 = b8.Plus(x8, far);
            float x9 = a[at + 9 * leftRow];
            a9 = a9.Plus(x9, near);
            b9 = b9.Plus(x9, far);
            float x10 = a[at + 10 * leftRow];
            a10 = a10.Plus(x10, near);
            b10 = b10.Plus(x10, far);
            float x11 = a[at + 11 * leftRow];
            a11 = a11.Plus(x11, near);
            b11 = b11.Plus(x11, far);
        }
        Store(scratch, to, a0, b0);
        Store(scratch, to + toRow, a1, b1);
        Store(scratch, to + 2 * toRow, a2, b2);
        Store(scratch, to + 3 * toRow, a3, b3);
        Store(scratch, to + 4 * toRow, a4, b4);
        Store(scratch, to + 5 * toRow, a5, b5);
        Store(scratch, to + 6 * toRow, a6, b6);
        Store(scratch, to + 7 * toRow, a7, b7);
        Store(scratch, to + 8 * toRow, a8, b8);
        Store(scratch, to + 9 * toRow, a9, b9);
        Store(scratch, to + 10 * toRow, a10, b10);
        Store(scratch, to + 11 * toRow, a11, b11);
    }

    static void Store(Floats scratch, int at, Sixteen near, Sixteen far)
    {
        Sixteen.Store(scratch, at, near);
        Sixteen.Store(scratch, at + Sixteen.Width, far);
    }
}
