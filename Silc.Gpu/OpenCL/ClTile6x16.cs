namespace Silc;

/// <summary>Processors with 16 vector registers of 256 bits: 12 of them hold sums.</summary>
readonly struct ClTile6x16 : IClTile
{
    public static int Rows => 6;
    public static int Columns => 16;

    public static void Multiply(Floats a, int left, int leftRow, int leftStep, Floats scratch, int right, int depth, int to, int toRow)
    {
        var zero = Sixteen.Splat(0);
        Sixteen a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
        for (int k = 0; k < depth; k++)
        {
            int at = left + k * leftStep, line = right + k * Columns;
            var near = Sixteen.Load(scratch, line);
            a0 = a0.Plus(a[at], near);
            a1 = a1.Plus(a[at + leftRow], near);
            a2 = a2.Plus(a[at + 2 * leftRow], near);
            a3 = a3.Plus(a[at + 3 * leftRow], near);
            a4 = a4.Plus(a[at + 4 * leftRow], near);
            a5 = a5.Plus(a[at + 5 * leftRow], near);
        }
        Sixteen.Store(scratch, to, a0);
        Sixteen.Store(scratch, to + toRow, a1);
        Sixteen.Store(scratch, to + 2 * toRow, a2);
        Sixteen.Store(scratch, to + 3 * toRow, a3);
        Sixteen.Store(scratch, to + 4 * toRow, a4);
        Sixteen.Store(scratch, to + 5 * toRow, a5);
    }
}
