using ILGPU;

namespace Silc;

/// <summary>
/// Masked patch prediction: the student sees global views some of whose patches are hidden, and predicts for each hidden patch the distribution over
/// prototypes that the teacher gives it, who sees the whole view:
/// L = mean over views and images of Σ_i w_i · -Σ_k T_ik · log softmax(S_i / τ_s)_k
/// with w_i = 1 / (hidden patches of the view), or over all patches with <see cref="MaskConfig.AllPatches"/>. T is softmax((g_t - c) / τ_t) with a
/// center of its own, which follows the mean of all patches, or comes of Sinkhorn-Knopp over the predicted patches of all ranks. An image without
/// hidden patches adds 0 and counts in the mean. Zhou et al. 2022 (iBOT), arXiv:2111.07832; as in SigLIP 2 (Tschannen et al. 2025,
/// arXiv:2502.14786) beside the image-text loss. Scores are computed for the predicted patches alone, (M, K); those of all patches, of which the
/// center is the mean, in parts of no more rows. The hidden patches' vector and the head are trained here, and are no part of the model. Threads: one
/// at a time.
/// </summary>
sealed class MaskedPatchLoss : IDisposable
{
    /// <summary>First part of the names of its parameters.</summary>
    public const string Tower = "mask";

    readonly SilcModel student;
    readonly TrainConfig train;
    readonly DinoHead head, teacherHead;
    readonly Parameter token;
    readonly RunningCenter center;
    readonly SinkhornAssignment? sinkhorn;

    /// <exception cref="ArgumentException">The views have too few patches, or the head other inputs; the message says what to set.</exception>
    public MaskedPatchLoss(SilcModel student, Teacher teacher, TrainConfig train, SinkhornAssignment? sinkhorn)
    {
        (this.student, this.train, this.sinkhorn) = (student, train, sinkhorn);
        var (config, device, masks) = (student.Config, student.Device, train.Masks);
        Require.That(masks.Kind == MaskKind.Random || config.Grid * config.Grid >= PatchMask.LeastPatches,
            $"a view of {config.Grid * config.Grid} patches is too small for blocks of hidden ones, which need {PatchMask.LeastPatches}: "
            + "set a larger ImageSize (--image-size) or Masks.Kind to Random (--mask-kind random)");
        Require.That(!masks.SharedHead || config.EmbedDim == config.Image.Width,
            $"patches have {config.Image.Width} channels and embeddings {config.EmbedDim}, so they cannot go through one head: "
            + "set Masks.SharedHead to false (leave out --shared-head)");
        (Parameters, center) = (new(device), new(device, config.Head.Prototypes));
        head = masks.SharedHead ? student.Head : new(Parameters, $"{Tower}/head", config.Image.Width, config.Head);
        token = Parameters.Add($"{Tower}/embedding", 1, config.Image.Width, Inits.Zeros);
        if (!masks.SharedHead) TeacherParameters = new(device);
        teacherHead = TeacherParameters is null ? teacher.Head : new(TeacherParameters, $"{Tower}/head", config.Image.Width, config.Head);
        try
        {
            Parameters.Allocate(train.Seed, gradients: true);
            // The average has the layout of what it follows, so that both are one range.
            TeacherParameters?.Add(token.Name, 1, config.Image.Width, Inits.Zeros);
            TeacherParameters?.Allocate(train.Seed, gradients: false);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The vector in the place of hidden patches, and the head unless it is shared.</summary>
    public Parameters Parameters { get; }

    /// <summary>The average of <see cref="Parameters"/>, of which the teacher uses the head; null if that is shared.</summary>
    public Parameters? TeacherParameters { get; }

    /// <summary>Center of the patches' scores (1, K).</summary>
    public Tensor Center => center.Value;

    /// <summary>False where targets come of Sinkhorn-Knopp.</summary>
    public bool HasCenter => sinkhorn is null;

    /// <summary>
    /// The teacher's targets (M, K) for the predicted patches, of its tokens (V·b·N, C); <paramref name="mean"/> (1, K) takes the mean score of all
    /// patches where there is a center.
    /// </summary>
    public void Targets(Pass pass, Tensor tokens, MaskSlice mask, Tensor targets, Tensor mean, Tensor sharpness)
    {
        using var _ = pass.Frame();
        if (sinkhorn is not null)
        {
            var picked = pass.Saved(targets.Rows, tokens.Cols);
            pass.Ops.TakeRows(tokens, 0, mask.Rows, picked);
            teacherHead.Forward(pass, picked, targets);
            sinkhorn.Run(pass, targets, sharpness, mask.Weights);
            return;
        }
        int parts = Parts(tokens.Rows, targets.Rows), size = tokens.Rows / parts;
        var means = pass.Scratch(parts, targets.Cols);
        for (int part = 0; part < parts; part++)
            using (pass.Frame())
            {
                var scores = pass.Saved(size, targets.Cols);
                teacherHead.Forward(pass, tokens.Slice(part * size, size), scores);
                pass.Ops.MeanRows(scores, means.Slice(part, 1));
                pass.Ops.TakeRows(scores, part * size, mask.Rows, targets);
            }
        pass.Ops.MeanRows(means, mean);
        pass.Ops.TeacherSoftmax(targets, Center, sharpness);
    }

    // Equal parts of whole images with no more patches than are predicted, or an image each.
    int Parts(int patches, int predicted)
    {
        int each = student.Config.Grid * student.Config.Grid, images = patches / each;
        return Enumerable.Range(1, images).First(parts => images % parts == 0 && (patches / parts <= predicted || parts == images));
    }

    /// <summary>
    /// Forward and backward of the student: adds the loss to its term of <paramref name="losses"/>, and gradients to tower, vector and head.
    /// </summary>
    public void Run(Pass pass, Tensor pixels, MaskSlice mask, Tensor targets, LossBuffer losses)
    {
        using var _ = pass.Frame();
        var ops = pass.Ops;
        var (x, backTower) = student.Image.Encode(pass, pixels, student.Config.ImageSize, new(mask.Hidden, token));
        var picked = pass.Saved(targets.Rows, x.Cols);
        using (pass.Frame())
        {
            var floats = x;
            if (x.DType != DType.Float32) ops.Copy(x, floats = pass.Scratch(x.Rows, x.Cols));
            ops.TakeRows(floats, 0, mask.Encoded, picked);
        }
        var (logits, backHead) = head.Forward(pass, picked);
        var rowLoss = pass.Scratch(targets.Rows, 1);
        ops.PatchCrossEntropy(logits, targets, mask.Weights, rowLoss, (float)train.StudentTemperature, (float)train.MaskWeight);
        losses.Add(ops, LossTerm.Mask, rowLoss, train.MaskWeight);
        var dPicked = backHead.Invoke(logits);
        var dx = pass.Scratch(x.Rows, x.Cols);
        new RowMap(mask.Encoded, mask.Order, targets.Rows).Scatter(ops, dPicked, dx);
        backTower.Invoke(dx);
    }

    /// <summary>What the center will follow; see <see cref="RunningCenter"/>.</summary>
    public void Observe(Ops ops, Tensor means) => center.Observe(ops, means);

    /// <summary>The mean over all ranks.</summary>
    public void Exchange(Ops ops, ICollective collective)
    {
        if (!HasCenter) return;
        collective.AllReduce(center.Mean);
        ops.Scale(center.Mean, 1f / collective.Size);
    }

    /// <summary>After the targets were used.</summary>
    public void MoveCenter(Ops ops, StepState state)
    {
        if (HasCenter) center.Move(ops, state);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Parameters.Dispose();
        TeacherParameters?.Dispose();
        center.Dispose();
    }
}

/// <summary>The masks of a slice on the device; rows are padded, with weights of 0.</summary>
/// <param name="Hidden">1 for each hidden patch (V·b·N, 1), view-major, 0 for the others.</param>
/// <param name="Rows">Place of each predicted patch in the patches (V·b·N).</param>
/// <param name="Encoded">The same in the tower's output, which may have a class token and registers.</param>
/// <param name="Order">Rows sorted by <paramref name="Encoded"/>.</param>
/// <param name="Weights">Of each row (M, 1).</param>
readonly record struct MaskSlice(Tensor Hidden, ArrayView<int> Rows, ArrayView<int> Encoded, ArrayView<int> Order, Tensor Weights);
