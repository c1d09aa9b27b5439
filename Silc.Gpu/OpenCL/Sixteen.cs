namespace Silc;

/// <summary>A pack of 16 floats, for processors behind OpenCL: a vector register, or a few of them.</summary>
readonly struct Sixteen(double vector) : IPack<Sixteen>
{
    readonly double vector = vector;

    public static int Width => ClVector.Width;
    public static Sixteen Load(Floats view, int index) => new(ClVector.Load(ref view[index]));
    public static void Store(Floats view, int index, Sixteen a) => ClVector.Store(ref view[index], a.vector);
    public static Sixteen Load(Floats view, int index, int count) => new(ClVector.Load(ref view[index], count));
    public static void Store(Floats view, int index, Sixteen a, int count) => ClVector.Store(ref view[index], a.vector, count);
    public static Sixteen Splat(float value) => new(ClVector.Splat(value));
    public static Sixteen operator +(Sixteen a, Sixteen b) => new(ClVector.Add(a.vector, b.vector));
    public static Sixteen operator -(Sixteen a, Sixteen b) => new(ClVector.Subtract(a.vector, b.vector));
    public static Sixteen operator *(Sixteen a, Sixteen b) => new(ClVector.Multiply(a.vector, b.vector));
    public static Sixteen operator /(Sixteen a, Sixteen b) => new(ClVector.Divide(a.vector, b.vector));
    public static Sixteen Max(Sixteen a, Sixteen b) => new(ClVector.Max(a.vector, b.vector));
    public static Sixteen Sqrt(Sixteen a) => new(ClVector.Sqrt(a.vector));
    public static Sixteen Exp(Sixteen a) => new(ClVector.Exp(a.vector));
    public static Sixteen Erf(Sixteen a) => new(ClVector.Erf(a.vector));
    public static float Sum(Sixteen a) => ClVector.Sum(a.vector);
    public static float Peak(Sixteen a) => ClVector.Peak(a.vector);

    /// <summary>this + a · b, a for all lanes.</summary>
    public Sixteen Plus(float a, Sixteen b) => new(ClVector.MultiplyAdd(a, b.vector, vector));
}
