namespace Silc;

/// <summary>What both kinds of OpenCL devices share: a product whose bias, addend and GELU are done where its sums are stored.</summary>
abstract class ClGemmOps<TPack>(Device device) : Ops<TPack>(device) where TPack : struct, IPack<TPack>
{
    public override void MatMul(
        Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default) =>
        Product(a, b, c, transpose, ClEpilogue.Of(c, bias, addend));

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind) =>
        Product(x, kernel, h, Transpose.None, ClEpilogue.Gelu(h, bias, y, kind));

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        Product(dy, kernel, dh, Transpose.B, ClEpilogue.GeluBackward(h, dh, y, kind));

    /// <summary>c = op(a)·op(b), then what the tail says.</summary>
    protected abstract void Product(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue tail);
}
