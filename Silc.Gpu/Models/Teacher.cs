namespace Silc;

/// <summary>
/// The EMA teacher: a second image tower and head that follow the student with a momentum that is fixed
/// unless a schedule moves it, and the center of their outputs. It sees global views only and has no
/// gradients. Threads: used under its trainer's lock; <see cref="Load"/> comes before the first step.
/// </summary>
sealed class Teacher : IDisposable
{
    readonly RunningCenter center;
    readonly VisionTransformer image;
    readonly SilcConfig config;

    /// <summary>A copy of the student; the center is 0.</summary>
    public Teacher(SilcModel student)
    {
        (config, var device) = (student.Config, student.Device);
        using var exclusive = student.Exclusive();
        Parameters = new(device, ParameterTable.OfTeacher(config));
        image = new(Parameters, config);
        Head = new(Parameters, "head", config.EmbedDim, config.Head);
        center = new(device, config.Head.Prototypes);
        try
        {
            Parameters.Allocate(seed: 0, gradients: false);
        }
        catch
        {
            Dispose();
            throw;
        }
        Copy(student);
    }

    /// <summary>Begins anew, as a copy of the student with the center 0.</summary>
    public void Copy(SilcModel student)
    {
        var ops = student.Device.Ops;
        ops.Copy(student.Parameters.Values.Columns(0, Parameters.Values.Cols), Parameters.Values);
        ops.Fill(Center, 0);
    }

    /// <summary>The same of the head and the center alone; the tower stays.</summary>
    public void CopyHead(SilcModel student)
    {
        var ops = student.Device.Ops;
        foreach (var p in Parameters.All.Where(p => p.Name.StartsWith(BigVisionNames.HeadPrefix, StringComparison.Ordinal)))
            ops.Copy(student.Parameters[p.Name].Value, p.Value);
        ops.Fill(Center, 0);
    }

    /// <summary>Tower and head; their memory is laid out as the beginning of the student's.</summary>
    public Parameters Parameters { get; }

    /// <summary>Center c (1, K).</summary>
    public Tensor Center => center.Value;

    /// <summary>Head of the embeddings.</summary>
    internal DinoHead Head { get; }

    /// <summary>Goes on from the teacher of a checkpoint (<see cref="ModelFile.Teacher"/>) instead of a copy of the student.</summary>
    /// <exception cref="ArgumentException">It has another image tower or head.</exception>
    public void Load(ModelWeights weights)
    {
        var theirs = weights.Config;
        static object Tower(SilcConfig of) => (of.Image, of.Grid, of.PatchSize, of.StemPatch, of.StemPatch is null ? 0 : of.StemChannels, of.Head);
        if (!Tower(theirs).Equals(Tower(config)))
            throw new ArgumentException("this teacher has another image tower or head than the student: leave it out, and the teacher begins as a "
                + "copy of the student");
        foreach (var p in Parameters.All) Parameters.Write(p, weights.Read);
        center.Load(weights.Read);
    }

    /// <summary>
    /// softmax((F_t(x) - c) · sharpness), sharpness = 1 / τ_t, (G·B, K), and the mean output for the next center. <paramref name="look"/>
    /// sees the logits before; <paramref name="embeddings"/> (G·B, C), if given, takes what the head makes them of. <paramref name="assign"/>, if
    /// given, makes targets of the logits in the place of center and softmax, and there is no mean. <paramref name="patches"/>, if given, sees the
    /// tokens of <see cref="Patches"/>, of the same forward pass.
    /// </summary>
    internal Tensor Targets(Pass pass, Tensor pixels, Tensor mean, Tensor sharpness, Action<Tensor>? look = null, Tensor embeddings = default,
        Action<Tensor>? assign = null, Action<Tensor>? patches = null)
    {
        var targets = pass.Saved(pixels.Rows, config.Head.Prototypes);
        using (pass.Frame())
        {
            var y = patches is null ? image.Forward(pass, pixels, config.ImageSize).Y : Both(pass, pixels, patches);
            if (embeddings.Rows > 0) pass.Ops.Copy(y, embeddings);
            Head.Forward(pass, y, targets);
        }
        look?.Invoke(targets);
        if (assign is not null)
        {
            assign(targets);
            return targets;
        }
        pass.Ops.MeanRows(targets, mean);
        pass.Ops.TeacherSoftmax(targets, Center, sharpness);
        return targets;
    }

    Tensor Both(Pass pass, Tensor pixels, Action<Tensor> patches)
    {
        var seen = image.Frozen(pass, pixels, config.ImageSize, [TowerFeature.Tokens, TowerFeature.Pooled]);
        patches(seen[0]);
        return seen[1];
    }

    /// <summary>Shows the tokens of global views after the tower's last norm, without a class token or registers, (G·B·N, C).</summary>
    internal void Patches(Pass pass, Tensor pixels, Action<Tensor> patches)
    {
        using var _ = pass.Frame();
        patches(image.EncodedPatches(pass, pixels, config.ImageSize));
    }

    /// <summary>The mean outputs of equally large parts of the batch, one a row: what the center will follow.</summary>
    internal void Observe(Ops ops, Tensor means) => center.Observe(ops, means);

    /// <summary>Queues the exchange after which <see cref="EndExchange"/> sets the mean outputs of all ranks in place of this rank's.</summary>
    internal void BeginExchange(ICollective collective) => collective.Begin(center.Mean);

    /// <summary>The second half of <see cref="BeginExchange"/>, after <see cref="ICollective.Finish"/>.</summary>
    internal void EndExchange(Ops ops, ICollective collective) => ops.Scale(center.Mean, 1f / collective.Size);

    /// <summary>After the targets were used the center moves, unless the step was skipped; the weights follow in the optimizer's pass.</summary>
    internal void MoveCenter(Ops ops, StepState state) => center.Move(ops, state);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        using var exclusive = Parameters.Device.ExclusiveForRelease();
        Parameters.Dispose();
        center.Dispose();
    }
}
