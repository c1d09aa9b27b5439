using ILGPU;

namespace Silc;

/// <summary>Which operands of a matrix product are read transposed.</summary>
public enum Transpose
{
    /// <summary>A · B: a layer's forward.</summary>
    None,

    /// <summary>A · Bᵀ: the gradient of its input.</summary>
    B,

    /// <summary>Aᵀ · B: the gradient of its kernel.</summary>
    A,
}

/// <summary>
/// Every operation that layers, losses and optimizers are made of. One implementation, <see cref="Ops{TPack}"/>, serves all accelerators;
/// a backend overrides what it can do better. Outputs are overwritten unless the summary says "adds". Work is queued in order.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
/// <remarks>Letters: N rows, C channels, B batch, T tokens, H heads, D head size, K prototypes, V views.</remarks>
public abstract class Ops(Device device)
{
    /// <summary>Where it runs.</summary>
    public Device Device { get; } = device;

    /// <summary>The operations for a device, of its backend.</summary>
    public static Ops For(Device device) => OfBackend(device);

    /// <summary>Chooses the backend; set where the backends are known.</summary>
    internal static Func<Device, Ops> OfBackend { get; set; } = static device => throw new InvalidOperationException($"no backend for {device.Info.Name}");

    /// <summary>These operations, each of them timed.</summary>
    internal Ops Timed(OpProfile profile) => new ProfiledOps(this, profile);

    /// <summary>These operations, not timed.</summary>
    internal virtual Ops Untimed => this;

    /// <summary>True for <see cref="Timed"/> ones.</summary>
    internal virtual bool IsTimed => false;

    /// <summary>Begins to build the kernels that every model needs, and those of training, where that takes long; others follow when met.</summary>
    internal virtual void Prepare(bool training) { }

    /// <summary>
    /// How activations of so many channels are stored; <paramref name="head"/> as in <see cref="Pass.SavedActivation"/>. Operations other
    /// than products, attention, LayerNorm, patches, copies and row sums take float32 alone.
    /// </summary>
    public virtual DType Activations(int cols, int head = 0) => DType.Float32;

    /// <summary>Rounded copies of the weights that products read, where there are any.</summary>
    internal virtual Bf16Weights? Weights => null;

    /// <summary>
    /// Makes those copies again that are older than their weights. Products do so themselves, but a step begins and ends without such copies.
    /// </summary>
    internal virtual void RefreshWeights() { }

    // Elementwise
    /// <summary>x = value.</summary>
    public abstract void Fill(Tensor x, float value);
    /// <summary>y = x; strides may differ.</summary>
    public abstract void Copy(Tensor x, Tensor y);
    /// <summary>Adds x to y.</summary>
    public abstract void Add(Tensor x, Tensor y);
    /// <summary>x ← momentum · x + (1 - momentum) · target, if the gate is open: the EMA teacher.</summary>
    public abstract void EmaUpdate(Tensor x, Tensor target, float momentum, StepState gate);
    /// <summary>y = gelu(x).</summary>
    public abstract void Gelu(Tensor x, Tensor y, GeluKind kind);
    /// <summary>dx ← dx · gelu'(x); y = gelu(x) again, for the gradient of the kernel that read it.</summary>
    public abstract void GeluBackward(Tensor x, Tensor dx, Tensor y, GeluKind kind);

    // Rows
    /// <summary>Adds row r mod T of <paramref name="table"/> (T, C) to row r of x (B·T, C).</summary>
    public abstract void AddRows(Tensor table, Tensor x);
    /// <summary>Adds to row t of <paramref name="table"/> (T, C) the sum of rows t, T + t, 2T + t, … of x (B·T, C).</summary>
    public abstract void SumRows(Tensor x, Tensor table);
    /// <summary>Row b of y (B, C) = row b·T + t of x (B·T, C), T = x.Rows / y.Rows.</summary>
    public abstract void SelectRows(Tensor x, int t, Tensor y);
    /// <summary>Adjoint of <see cref="SelectRows"/>: dx is dy in those rows and zero elsewhere.</summary>
    public abstract void SelectRowsBackward(Tensor dy, int t, Tensor dx);

    /// <summary>
    /// Row b of y (B, C) = the row of caption b in x (B·T, C) where its token is <paramref name="end"/> for the first time, or its first row if
    /// none is;
    /// with -1 where its largest token is for the first time.
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

    // Matrix products
    /// <summary>c = op(a)·op(b) + bias (1, C) + addend (N, C), both optional; the addend may be c itself.</summary>
    public abstract void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default);
    /// <summary>c = x·yᵀ of rows of length 1, always in float32: losses multiply it by inverse temperatures.</summary>
    public virtual void Cosines(Tensor x, Tensor y, Tensor c) => MatMul(x, y, c, Transpose.B);
    /// <summary>
    /// y = x·kernels[0] + biases[0] | x·kernels[1] + biases[1] | …: layers of one input, whose outputs, equally wide, lie side by side.
    /// </summary>
    public abstract void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y);
    /// <summary>dx = Σ dyᵢ·kernels[i]ᵀ, the gradient of that input. A dx of bfloat16 wants the kernels of a model's attention.</summary>
    public abstract void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx);
    /// <summary>Adds the gradients of those kernels, xᵀ·dyᵢ, and biases, the sums of dyᵢ over rows.</summary>
    public abstract void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases);
    /// <summary>h = x·kernel + bias; y = gelu(h).</summary>
    public abstract void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind);
    /// <summary>dh = (dy·kernelᵀ) · gelu'(h); y = gelu(h) again: the way back through a GELU to the layer before it.</summary>
    public abstract void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind);
    /// <summary>dKernel += xᵀ·dy, dBias += sum of the rows of dy: the gradients of y = x·kernel + bias.</summary>
    public abstract void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias);

    // Layers
    /// <summary>y = (x - mean)·rstd·scale + bias over each row; mean and rstd (N, 1) are kept for the gradient.</summary>
    public abstract void LayerNorm(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon);
    /// <summary>
    /// dx = gradient, or adds it when <paramref name="accumulate"/>; adds to dScale and dBias. <paramref name="rounded"/>, where it is given,
    /// takes dx once more, in its own form.
    /// </summary>
    public abstract void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded = default);
    /// <summary>
    /// o = softmax(q·kᵀ/√D)·v for each of B images and H heads. q and o are (B·Tq, H·D), k and v (B·Tk, H·D), heads side by side.
    /// <paramref name="lse"/> (B·H, Tq) keeps the log of each softmax's denominator. With <paramref name="causal"/>, query t sees keys 0 to t alone;
    /// all tensors must be float32 then.
    /// </summary>
    public abstract void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false);
    /// <summary>Gradients of <see cref="Attention"/>; the probabilities are computed again from <paramref name="lse"/>.</summary>
    public abstract void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false);
    /// <summary>Row n of y (N, C) = row tokens[n] of <paramref name="table"/>.</summary>
    public abstract void Embed(ArrayView<int> tokens, Tensor table, Tensor y);
    /// <summary>Adds each row of dy to the row of dTable that its token names. <paramref name="order"/> lists 0..N-1 sorted by token.</summary>
    public abstract void EmbedBackward(ArrayView<int> tokens, ArrayView<int> order, Tensor dy, Tensor dTable);
    /// <summary>Cuts images (N, side, side, 3) into rows of patches (N·T, patch·patch·3), row-major; what no whole patch covers is left out.</summary>
    public abstract void Patches(Tensor pixels, Tensor y, int side, int patch);
    /// <summary>y = x / (|x| + ε) over each row; norms (N, 1) are kept.</summary>
    public abstract void L2Normalize(Tensor x, Tensor y, Tensor norms, float epsilon);
    /// <summary>dx from dy and the normalised y.</summary>
    public abstract void L2NormalizeBackward(Tensor dy, Tensor y, Tensor norms, Tensor dx, float epsilon);
    /// <summary>Each column of y is that column of v divided by its norm: weight normalisation with the gain fixed at 1.</summary>
    public abstract void NormalizeColumns(Tensor v, Tensor y, Tensor norms);
    /// <summary>Adds to dv the gradient of <see cref="NormalizeColumns"/>.</summary>
    public abstract void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv);

    // Losses; each writes one partial loss a row, so that sums have a fixed order
    /// <summary>x ← softmax((x - center) / temperature) over each row.</summary>
    public abstract void TeacherSoftmax(Tensor x, Tensor center, float temperature);
    /// <summary>
    /// Cross-entropy between teacher targets (G·B, K) and student logits (V·B, K), view-major. Replaces logits by
    /// weight · dLoss/dLogits and writes weight · loss of each row to rowLoss (V·B, 1). With <paramref name="skipSame"/>, view v has no
    /// term with teacher view v. The mean is over <paramref name="terms"/> pairs of views and the batch.
    /// </summary>
    public abstract void DinoCrossEntropy(Tensor logits, Tensor targets, Tensor rowLoss, int batch, float temperature, bool skipSame, int terms, float weight);
    /// <summary>mean (1, C) = mean of the rows of x.</summary>
    public abstract void MeanRows(Tensor x, Tensor mean);
    /// <summary>
    /// Symmetric InfoNCE on cosines (B, B): replaces them by weight · dLoss/dCosine; writes weight · loss to rowLoss (B, 1); adds dLoss/dt to dT.
    /// </summary>
    public abstract void InfoNce(Tensor cosines, Tensor t, Tensor dT, Tensor rowLoss, float weight);
    /// <summary>Pairwise sigmoid loss on cosines (B, B), as <see cref="InfoNce"/>, with the bias b and its gradient.</summary>
    public abstract void SigLip(Tensor cosines, Tensor t, Tensor b, Tensor dT, Tensor dB, Tensor rowLoss, float weight);
    /// <summary>
    /// KoLeo on z (B, C), rows of length 1, with their <paramref name="cosines"/> (B, B) and B > 1: adds weight · dLoss/dz to dz; writes
    /// weight · loss to rowLoss (B, 1).
    /// </summary>
    public abstract void KoLeo(Tensor z, Tensor cosines, Tensor dz, Tensor rowLoss, float weight);
    /// <summary>Element <paramref name="index"/> of y += sum of x · factor.</summary>
    public abstract void AddSum(Tensor x, Tensor y, int index, float factor = 1);

    /// <summary>
    /// Of each row of probabilities (N, K): entropy in nats, the largest and its index, in the three columns of
    /// <paramref name="stats"/>.
    /// </summary>
    public abstract void TargetStats(Tensor targets, Tensor stats);

    // Search
    /// <summary>
    /// Takes scores (N, M) of candidates <paramref name="first"/>, first + 1, … into the lists of each row's k best so far: best
    /// (N, k) in falling order, at first -∞, and their candidates. Blocks of candidates must come in order; of equals the lower
    /// comes first.
    /// </summary>
    public abstract void TopK(Tensor scores, Tensor best, ArrayView<int> index, int first);

    // Optimizers
    /// <summary>Decides from the gradient's norm and the losses whether this step may change anything; see <see cref="StepState"/>.</summary>
    public abstract void GradNorm(Tensor gradients, Tensor losses, StepState gate, float clipNorm, float beta1, float beta2);
    /// <summary>
    /// AdamW over a flat range, if the gate is open; a teacher of that range follows in the same pass. Rate and decay are factors on the gate's.
    /// </summary>
    public abstract void AdamW(Tensor p, Tensor g, Tensor m, Tensor v, StepState gate, float rate, float decay, float beta1, float beta2, float epsilon,
        Tensor teacher = default, float momentum = 1);
    /// <summary>big_vision's Adafactor for one parameter, if the gate is open.</summary>
    public abstract void Adafactor(FactoredShape shape, Tensor p, Tensor g, Tensor m, Tensor rows, Tensor cols, Tensor v, StepState gate, AdafactorStep step);
}
