namespace Silc;

/// <summary>A pack of 16 floats, for OpenCL processors: one vector register, or a few of them.</summary>
readonly struct Pack16(Float32x16 vector) : IPack<Pack16>
{
    readonly Float32x16 vector = vector;

    public static int Width => ClVector.Width;
    public static bool SumsInOnePass => false;
    public static Pack16 Load(FloatPointer view, int index) => new(ClVector.Load(ref view[index]));
    public static void Store(FloatPointer view, int index, Pack16 a) => ClVector.Store(ref view[index], a.vector);
    public static Pack16 Load(FloatPointer view, int index, int count) => new(ClVector.Load(ref view[index], count));
    public static void Store(FloatPointer view, int index, Pack16 a, int count) => ClVector.Store(ref view[index], a.vector, count);
    public static Pack16 Splat(float value) => new(ClVector.Splat(value));
    public static Pack16 operator +(Pack16 a, Pack16 b) => new(ClVector.Add(a.vector, b.vector));
    public static Pack16 operator -(Pack16 a, Pack16 b) => new(ClVector.Subtract(a.vector, b.vector));
    public static Pack16 operator *(Pack16 a, Pack16 b) => new(ClVector.Multiply(a.vector, b.vector));
    public static Pack16 operator /(Pack16 a, Pack16 b) => new(ClVector.Divide(a.vector, b.vector));
    public static Pack16 Max(Pack16 a, Pack16 b) => new(ClVector.Max(a.vector, b.vector));
    public static Pack16 Sqrt(Pack16 a) => new(ClVector.Sqrt(a.vector));
    public static Pack16 Exp(Pack16 a) => new(ClVector.Exp(a.vector));
    public static Pack16 Erf(Pack16 a) => new(ClVector.Erf(a.vector));
    public static float Sum(Pack16 a) => ClVector.Sum(a.vector);
    public static float ReduceMax(Pack16 a) => ClVector.ReduceMax(a.vector);

    /// <summary>this + a · b, with a broadcast.</summary>
    public Pack16 Plus(float a, Pack16 b) => new(ClVector.MultiplyAdd(a, b.vector, vector));
}
