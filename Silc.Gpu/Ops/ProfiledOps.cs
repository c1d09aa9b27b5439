using ILGPU;

namespace Silc;

/// <summary>Another <see cref="Ops"/> with every operation timed.</summary>
sealed class ProfiledOps(Ops ops, OpProfile profile) : Ops(ops.Device)
{
    internal override Ops Untimed => ops;

    void Time(string name, double flops, Action run, params ReadOnlySpan<Tensor> tensors)
    {
        long bytes = 0;
        foreach (var tensor in tensors) bytes += (long)tensor.Count * tensor.ElementBytes;
        profile.Measure(name, flops, bytes, run);
    }

    public override DType Activations(int cols, int head = 0) => ops.Activations(cols, head);
    internal override WeightCopies? Weights => ops.Weights;
    internal override void RefreshWeights() => ops.RefreshWeights();
    internal override bool IsTimed => true;
    internal override void Prepare(bool training) => ops.Prepare(training);

    public override void Fill(Tensor x, float value) => Time("fill", 0, () => ops.Fill(x, value), x);
    public override void Copy(Tensor x, Tensor y) => Time("copy", 0, () => ops.Copy(x, y), x, y);
    public override void Add(Tensor x, Tensor y) => Time("add", 0, () => ops.Add(x, y), x, y, y);
    public override void EmaUpdate(Tensor x, Tensor target, Tensor momentum, StepState state) =>
        Time("EMA update", 0, () => ops.EmaUpdate(x, target, momentum, state), x, x, target);
    public override void Gelu(Tensor x, Tensor y, GeluKind kind) => Time("gelu", 0, () => ops.Gelu(x, y, kind), x, y);
    public override void GeluBackward(Tensor x, Tensor dx, Tensor y, GeluKind kind) =>
        Time("gelu backward", 0, () => ops.GeluBackward(x, dx, y, kind), x, dx, dx, y);

    public override void AddBroadcast(Tensor table, Tensor x) => Time("add rows", 0, () => ops.AddBroadcast(table, x), x, x);
    public override void SumRows(Tensor x, Tensor table) => Time("sum rows", 0, () => ops.SumRows(x, table), x);
    public override void SelectRows(Tensor x, int t, Tensor y) => Time("select rows", 0, () => ops.SelectRows(x, t, y), y, y);
    public override void SelectRowsBackward(Tensor dy, int t, Tensor dx) => Time("select rows", 0, () => ops.SelectRowsBackward(dy, t, dx), dx);

    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var name = transpose switch { Transpose.A => "matmul AᵀB", Transpose.B => "matmul ABᵀ (input gradient)", _ => "matmul AB (forward)" };
        var depth = transpose == Transpose.A ? a.Rows : a.Cols;
        Time(name, 2.0 * c.Count * depth, () => ops.MatMul(a, b, c, transpose, bias, addend), a, b, c, addend);
    }

    public override void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y) =>
        Time("matmul AB (forward)", 2.0 * y.Count * x.Cols, () => ops.GroupedMatMul(x, kernels, biases, y), [x, y, .. kernels]);
    public override void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx) =>
        Time("matmul ABᵀ (input gradient)", 2.0 * dx.Count * dy.Cols, () => ops.GroupedInputGrad(dy, kernels, dx), [dy, dx, .. kernels]);
    public override void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases) =>
        Time("matmul AᵀB (kernel and bias gradient)", 2.0 * dy.Count * x.Cols, () => ops.GroupedLinearGrads(x, dy, dKernels, dBiases),
            [x, dy, .. dKernels, .. dKernels]);

    public override void CosineSimilarity(Tensor x, Tensor y, Tensor c) =>
        Time("cosines", 2.0 * c.Count * x.Cols, () => ops.CosineSimilarity(x, y, c), x, y, c);
    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind) =>
        Time("matmul AB + gelu", 2.0 * h.Count * x.Cols, () => ops.MatMulGelu(x, kernel, bias, h, y, kind), x, kernel, h, y);
    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        Time("matmul ABᵀ + gelu backward", 2.0 * h.Count * dy.Cols, () => ops.MatMulGeluBackward(dy, kernel, h, dh, y, kind), dy, kernel, h, dh, y);

    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias) =>
        Time("matmul AᵀB (kernel and bias gradient)", 2.0 * dKernel.Count * x.Rows, () => ops.LinearGrads(x, dy, dKernel, dBias),
            x, dy, dKernel, dKernel);

    public override void LinearGrads(params ReadOnlySpan<LinearGrad> layers)
    {
        LinearGrad[] all = [.. layers];
        Time("matmul AᵀB (kernel and bias gradient)", all.Sum(layer => 2.0 * layer.DY.Count * layer.X.Cols), () => ops.LinearGrads(all),
            [.. all.SelectMany(layer => (Tensor[])[layer.X, layer.DY, .. layer.DKernels, .. layer.DKernels])]);
    }

    public override void LayerNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon) =>
        Time("layer norm", 0, () => ops.LayerNormForward(x, scale, bias, y, mean, rstd, epsilon), x, y);
    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded) =>
        Time("layer norm backward", 0, () => ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate, rounded),
            dy, x, dx, rounded, accumulate ? dx : default);

    // Two GEMMs forward (S, O), five backward (S recomputed, dP, dQ, dK, dV).
    static double Products(Tensor q, Tensor k, int batch, int products) => 2.0 * products * q.Rows * (k.Rows / batch) * q.Cols;
    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false) =>
        Time("attention", Products(q, k, batch, 2), () => ops.Attention(q, k, v, o, lse, batch, heads, causal), q, k, v, o);
    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false) =>
        Time("attention backward", Products(q, k, batch, 5), () => ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal),
            dO, q, k, v, o, dQ, dK, dV);

    public override void SelectTokens(ArrayView<int> tokens, int end, Tensor x, Tensor y) => Time("select tokens", 0, () =>
        ops.SelectTokens(tokens, end, x, y), x, y);
    public override void SelectTokensBackward(ArrayView<int> tokens, int end, Tensor dy, Tensor dx) =>
        Time("select tokens", 0, () => ops.SelectTokensBackward(tokens, end, dy, dx), dy, dx);
    public override void PoolTokens(Tensor x, Tensor y, bool largest) => Time("pool tokens", 0, () => ops.PoolTokens(x, y, largest), x, y);
    public override void PoolTokensBackward(Tensor x, Tensor dy, Tensor dx, bool largest) =>
        Time("pool tokens", 0, () => ops.PoolTokensBackward(x, dy, dx, largest), x, dy, dx);
    public override void Tanh(Tensor x) => Time("tanh", 0, () => ops.Tanh(x), x, x);
    public override void TanhBackward(Tensor y, Tensor dy) => Time("tanh", 0, () => ops.TanhBackward(y, dy), y, dy, dy);
    public override void ScaleChannels(Tensor x, Tensor factors, Tensor shifts, Tensor y) =>
        Time("scale channels", 0, () => ops.ScaleChannels(x, factors, shifts, y), x, y);

    public override void Embed(ArrayView<int> tokens, Tensor table, Tensor y) => Time("embed", 0, () => ops.Embed(tokens, table, y), y, y);
    public override void EmbedBackward(ArrayView<int> tokens, ArrayView<int> order, Tensor dy, Tensor dTable) =>
        Time("embed backward", 0, () => ops.EmbedBackward(tokens, order, dy, dTable), dy, dy);
    public override void Patches(Tensor pixels, Tensor y, int side, int patch) =>
        Time("patches", 0, () => ops.Patches(pixels, y, side, patch), pixels, y);
    public override void UnpackBytes(ArrayView<int> words, Tensor values, Tensor y) =>
        Time("unpack pixels", 0, () => ops.UnpackBytes(words, values, y), y);
    public override void L2Normalize(Tensor x, Tensor y, Tensor norms, float epsilon) =>
        Time("l2 normalize", 0, () => ops.L2Normalize(x, y, norms, epsilon), x, y);
    public override void L2NormalizeBackward(Tensor dy, Tensor y, Tensor norms, Tensor dx, float epsilon) =>
        Time("l2 normalize", 0, () => ops.L2NormalizeBackward(dy, y, norms, dx, epsilon), dy, y, dx);
    public override void NormalizeColumns(Tensor v, Tensor y, Tensor norms) => Time("weight norm", 0, () => ops.NormalizeColumns(v, y, norms), v, y);
    public override void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv) =>
        Time("weight norm", 0, () => ops.NormalizeColumnsBackward(dy, y, norms, dv), dy, y, dv);

    public override void TeacherSoftmax(Tensor x, Tensor center, Tensor sharpness) =>
        Time("teacher softmax", 0, () => ops.TeacherSoftmax(x, center, sharpness), x, x);
    public override void SinkhornColumns(Tensor x, Tensor sharpness, Tensor shifts, Tensor columns) =>
        Time("sinkhorn", 0, () => ops.SinkhornColumns(x, sharpness, shifts, columns), x, x);
    public override void SinkhornRows(Tensor x, Tensor sharpness, Tensor columns, Tensor weights, Tensor shifts) =>
        Time("sinkhorn", 0, () => ops.SinkhornRows(x, sharpness, columns, weights, shifts), x, x);
    public override void DivideBy(Tensor x, Tensor divisor, Tensor y) => Time("scale", 0, () => ops.DivideBy(x, divisor, y), x, y);
    public override void DinoCrossEntropy(Tensor logits, Tensor targets, Tensor rowLoss, int batch, float temperature, bool skipSame,
        int terms, float weight) =>
        Time("distillation loss", 0, () => ops.DinoCrossEntropy(logits, targets, rowLoss, batch, temperature, skipSame, terms, weight),
            logits, logits, targets);
    public override void PatchCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor rowLoss, float temperature, float weight) =>
        Time("masked patches loss", 0, () => ops.PatchCrossEntropy(logits, targets, weights, rowLoss, temperature, weight), logits, logits, targets);
    public override void ReplaceRows(Tensor flags, Tensor row, Tensor x) =>
        Time("masked patches", 0, () => ops.ReplaceRows(flags, row, x), x);
    public override void ReplaceRowsBackward(Tensor flags, Tensor dx, Tensor dRow) =>
        Time("masked patches", 0, () => ops.ReplaceRowsBackward(flags, dx, dRow), dx);
    public override void TakeRows(Tensor x, int first, ArrayView<int> rows, Tensor y) =>
        Time("take rows", 0, () => ops.TakeRows(x, first, rows, y), y, y);
    public override void Scale(Tensor x, float factor) => Time("scale", 0, () => ops.Scale(x, factor), x, x);
    public override void MeanRows(Tensor x, Tensor mean) => Time("mean rows", 0, () => ops.MeanRows(x, mean), x);
    public override void InfoNce(Tensor cosines, Tensor t, Tensor dT, Tensor rowLoss, float weight) =>
        Time("contrastive loss", 0, () => ops.InfoNce(cosines, t, dT, rowLoss, weight), cosines, cosines);
    public override void InfoNceRows(Tensor cosines, Tensor t, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, float weight) =>
        Time("contrastive loss", 0, () => ops.InfoNceRows(cosines, t, columns, dT, rowLoss, diagonal, weight), cosines, cosines);
    public override void InfoNceChunk(Tensor cosines, Tensor t, Tensor rows, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, int whole,
        float weight) =>
        Time("contrastive loss", 0, () => ops.InfoNceChunk(cosines, t, rows, columns, dT, rowLoss, diagonal, whole, weight), cosines, cosines);
    public override void RowLogSumExp(Tensor cosines, Tensor t, Tensor rows) =>
        Time("contrastive loss", 0, () => ops.RowLogSumExp(cosines, t, rows), cosines);
    public override void ColumnLogSumExp(Tensor cosines, Tensor t, Tensor columns) =>
        Time("contrastive loss", 0, () => ops.ColumnLogSumExp(cosines, t, columns), cosines);
    public override void ExpDifference(Tensor x, Tensor peak, Tensor y) =>
        Time("contrastive loss", 0, () => ops.ExpDifference(x, peak, y), x, peak, y);
    public override void AddLog(Tensor x, Tensor y) => Time("contrastive loss", 0, () => ops.AddLog(x, y), x, y, y);
    public override void SigLip(Tensor cosines, Tensor t, Tensor b, Tensor dT, Tensor dB, Tensor rowLoss, float weight, int diagonal = 0,
        int whole = 0) =>
        Time("contrastive loss", 0, () => ops.SigLip(cosines, t, b, dT, dB, rowLoss, weight, diagonal, whole), cosines, cosines);
    public override void KoLeo(Tensor z, Tensor cosines, Tensor dz, Tensor rowLoss, float weight) =>
        Time("koleo loss", 0, () => ops.KoLeo(z, cosines, dz, rowLoss, weight), z, cosines, dz, dz);
    public override void AddSquares(Tensor x, Tensor y, int index) => Time("sum", 0, () => ops.AddSquares(x, y, index), x);
    public override void AddSum(Tensor x, Tensor y, int index, float factor = 1) => Time("sum", 0, () => ops.AddSum(x, y, index, factor), x);

    public override void EntropyAndArgMax(Tensor targets, Tensor stats) =>
        Time("entropy and argmax", 0, () => ops.EntropyAndArgMax(targets, stats), targets);
    public override void TopK(Tensor scores, Tensor best, ArrayView<int> index, int first) =>
        Time("top k", 0, () => ops.TopK(scores, best, index, first), scores);

    public override void ScaleColumns(Tensor x, Tensor gain, Tensor y) => Time("weight norm", 0, () => ops.ScaleColumns(x, gain, y), x, y);
    public override void ScaleColumnsBackward(Tensor dy, Tensor x, Tensor gain, Tensor dGain) =>
        Time("weight norm", 0, () => ops.ScaleColumnsBackward(dy, x, gain, dGain), dy, dy, x);
    public override void ClipTensor(Tensor x, float most) => Time("clip by tensor", 0, () => ops.ClipTensor(x, most), x, x, x);
    public override void AtMost(Tensor x, float most) => Time("cap", 0, () => ops.AtMost(x, most), x, x);
    public override void LateState(StepState state, Tensor begun, StepState late, float beta1, float beta2) =>
        Time("late step state", 0, () => ops.LateState(state, begun, late, beta1, beta2));
    public override void GradNorm(Tensor gradients, Tensor losses, StepState state, float clipNorm, float beta1, float beta2,
        Tensor more = default) =>
        Time("gradient norm", 0, () => ops.GradNorm(gradients, losses, state, clipNorm, beta1, beta2, more), gradients);
    public override void AdamWUpdate(Tensor p, Tensor g, Tensor m, Tensor v, StepState state, float rate, float decay, float beta1,
        float beta2, float epsilon,
        Tensor teacher, Tensor momentum) =>
        Time("adamw + teacher", 0, () => ops.AdamWUpdate(p, g, m, v, state, rate, decay, beta1, beta2, epsilon, teacher, momentum),
            p, p, g, m, m, v, v, teacher, teacher);
    public override void AdafactorUpdate(FactoredShape shape, Tensor p, Tensor g, Tensor m, Tensor rows, Tensor cols, Tensor v,
        StepState state, AdafactorStep step, int first, bool followed) =>
        Time("adafactor", 0, () => ops.AdafactorUpdate(shape, p, g, m, rows, cols, v, state, step, first, followed), p, p, g, g, m, m);

    public override void ScaleShift(Tensor x, Tensor t, Tensor b, Tensor y) => Time("scale and shift", 0, () => ops.ScaleShift(x, t, b, y), x, y);
    public override void ScaleShiftBackward(Tensor dy, Tensor x, Tensor t, Tensor dT, Tensor dB) =>
        Time("scale and shift", 0, () => ops.ScaleShiftBackward(dy, x, t, dT, dB), dy, dy, x);
    public override void Relu(Tensor x) => Time("relu", 0, () => ops.Relu(x), x, x);
    public override void ReluBackward(Tensor y, Tensor dy) => Time("relu", 0, () => ops.ReluBackward(y, dy), y, dy, dy);
    public override void Unfold(Tensor x, Tensor y, int height, int width, int size) =>
        Time("unfold", 0, () => ops.Unfold(x, y, height, width, size), x, y);
    public override void Fold(Tensor dy, Tensor dx, int height, int width, int size) =>
        Time("fold", 0, () => ops.Fold(dy, dx, height, width, size), dy, dx);
    public override int UnfoldedRows(int images, int places, int cols) => ops.UnfoldedRows(images, places, cols);
    public override void Convolve(Tensor x, Tensor kernel, Tensor bias, Tensor y, Tensor unfolded, int height, int width, int size) =>
        Time("convolution", 2.0 * y.Rows * kernel.Count, () => ops.Convolve(x, kernel, bias, y, unfolded, height, width, size), x, kernel, y);
    public override void ConvolveInputGrad(Tensor dy, Tensor kernel, Tensor dx, Tensor unfolded, int height, int width, int size) =>
        Time("convolution (input gradient)", 2.0 * dy.Rows * kernel.Count,
            () => ops.ConvolveInputGrad(dy, kernel, dx, unfolded, height, width, size), dy, kernel, dx);
    public override void ConvolveGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias, Tensor unfolded, int height, int width, int size) =>
        Time("convolution (kernel and bias gradient)", 2.0 * dy.Rows * dKernel.Count,
            () => ops.ConvolveGrads(x, dy, dKernel, dBias, unfolded, height, width, size), x, dy, dKernel, dKernel);
    public override void GroupNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, int groups, float epsilon) =>
        Time("group norm", 0, () => ops.GroupNormForward(x, scale, bias, y, mean, rstd, groups, epsilon), x, x, x, y);
    public override void GroupNormBackward(Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias,
        int groups) => Time("group norm backward", 0, () => ops.GroupNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, groups),
            dy, dy, dy, x, x, x, dx);
    public override void LinearAttention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, int batch, int heads) =>
        Time("linear attention", 4.0 * q.Count * (q.Cols / heads), () => ops.LinearAttention(q, k, v, o, state, batch, heads), q, k, v, o, state);
    public override void LinearAttentionBackward(Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, Tensor dQ, Tensor dK, Tensor dV,
        int batch, int heads) => Time("linear attention backward", 8.0 * q.Count * (q.Cols / heads),
            () => ops.LinearAttentionBackward(dO, q, k, v, o, state, dQ, dK, dV, batch, heads), dO, q, k, v, o, state, dQ, dK, dV);
    public override void Bilinear(Tensor x, Tensor y, int height, int width, int toHeight, int toWidth, bool corners) =>
        Time("bilinear", 0, () => ops.Bilinear(x, y, height, width, toHeight, toWidth, corners), x, y);
    public override void BilinearBackward(Tensor dy, Tensor dx, int height, int width, int toHeight, int toWidth, bool corners) =>
        Time("bilinear backward", 0, () => ops.BilinearBackward(dy, dx, height, width, toHeight, toWidth, corners), dy, dx);
    public override void SoftmaxCrossEntropy(Tensor logits, ArrayView<int> labels, Tensor rowLoss, float weight, Tensor weights = default) =>
        Time("cross-entropy", 0, () => ops.SoftmaxCrossEntropy(logits, labels, rowLoss, weight, weights), logits, logits);
    public override void SquaredDifference(Tensor x, Tensor target, Tensor rowLoss, float weight) =>
        Time("squared difference", 0, () => ops.SquaredDifference(x, target, rowLoss, weight), x, x, target);
    public override void BinaryCrossEntropy(Tensor logits, ArrayView<int> labels, int classes, Tensor rowLoss, float weight,
        bool ignoredAreNegative) => Time("cross-entropy", 0,
            () => ops.BinaryCrossEntropy(logits, labels, classes, rowLoss, weight, ignoredAreNegative), logits, logits);
    public override void FocalLoss(Tensor logits, ArrayView<int> targets, Tensor weights, Tensor rowLoss, float alpha) =>
        Time("focal loss", 0, () => ops.FocalLoss(logits, targets, weights, rowLoss, alpha), logits, logits);
    public override void BoxLoss(Tensor logits, Tensor targets, Tensor weights, Tensor distance, Tensor overlap) =>
        Time("box loss", 0, () => ops.BoxLoss(logits, targets, weights, distance, overlap), logits, logits, targets);
    public override void SigmoidCrossEntropy(Tensor logits, Tensor targets, Tensor losses, float weight) =>
        Time("cross-entropy", 0, () => ops.SigmoidCrossEntropy(logits, targets, losses, weight), logits, logits, targets, losses);
    public override void ShiftScaleRows(Tensor x, Tensor shift, Tensor scale, Tensor y) =>
        Time("shift, scale", 0, () => ops.ShiftScaleRows(x, shift, scale, y), x, y);
    public override void ShiftScaleRowsBackward(Tensor dy, Tensor x, Tensor shift, Tensor scale, Tensor dShift, Tensor dScale) =>
        Time("shift, scale backward", 0, () => ops.ShiftScaleRowsBackward(dy, x, shift, scale, dShift, dScale), dy, dy, x);
}
