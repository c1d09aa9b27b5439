using ILGPU;

namespace Silc;

/// <summary>Which operand of a matrix product is transposed.</summary>
enum Transpose
{
    /// <summary>A · B: the forward of a linear layer.</summary>
    None,

    /// <summary>A · Bᵀ: its input gradient.</summary>
    B,

    /// <summary>Aᵀ · B: its weight gradient.</summary>
    A,
}

/// <summary>
/// Every operation that layers, losses and optimizers are made of. One implementation, <see cref="Ops{TPack}"/>, serves all accelerators;
/// a backend overrides what it can do better. Outputs are overwritten unless the summary says "adds". Work is queued in order.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
/// <remarks>Letters: N rows, C channels, B batch, T tokens, H heads, D head size, K prototypes, V views.</remarks>
abstract class Ops(Device device)
{
    /// <summary>Where it runs.</summary>
    public Device Device { get; } = device;

    /// <summary>The operations of a device's backend.</summary>
    public static Ops For(Device device) => OfBackend(device);

    /// <summary>Chooses the backend; set where the backends are known.</summary>
    internal static Func<Device, Ops> OfBackend { get; set; } = static device =>
        throw new InvalidOperationException($"no backend for {device.Info.Name}");

    /// <summary>The same operations, each of them timed.</summary>
    internal Ops Timed(OpProfile profile) => new ProfiledOps(this, profile);

    /// <summary>The same operations, not timed.</summary>
    internal virtual Ops Untimed => this;

    /// <summary>True for <see cref="Timed"/> ones.</summary>
    internal virtual bool IsTimed => false;

    /// <summary>
    /// Starts to compile the kernels that every model needs, and those of training, on backends where that takes long; others are compiled
    /// at their first launch.
    /// </summary>
    internal virtual void Prepare(bool training) { }

    /// <summary>
    /// The dtype of saved activations of so many channels; <paramref name="head"/> as in <see cref="Pass.SavedActivation"/>. Only matrix
    /// products, attention, LayerNorm, patches, copies and row sums take bf16; all other operations take float32 alone.
    /// </summary>
    public virtual DType Activations(int cols, int head = 0) => DType.Float32;

    /// <summary>The copies of weights that GEMMs read, bf16, int8 or packed; null where they read the weights themselves.</summary>
    internal virtual WeightCopies? Weights => null;

    /// <summary>Refreshes the stale copies. GEMMs do so themselves, but a captured step must begin and end without stale copies.</summary>
    internal virtual void RefreshWeights() { }

    // Elementwise
    /// <summary>x = value.</summary>
    public abstract void Fill(Tensor x, float value);
    /// <summary>y = x; strides may differ.</summary>
    public abstract void Copy(Tensor x, Tensor y);
    /// <summary>Adds x to y.</summary>
    public abstract void Add(Tensor x, Tensor y);
    /// <summary>
    /// x ← momentum · x + (1 - momentum) · target, unless found-inf: the EMA of teacher or center. The momentum (1, 1) is read on the device.
    /// </summary>
    public abstract void EmaUpdate(Tensor x, Tensor target, Tensor momentum, StepState state);
    /// <summary>y = gelu(x).</summary>
    public abstract void Gelu(Tensor x, Tensor y, GeluKind kind);
    /// <summary>dx ← dx · gelu'(x); recomputes y = gelu(x), for the weight gradient of the next layer.</summary>
    public abstract void GeluBackward(Tensor x, Tensor dx, Tensor y, GeluKind kind);

    // Rows
    /// <summary>
    /// x (B, T, C) += <paramref name="table"/> (T, C), broadcast over the batch: position embeddings. Row r of x gets row r mod T of the table.
    /// </summary>
    public abstract void AddBroadcast(Tensor table, Tensor x);
    /// <summary>
    /// <paramref name="table"/> (T, C) += x (B, T, C) summed over the batch, the backward of <see cref="AddBroadcast"/>; with T = 1 the sum
    /// of all rows, a bias gradient.
    /// </summary>
    public abstract void SumRows(Tensor x, Tensor table);
    /// <summary>y (B, C) = x[:, t, :] of x (B, T, C), with T = x.Rows / y.Rows.</summary>
    public abstract void SelectRows(Tensor x, int t, Tensor y);
    /// <summary>Backward of <see cref="SelectRows"/>: dx is dy in those rows and zero elsewhere.</summary>
    public abstract void SelectRowsBackward(Tensor dy, int t, Tensor dx);

    /// <summary>
    /// Row b of y (B, C) = the row of caption b in x (B·T, C) where its token is <paramref name="end"/> for
    /// the first time, or its first row if none is; with -1 where its largest token is for the first time.
    /// </summary>
    public abstract void SelectTokens(ArrayView<int> tokens, int end, Tensor x, Tensor y);
    /// <summary>Adjoint of <see cref="SelectTokens"/>: dx is dy in those rows and zero elsewhere.</summary>
    public abstract void SelectTokensBackward(ArrayView<int> tokens, int end, Tensor dy, Tensor dx);
    /// <summary>Row b of y (B, C) = the mean of rows b·T to b·T + T - 1 of x (B·T, C), or the largest value of each of their columns.</summary>
    public abstract void PoolTokens(Tensor x, Tensor y, bool largest);
    /// <summary>dx of <see cref="PoolTokens"/>; of equal values the first takes the gradient.</summary>
    public abstract void PoolTokensBackward(Tensor x, Tensor dy, Tensor dx, bool largest);
    /// <summary>x ← tanh x.</summary>
    public abstract void Tanh(Tensor x);
    /// <summary>dy ← dy · (1 - y²): the gradient of <see cref="Tanh"/>, from its result.</summary>
    public abstract void TanhBackward(Tensor y, Tensor dy);
    /// <summary>y = x · factors[c] + shifts[c], c = column mod 3: the channels of pixels, each (1, 3).</summary>
    public abstract void ScaleChannels(Tensor x, Tensor factors, Tensor shifts, Tensor y);

    /// <summary>Rows of x (N, C) whose flag (N, 1) is 1 and not 0 become <paramref name="row"/> (1, C).</summary>
    public abstract void ReplaceRows(Tensor flags, Tensor row, Tensor x);
    /// <summary>Its gradient: the flagged rows of dx are added to dRow, and become 0.</summary>
    public abstract void ReplaceRowsBackward(Tensor flags, Tensor dx, Tensor dRow);
    /// <summary>
    /// Row i of y = row rows[i] - <paramref name="first"/> of x, where x has it; others stay. Parts of a tensor, one after another, so give all rows.
    /// </summary>
    public abstract void TakeRows(Tensor x, int first, ArrayView<int> rows, Tensor y);

    // Matrix products
    /// <summary>c = op(a)·op(b) + bias (1, C) + addend (N, C), both optional; the addend may be c itself.</summary>
    public abstract void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default);
    /// <summary>c = x·yᵀ of rows of length 1, in float32 at every precision, because losses multiply it by inverse temperatures.</summary>
    public virtual void CosineSimilarity(Tensor x, Tensor y, Tensor c) => MatMul(x, y, c, Transpose.B);
    /// <summary>
    /// y = x·kernels[0] + biases[0] | x·kernels[1] + biases[1] | …: linear layers of one input (fused QKV), with equally wide
    /// outputs side by side.
    /// </summary>
    public abstract void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y);
    /// <summary>
    /// dx = Σ dyᵢ·kernels[i]ᵀ, the input gradient of <see cref="GroupedMatMul"/>. A
    /// dx of bf16 needs weights that are packed, as those of a model's attention are.
    /// </summary>
    public abstract void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx);
    /// <summary>Adds the weight gradients xᵀ·dyᵢ and the bias gradients, the sums of dyᵢ over rows.</summary>
    public abstract void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases);
    /// <summary>h = x·kernel + bias; y = gelu(h), fused. h is saved for backward.</summary>
    public abstract void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind);
    /// <summary>dh = (dy·kernelᵀ) ∘ gelu'(h), fused; recomputes y = gelu(h) for the weight gradient.</summary>
    public abstract void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind);
    /// <summary>dKernel += xᵀ·dy, dBias += sum of the rows of dy: the parameter gradients of y = x·kernel + bias.</summary>
    public abstract void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias);
    /// <summary>
    /// The same of several layers, each with parameters of its own, whose inputs and gradients are there at once: fewer launches on CUDA.
    /// </summary>
    public virtual void LinearGrads(params ReadOnlySpan<LinearGrad> layers)
    {
        foreach (var (x, dy, dKernels, dBiases) in layers)
            if (dKernels.Length == 1) LinearGrads(x, dy, dKernels[0], dBiases[0]);
            else GroupedLinearGrads(x, dy, dKernels, dBiases);
    }

    // Layers
    /// <summary>y = (x - mean)·rstd·scale + bias over each row; mean and rstd (N, 1) are saved for backward.</summary>
    public abstract void LayerNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon);
    /// <summary>
    /// dx = gradient, or += with <paramref name="accumulate"/>; adds to dScale and dBias. <paramref name="rounded"/>, if given, receives a
    /// copy of dx in its own dtype.
    /// </summary>
    public abstract void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate,
        Tensor rounded = default);
    /// <summary>
    /// o = softmax(q·kᵀ/√D)·v for each of B images and H heads. q and o are (B·Tq, H·D), k and v (B·Tk, H·D),
    /// heads side by side. <paramref name="lse"/> (B·H, Tq) is the log-sum-exp of each row of scores, saved for
    /// backward. With <paramref name="causal"/>, query t sees keys 0 to t alone; all tensors must be float32 then.
    /// </summary>
    public abstract void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false);
    /// <summary>Gradients of <see cref="Attention"/>; the probabilities are recomputed from <paramref name="lse"/>.</summary>
    public abstract void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false);
    /// <summary>Row n of y (N, C) = row tokens[n] of <paramref name="table"/>.</summary>
    public abstract void Embed(ArrayView<int> tokens, Tensor table, Tensor y);
    /// <summary>Adds each row of dy to the row of dTable that its token names. <paramref name="order"/> lists 0..N-1 sorted by token.</summary>
    public abstract void EmbedBackward(ArrayView<int> tokens, ArrayView<int> order, Tensor dy, Tensor dTable);
    /// <summary>
    /// Cuts images (N, side, side, 3) into rows of patches (N·T, patch·patch·3), row-major; what no whole patch covers is left out.
    /// </summary>
    public abstract void Patches(Tensor pixels, Tensor y, int side, int patch);
    /// <summary>y = x / (|x| + ε) over each row; norms (N, 1) are saved for backward.</summary>
    public abstract void L2Normalize(Tensor x, Tensor y, Tensor norms, float epsilon);
    /// <summary>dx from dy and the saved y and norms.</summary>
    public abstract void L2NormalizeBackward(Tensor dy, Tensor y, Tensor norms, Tensor dx, float epsilon);
    /// <summary>Each column of y is that column of v divided by its norm: weight normalisation with the gain fixed at 1.</summary>
    public abstract void NormalizeColumns(Tensor v, Tensor y, Tensor norms);
    /// <summary>Column k of y (N, K) is that column of x times gain[k]; gains are (1, K).</summary>
    public abstract void ScaleColumns(Tensor x, Tensor gain, Tensor y);
    /// <summary>Its gradient: dy becomes dx, and the sums over rows of dy · x are added to dGain.</summary>
    public abstract void ScaleColumnsBackward(Tensor dy, Tensor x, Tensor gain, Tensor dGain);
    /// <summary>Adds to dv the gradient of <see cref="NormalizeColumns"/>.</summary>
    public abstract void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv);

    // Maps: rows are places, (B · height · width, C)
    /// <summary>y = exp(t) · x + b; t and b are (1, 1) and read on the device.</summary>
    public abstract void ScaleShift(Tensor x, Tensor t, Tensor b, Tensor y);
    /// <summary>Its gradient: dy becomes dx, and those of t and b are added.</summary>
    public abstract void ScaleShiftBackward(Tensor dy, Tensor x, Tensor t, Tensor dT, Tensor dB);
    /// <summary>y = (x + shift) · (elu(scale) + 1), with a shift and a scale (N, 1) for each row: OWL-ViT's class logits from cosines.</summary>
    public abstract void ShiftScaleRows(Tensor x, Tensor shift, Tensor scale, Tensor y);
    /// <summary>Replaces dy by dx, and writes the gradients of shift and scale.</summary>
    public abstract void ShiftScaleRowsBackward(Tensor dy, Tensor x, Tensor shift, Tensor scale, Tensor dShift, Tensor dScale);
    /// <summary>x ← max(x, 0).</summary>
    public abstract void Relu(Tensor x);
    /// <summary>dy ← dy where y > 0, else 0: the gradient of <see cref="Relu"/>, from its result.</summary>
    public abstract void ReluBackward(Tensor y, Tensor dy);
    /// <summary>
    /// Row (b, i, j) of y (N, size² · C) has the size x size neighbours of that place of x (N, C), row by row, zeros outside of the map: times a
    /// kernel (size² · C, outputs) it is a convolution that keeps the size of maps. The size is odd.
    /// </summary>
    public abstract void Unfold(Tensor x, Tensor y, int height, int width, int size);
    /// <summary>The adjoint of <see cref="Unfold"/>: dx (N, C) from dy (N, size² · C).</summary>
    public abstract void Fold(Tensor dy, Tensor dx, int height, int width, int size);
    /// <summary>Rows of the memory that convolutions unfold into, size² · C wide, a part of the images at a time; 0 without unfolding.</summary>
    public virtual int UnfoldedRows(int images, int places, int cols) => 0;
    /// <summary>
    /// y (N, outputs) = the convolution of maps x (N, C) with a kernel (size² · C, outputs), zeros outside, and a bias (1, outputs) unless it is
    /// empty. It keeps the size of maps; the size of the kernel is odd. It works in <paramref name="unfolded"/>, of
    /// <see cref="UnfoldedRows"/>.
    /// </summary>
    public abstract void Convolve(Tensor x, Tensor kernel, Tensor bias, Tensor y, Tensor unfolded, int height, int width, int size);
    /// <summary>The gradient dx (N, C) of <see cref="Convolve"/>.</summary>
    public abstract void ConvolveInputGrad(Tensor dy, Tensor kernel, Tensor dx, Tensor unfolded, int height, int width, int size);
    /// <summary>Adds the gradients of <see cref="Convolve"/> to dKernel and dBias.</summary>
    public abstract void ConvolveGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias, Tensor unfolded, int height, int width, int size);
    /// <summary>
    /// y = (x - mean)·rstd·scale + bias, with mean and variance of each group of neighbouring channels over all places of an image; mean and
    /// rstd (B · groups, 1) are saved for backward.
    /// </summary>
    public abstract void GroupNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, int groups, float epsilon);
    /// <summary>Its gradient dx; adds to dScale and dBias.</summary>
    public abstract void GroupNormBackward(Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias,
        int groups);
    /// <summary>
    /// Linear attention in each of B sequences and H heads: o_l = φ(q_l)·S / (φ(q_l)·s + 1e-6), S = Σ φ(k) vᵀ, s = Σ φ(k),
    /// φ(a) = elu(a) + 1. Tensors are (B·T, H·D); <paramref name="state"/> (B·H, D·(D + 1)) has S and s, saved for backward.
    /// </summary>
    public abstract void LinearAttention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, int batch, int heads);
    /// <summary>Gradients of <see cref="LinearAttention"/>.</summary>
    public abstract void LinearAttentionBackward(Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor state, Tensor dQ, Tensor dK, Tensor dV,
        int batch, int heads);
    /// <summary>
    /// Maps x (B, height, width, C) at another size, bilinearly: <paramref name="corners"/> aligns the centres of the corner places, otherwise the
    /// edges of the maps are, and places beyond the outer centres take their values. No filter against aliasing.
    /// </summary>
    public abstract void Bilinear(Tensor x, Tensor y, int height, int width, int toHeight, int toWidth, bool corners);
    /// <summary>The adjoint of <see cref="Bilinear"/>: dx (B, height, width, C) from dy.</summary>
    public abstract void BilinearBackward(Tensor dy, Tensor dx, int height, int width, int toHeight, int toWidth, bool corners);

    // Losses; each writes one loss a row, so that they are summed in a fixed order
    /// <summary>
    /// Softmax cross-entropy of logits (N, K) with one label a row, -1 for rows that do not count: replaces logits by weight · dLoss/dLogits and
    /// writes weight · loss to rowLoss (N, 1). With <paramref name="weights"/> (N, 1) each row has one of its own, times the weight of all.
    /// </summary>
    public abstract void SoftmaxCrossEntropy(Tensor logits, ArrayView<int> labels, Tensor rowLoss, float weight, Tensor weights = default);
    /// <summary>
    /// Binary cross-entropy of maps (B · classes, places), row b · classes + t of class t: replaces logits by weight · dLoss/dLogits and writes
    /// weight · the sum over places to rowLoss (B · classes, 1). Labels are (B, places); places with a negative one do not count, or with
    /// <paramref name="ignoredAreNegative"/> are of no class, as in CAT-Seg's published training.
    /// </summary>
    public abstract void BinaryCrossEntropy(Tensor logits, ArrayView<int> labels, int classes, Tensor rowLoss, float weight,
        bool ignoredAreNegative);
    /// <summary>
    /// Sigmoid focal loss with γ = 2 of logits (N, Q) with targets (N, Q), 1 for a positive, 0 for a negative and -1 for what nobody asked:
    /// replaces logits by weight · dLoss/dLogits and writes weight · the sum over a row to rowLoss (N, 1), with a weight (N, 1) for each row.
    /// Positives weigh <paramref name="alpha"/>, negatives 1 − α. Lin et al. 2017, arXiv:1708.02002.
    /// </summary>
    public abstract void FocalLoss(Tensor logits, ArrayView<int> targets, Tensor weights, Tensor rowLoss, float alpha);
    /// <summary>
    /// Loss of boxes: the sigmoid of logits (N, 4) is a box by centre and size, compared with targets (N, 4) of that form. Writes weight · the
    /// sum of |differences| of corners to distance (N, 1) and weight · (1 − GIoU) to overlap (N, 1), and replaces logits by the gradient of
    /// their sum.
    /// </summary>
    public abstract void BoxLoss(Tensor logits, Tensor targets, Tensor weights, Tensor distance, Tensor overlap);
    /// <summary>
    /// Binary cross-entropy of logits with targets in [0, 1], all of one shape: replaces logits by weight · dLoss/dLogits, writes weight · loss.
    /// </summary>
    public abstract void SigmoidCrossEntropy(Tensor logits, Tensor targets, Tensor losses, float weight);
    /// <summary>x ← 2 · weight · (x - target), and rowLoss (N, 1) = weight · the sum of (x - target)² over each row.</summary>
    public abstract void SquaredDifference(Tensor x, Tensor target, Tensor rowLoss, float weight);
    /// <summary>y[i] = values[byte i of the words]: pixels that came as bytes, four a word, the lowest first; values (1, 256).</summary>
    public abstract void UnpackBytes(ArrayView<int> words, Tensor values, Tensor y);
    /// <summary>x ← softmax((x - center) · sharpness) over each row; the sharpness (1, 1), 1 / τ, is read on the device.</summary>
    public abstract void TeacherSoftmax(Tensor x, Tensor center, Tensor sharpness);
    /// <summary>
    /// Half a round of Sinkhorn-Knopp on scores x (N, K) at temperature 1 / s: columns (1, K) = log Σ over the rows of exp(s · x + shift), with a
    /// shift (N, 1) for each row and the sharpness s (1, 1), which is read on the device.
    /// </summary>
    public abstract void SinkhornColumns(Tensor x, Tensor sharpness, Tensor shifts, Tensor columns);
    /// <summary>
    /// The other half: the shift of a row is -log Σ over its columns of exp(s · x - column). A row whose weight is not above 0 gets one that
    /// takes it
    /// out of <see cref="SinkhornColumns"/>; without weights all count.
    /// </summary>
    public abstract void SinkhornRows(Tensor x, Tensor sharpness, Tensor columns, Tensor weights, Tensor shifts);
    /// <summary>y = x / divisor, which is (1, 1) and read on the device.</summary>
    public abstract void DivideBy(Tensor x, Tensor divisor, Tensor y);
    /// <summary>
    /// Cross-entropy between teacher targets (G·B, K) and student logits (V·B, K), view-major. Replaces logits by
    /// weight · dLoss/dLogits and writes weight · loss of each row to rowLoss (V·B, 1). With <paramref name="skipSame"/>, view v has no
    /// term with teacher view v. The mean is over <paramref name="terms"/> pairs of views and the batch.
    /// </summary>
    public abstract void DinoCrossEntropy(Tensor logits, Tensor targets, Tensor rowLoss, int batch, float temperature, bool skipSame,
        int terms, float weight);
    /// <summary>
    /// Cross-entropy between targets and student logits, both (N, K), row by row, each with a weight (N, 1): replaces logits by
    /// weight · dLoss/dLogits and writes weight · loss of each row to rowLoss (N, 1).
    /// </summary>
    public abstract void PatchCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor rowLoss, float temperature, float weight);
    /// <summary>x ← factor · x.</summary>
    public abstract void Scale(Tensor x, float factor);
    /// <summary>mean (1, C) = mean of the rows of x.</summary>
    public abstract void MeanRows(Tensor x, Tensor mean);
    /// <summary>
    /// Symmetric InfoNCE on cosines (B, B): replaces them by weight · dLoss/dCosine; writes weight · loss to rowLoss (B, 1); adds dLoss/dt to dT.
    /// </summary>
    public abstract void InfoNce(Tensor cosines, Tensor t, Tensor dT, Tensor rowLoss, float weight);
    /// <summary>
    /// <see cref="InfoNce"/> on rows of the cosines, (b, B) from row <paramref name="diagonal"/> on; <paramref name="columns"/> (1, B) has the
    /// log-sum-exp of each column over all rows. Over all parts the losses and dT add up to those of the whole.
    /// </summary>
    public abstract void InfoNceRows(Tensor cosines, Tensor t, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, float weight);
    /// <summary>
    /// <see cref="InfoNceRows"/> on a chunk of their columns: of (B, B) with B = <paramref name="whole"/> those where row i of the chunk has its pair
    /// in column <paramref name="diagonal"/> + i, which may lie outside; <paramref name="rows"/> (b, 1) has the log-sum-exp of each row over all
    /// columns, <paramref name="columns"/> that of the chunk's columns over all rows. Over all chunks losses and dT add up.
    /// </summary>
    public abstract void InfoNceChunk(Tensor cosines, Tensor t, Tensor rows, Tensor columns, Tensor dT, Tensor rowLoss, int diagonal, int whole,
        float weight);
    /// <summary>rows (b, 1) = log Σ over the columns of exp(exp(t) · cosine).</summary>
    public abstract void RowLogSumExp(Tensor cosines, Tensor t, Tensor rows);
    /// <summary>columns (1, B) = log Σ over the rows of exp(exp(t) · cosine).</summary>
    public abstract void ColumnLogSumExp(Tensor cosines, Tensor t, Tensor columns);
    /// <summary>y = exp(x - peak).</summary>
    public abstract void ExpDifference(Tensor x, Tensor peak, Tensor y);
    /// <summary>y += log x.</summary>
    public abstract void AddLog(Tensor x, Tensor y);
    /// <summary>
    /// Pairwise sigmoid loss on cosines (b, B), the rows of (B, B) from <paramref name="diagonal"/> on, as <see cref="InfoNceRows"/>, with the
    /// bias b and its gradient; or on a chunk of their columns, as <see cref="InfoNceChunk"/>.
    /// </summary>
    public abstract void SigLip(Tensor cosines, Tensor t, Tensor b, Tensor dT, Tensor dB, Tensor rowLoss, float weight, int diagonal = 0,
        int whole = 0);
    /// <summary>
    /// KoLeo on z (B, C), rows of length 1, with their <paramref name="cosines"/> (B, B) and B > 1: adds weight · dLoss/dz to dz; writes
    /// weight · loss to rowLoss (B, 1).
    /// </summary>
    public abstract void KoLeo(Tensor z, Tensor cosines, Tensor dz, Tensor rowLoss, float weight);
    /// <summary>y[<paramref name="index"/>] += factor · sum of all elements of x.</summary>
    public abstract void AddSum(Tensor x, Tensor y, int index, float factor = 1);
    /// <summary>y[<paramref name="index"/>] += sum of the squares of all elements of x.</summary>
    public abstract void AddSquares(Tensor x, Tensor y, int index);

    /// <summary>
    /// For each row of probabilities (N, K): entropy in nats, maximum and argmax, in the three columns of <paramref name="stats"/>.
    /// </summary>
    public abstract void EntropyAndArgMax(Tensor targets, Tensor stats);

    // Search
    /// <summary>
    /// Running top-k over blocks of candidates: merges scores (N, M) of candidates <paramref name="first"/>, first + 1, … into each row's k
    /// best so far, best (N, k) in descending order, initially -∞, and their indices. Blocks must come in order; of equal scores the lower
    /// index comes first.
    /// </summary>
    public abstract void TopK(Tensor scores, Tensor best, ArrayView<int> index, int first);

    // Optimizers
    /// <summary>x ← x · most / (|x| + 1e-6) where its norm is larger than <paramref name="most"/>: DINO's clipping, tensor by tensor.</summary>
    public abstract void ClipTensor(Tensor x, float most);
    /// <summary>x ← min(x, most).</summary>
    public abstract void AtMost(Tensor x, float most);
    /// <summary>
    /// A second step state, for parameters that begin to learn later: found-inf where the first has it or <paramref name="begun"/> (1, 1) is 0. It
    /// counts its own updates, and has bias corrections by them; the rest it copies.
    /// </summary>
    public abstract void LateState(StepState state, Tensor begun, StepState late, float beta1, float beta2);
    /// <summary>
    /// Global gradient norm, found-inf (the norm or a loss is not finite) and the factor of clipping, in the step state; see <see cref="StepState"/>.
    /// <paramref name="more"/> (1, 1), if given, is the sum of squares of gradients elsewhere, which count too.
    /// </summary>
    public abstract void GradNorm(Tensor gradients, Tensor losses, StepState state, float clipNorm, float beta1, float beta2, Tensor more = default);
    /// <summary>
    /// Fused AdamW over a flat range, unless found-inf, with the EMA update of a teacher in the same pass. Rate and decay are factors on
    /// those of the step state.
    /// </summary>
    public abstract void AdamWUpdate(Tensor p, Tensor g, Tensor m, Tensor v, StepState state, float rate, float decay, float beta1,
        float beta2, float epsilon,
        Tensor teacher = default, Tensor momentum = default);
    /// <summary>
    /// big_vision's Adafactor for one parameter, unless found-inf. Where m has fewer values than p, they are those from <paramref name="first"/> on,
    /// and of p the same move alone; second moments follow whole, unless an earlier call of the step has taken them along
    /// (<paramref name="followed"/>).
    /// </summary>
    public abstract void AdafactorUpdate(FactoredShape shape, Tensor p, Tensor g, Tensor m, Tensor rows, Tensor cols, Tensor v,
        StepState state, AdafactorStep step, int first = 0, bool followed = false);
}
