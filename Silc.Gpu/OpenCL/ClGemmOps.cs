namespace Silc;

/// <summary>What OpenCL GPUs and OpenCL processors share: GEMMs whose bias, addend and GELU are fused into the epilogue.</summary>
abstract class ClGemmOps<TPack>(Device device) : Ops<TPack>(device) where TPack : struct, IPack<TPack>
{
    public override void MatMul(
        Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default) =>
        Gemm(a, b, c, transpose, ClEpilogue.Of(c, bias, addend));

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind) =>
        Gemm(x, kernel, h, Transpose.None, ClEpilogue.Gelu(h, bias, y, kind));

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        Gemm(dy, kernel, dh, Transpose.B, ClEpilogue.GeluBackward(h, dh, y, kind));

    /// <summary>c = op(a)·op(b), then the epilogue.</summary>
    protected abstract void Gemm(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue epilogue);
}
