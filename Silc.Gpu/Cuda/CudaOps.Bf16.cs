using ILGPU;

namespace Silc;

// GEMMs of bf16 operands, and the conversion of other operands to bf16.
partial class CudaOps
{
    /// <summary>
    /// The operands of a GEMM, both float32 or both bf16 with aligned rows, and workspace for <paramref name="partialFloats"/> floats.
    /// Every tile reads its operands again, so mixed operands, or large ones in float32, are converted first.
    /// </summary>
    (GemmOperands Operands, ArrayView<float> Partials) Prepare(Tensor a, Tensor b, Tensor c, Transpose transpose, long partialFloats)
    {
        var operands = OperandsOf(a, b, c, transpose);
        CheckAligned(a);
        CheckAligned(b);
        bool mixed = IsBf16(a) != IsBf16(b), aligned = operands.LineLengthA % ValuesPer16Bytes == 0 && operands.LineLengthB % ValuesPer16Bytes == 0;
        bool large = precision == Precision.Bf16 && Math.Min(operands.M, operands.N) >= MinRoundedSize;
        if (IsBf16(a) && IsBf16(b) ? aligned : !mixed && !(aligned && large)) return (operands, Device.Workspace(partialFloats));

        var dtype = aligned ? DType.BFloat16 : DType.Float32;
        if (aligned) b = Bf16CopyOf(b);
        long floatsA = ConversionFloats(a, dtype), floatsB = ConversionFloats(b, dtype);
        var scratch = Device.Workspace(floatsA + floatsB + partialFloats);
        a = Converted(a, dtype, Part(scratch, 0, floatsA));
        b = Converted(b, dtype, Part(scratch, floatsA, floatsB));
        return (OperandsOf(a, b, c, transpose), Part(scratch, floatsA + floatsB, partialFloats));
    }

    static void CheckAligned(Tensor x)
    {
        if (IsBf16(x) && !IsAligned(x))
            throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor of bfloat16 does not begin at a unit of {ValuesPer16Bytes} values");
    }

    // Smallest side of C for which a pass that rounds the operands to bf16 is taken to pay off. Not measured.
    const int MinRoundedSize = 512;

    // Workspace for x converted to a dtype, rounded up to 256 bytes; none if x has it already.
    static long ConversionFloats(Tensor x, DType dtype)
    {
        const int Alignment = 64;
        long floats = x.DType == dtype ? 0 : dtype == DType.BFloat16 ? x.Count / 2 : x.Count;
        return (floats + Alignment - 1) / Alignment * Alignment;
    }

    Tensor Converted(Tensor x, DType dtype, ArrayView<float> memory)
    {
        if (x.DType == dtype) return x;
        var y = new Tensor(memory, x.Rows, x.Cols, dtype);
        Copy(x, y);
        return y;
    }

    static ArrayView<float> Part(ArrayView<float> scratch, long start, long length) =>
        scratch.IsValid && length > 0 ? scratch.SubView(start, length) : default;

    void LaunchBf16Gemm<TEpilogue>(GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int blocks, Tensor operand)
        where TEpilogue : struct, IEpilogue
    {
        if (operands.MMajorA)
            if (operands.NMajorB) LaunchBf16Gemm<Bf16MMajor, Bf16MMajor, TEpilogue>(operands, problem, epilogue, blocks, operand);
            else LaunchBf16Gemm<Bf16MMajor, Bf16KMajor, TEpilogue>(operands, problem, epilogue, blocks, operand);
        else if (operands.NMajorB) LaunchBf16Gemm<Bf16KMajor, Bf16MMajor, TEpilogue>(operands, problem, epilogue, blocks, operand);
        else LaunchBf16Gemm<Bf16KMajor, Bf16KMajor, TEpilogue>(operands, problem, epilogue, blocks, operand);
    }

    void LaunchBf16Gemm<TA, TB, TEpilogue>(GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int blocks, Tensor operand)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
    {
        if (TensorMaps is null || Tuning[CudaChoice.Wgmma] == 0 || !CanMap(operand)) LaunchMmaGemm<TA, TB, TEpilogue>(problem, epilogue, blocks);
        else if (operand.Count == 0) LaunchWgmmaGemm<TA, TB, NoOperand, TEpilogue>(operands, problem, epilogue, blocks, operand);
        else if (IsBf16(operand)) LaunchWgmmaGemm<TA, TB, Bf16Operand, TEpilogue>(operands, problem, epilogue, blocks, operand);
        else LaunchWgmmaGemm<TA, TB, Float32Operand, TEpilogue>(operands, problem, epilogue, blocks, operand);
    }

    void LaunchMmaGemm<TA, TB, TEpilogue>(GemmProblem problem, TEpilogue epilogue, int blocks)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
    {
        if (Tuning[CudaChoice.Bf16Stages] == 2) LaunchMmaGemm<TA, TB, TEpilogue, Bf16Stages2>(problem, epilogue, blocks);
        else if (Tuning[CudaChoice.Bf16Stages] == 4) LaunchMmaGemm<TA, TB, TEpilogue, Bf16Stages4>(problem, epilogue, blocks);
        else LaunchMmaGemm<TA, TB, TEpilogue, Bf16Stages3>(problem, epilogue, blocks);
    }

    void LaunchMmaGemm<TA, TB, TEpilogue, TStages>(GemmProblem problem, TEpilogue epilogue, int blocks)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
        where TStages : struct, IBf16Stages =>
        Device.Launch(blocks, Bf16GemmTile.Threads, new Bf16Gemm<TA, TB, TEpilogue, TStages>(problem, epilogue),
            Bf16Gemm<TA, TB, TEpilogue, TStages>.DynamicBytes);
}
