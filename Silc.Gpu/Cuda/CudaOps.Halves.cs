using ILGPU;

namespace Silc;

// Products of stored bfloat16, and what brings other operands into that form.
partial class CudaOps
{
    /// <summary>
    /// The operands of a product, both float32 or both bf16 in whole units, and memory for <paramref name="parts"/> floats. A tile reads
    /// operands again and again, so one that lies in the other form, or two large ones in float32, are converted first.
    /// </summary>
    (GemmOperands Factors, ArrayView<float> Parts) Prepare(Tensor a, Tensor b, Tensor c, Transpose transpose, long parts)
    {
        var f = FactorsOf(a, b, c, transpose);
        MustBeWhole(a);
        MustBeWhole(b);
        bool mixed = IsBf16(a) != IsBf16(b), whole = f.LineOfA % UnitValues == 0 && f.LineOfB % UnitValues == 0;
        bool large = precision == Precision.Bf16 && Math.Min(f.M, f.N) >= WorthRounding;
        if (IsBf16(a) && IsBf16(b) ? whole : !mixed && !(whole && large)) return (f, Device.Workspace(parts));

        var form = whole ? DType.BFloat16 : DType.Float32;
        if (whole) b = Rounded(b);
        long ofA = FloatsOf(a, form), ofB = FloatsOf(b, form);
        var scratch = Device.Workspace(ofA + ofB + parts);
        a = Converted(a, form, Part(scratch, 0, ofA));
        b = Converted(b, form, Part(scratch, ofA, ofB));
        return (FactorsOf(a, b, c, transpose), Part(scratch, ofA + ofB, parts));
    }

    static void MustBeWhole(Tensor x)
    {
        if (IsBf16(x) && !IsAligned(x))
            throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor of bfloat16 does not begin at a unit of {UnitValues} values");
    }

    // Rows and columns of C from which on the faster product is taken to pay for a pass over its operands: to be measured on a GPU.
    const int WorthRounding = 512;

    // Memory for x in another form, in whole transactions; none where it has the form already.
    static long FloatsOf(Tensor x, DType form)
    {
        const int Alignment = 64;
        long floats = x.DType == form ? 0 : form == DType.BFloat16 ? x.Count / 2 : x.Count;
        return (floats + Alignment - 1) / Alignment * Alignment;
    }

    Tensor Converted(Tensor x, DType form, ArrayView<float> memory)
    {
        if (x.DType == form) return x;
        var y = new Tensor(memory, x.Rows, x.Cols, form);
        Copy(x, y);
        return y;
    }

    static ArrayView<float> Part(ArrayView<float> scratch, long start, long length) =>
        scratch.IsValid && length > 0 ? scratch.SubView(start, length) : default;

    void Bf16Product<TEpilogue>(GemmOperands f, GemmProblem product, TEpilogue epilogue, int groups) where TEpilogue : struct, IEpilogue
    {
        if (f.MMajorA)
            if (f.NMajorB) Bf16Product<Bf16MMajor, Bf16MMajor, TEpilogue>(f, product, epilogue, groups);
            else Bf16Product<Bf16MMajor, Bf16KMajor, TEpilogue>(f, product, epilogue, groups);
        else if (f.NMajorB) Bf16Product<Bf16KMajor, Bf16MMajor, TEpilogue>(f, product, epilogue, groups);
        else Bf16Product<Bf16KMajor, Bf16KMajor, TEpilogue>(f, product, epilogue, groups);
    }

    void Bf16Product<TLeft, TRight, TEpilogue>(GemmOperands f, GemmProblem product, TEpilogue epilogue, int groups)
        where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
    {
        if (TensorMaps is null) Device.Launch(groups, Bf16GemmTile.Threads, new Bf16Gemm<TLeft, TRight, TEpilogue>(product, epilogue));
        else
            Device.Launch(groups, WgmmaTile.Threads, new WgmmaGemm<TLeft, TRight, TEpilogue>(
                MapOf(f.A, f.MMajorA, f.M, f.K), MapOf(f.B, f.NMajorB, f.N, f.K), product, epilogue), WgmmaTile.SharedBytes);
    }
}
