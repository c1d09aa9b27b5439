namespace Silc;

/// <summary>
/// Gram anchoring: the cosines of a view's patches with each other shall stay what an earlier teacher, the anchor, says of the same view. Of patches
/// after the tower's last norm, L = mean over views, images and pairs (i, j) of patches of (x_i·x_j - g_i·g_j)², x and g the student's and the
/// anchor's, divided by their lengths; the gradient goes into the student alone. Siméoni et al. 2025 (DINOv3), arXiv:2508.10104, section 4. The
/// anchor is the EMA teacher at a step, see <see cref="GramConfig"/>. It sees the student's views, or their crops without changes of colour, at
/// their side or twice that (<see cref="ViewConfig.AnchorScale"/>); the finer grid's patches are then resized bicubically to the student's.
/// Threads: one at a time.
/// </summary>
sealed class GramLoss : IDisposable
{
    /// <summary>Most patches of a view: their cosines are two tables of that many rows and columns.</summary>
    public const int MostPatches = 1024;

    const float Epsilon = 1e-12f;

    readonly VisionTransformer tower;
    readonly SilcConfig config;
    readonly TrainConfig train;
    readonly int parts;

    // To the student's grid (N, s²·N); empty where the grids are one.
    readonly Tensor resize;

    /// <exception cref="ArgumentException">There are no views for it, or too many patches; the message says what to set.</exception>
    public GramLoss(SilcModel student, TrainConfig train, int ranks)
    {
        (config, this.train, parts) = (student.Config, train, train.Accumulate * ranks);
        var (patches, device) = (config.Grid * config.Grid, student.Device);
        Require.That(!config.Views.Plain, "with plain views the student sees no global ones, whose patches Gram anchoring compares: "
            + "set ViewConfig.Plain to false (--views silc or dino) or GramWeight to 0 (--gram 0)");
        Require.That(patches <= MostPatches, $"Gram anchoring compares all pairs of a view's {patches} patches, and takes {MostPatches}: "
            + "set a smaller ImageSize (--image-size), or GramWeight to 0 (--gram 0)");
        Anchor = new(device, ParameterTable.OfImageTower(config));
        tower = new(Anchor, config);
        try
        {
            if (Scale > 1)
                resize = Anchor.Constant(PositionResizer.Matrix(Scale * config.Grid, config.Grid, PositionResize.Bicubic), patches,
                    Scale * Scale * patches);
            Anchor.Allocate(seed: 0, gradients: false);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    int Scale => Math.Max(1, config.Views.AnchorScale);

    /// <summary>The anchor's tower, whose memory is laid out as the beginning of the teacher's.</summary>
    public Parameters Anchor { get; }

    /// <summary>From now on the anchor is the teacher as it is.</summary>
    public void Take(Teacher teacher) =>
        Anchor.Device.Ops.Copy(teacher.Parameters.Values.Columns(0, Anchor.Values.Cols), Anchor.Values);

    /// <summary>
    /// Adds the loss to its term of <paramref name="losses"/>, and weight · dLoss/dPatches to <paramref name="dPatches"/>; patches are
    /// (V·b·N, C), and pixels what the anchor sees.
    /// </summary>
    public void Run(Pass pass, Pass inference, Tensor pixels, Tensor patches, Tensor dPatches, LossBuffer losses)
    {
        using var _ = pass.Frame();
        var rowLoss = pass.Scratch(patches.Rows, 1);
        Run(pass, patches, Anchored(inference, pixels), pixels.Rows, dPatches, rowLoss, (float)(train.GramWeight / parts));
        losses.Add(pass.Ops, LossTerm.Gram, rowLoss, train.GramWeight);
    }

    /// <summary>The anchor's patches on the student's grid, (V·b·N, C).</summary>
    internal Tensor Anchored(Pass pass, Tensor pixels)
    {
        var fine = tower.EncodedPatches(pass, pixels, Scale * config.ImageSize);
        if (Scale == 1) return fine;
        int images = pixels.Rows, each = fine.Rows / images;
        var patches = pass.Saved(images * resize.Rows, fine.Cols);
        for (int image = 0; image < images; image++)
            pass.Ops.MatMul(resize, fine.Slice(image * each, each), patches.Slice(image * resize.Rows, resize.Rows));
        return patches;
    }

    /// <summary>The same of given patches: adds to dPatches, and writes weight · loss to rowLoss, a part of it for each patch.</summary>
    internal static void Run(Pass pass, Tensor patches, Tensor anchored, int images, Tensor dPatches, Tensor rowLoss, float weight)
    {
        using var _ = pass.Frame();
        var ops = pass.Ops;
        int each = patches.Rows / images;
        var (x, g) = (pass.Scratch(patches.Rows, patches.Cols), pass.Scratch(anchored.Rows, anchored.Cols));
        var (lengths, others) = (pass.Scratch(patches.Rows, 1), pass.Scratch(patches.Rows, 1));
        var (dx, dRaw) = (pass.Scratch(patches.Rows, patches.Cols), pass.Scratch(patches.Rows, patches.Cols));
        var (cosines, wanted) = (pass.Scratch(each, each), pass.Scratch(each, each));
        ops.L2Normalize(patches, x, lengths, Epsilon);
        ops.L2Normalize(anchored, g, others, Epsilon);
        for (int image = 0; image < images; image++)
        {
            Tensor Own(Tensor of) => of.Slice(image * each, each);
            ops.CosineSimilarity(Own(x), Own(x), cosines);
            ops.CosineSimilarity(Own(g), Own(g), wanted);
            ops.SquaredDifference(cosines, wanted, Own(rowLoss), weight / ((float)images * each * each));
            ops.MatMul(cosines, Own(x), Own(dx));
        }
        // A patch is in the rows and in the columns of the table, whose differences are symmetric.
        ops.Scale(dx, 2);
        ops.L2NormalizeBackward(dx, x, lengths, dRaw, Epsilon);
        ops.Add(dRaw, dPatches);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Anchor.Dispose();
}
