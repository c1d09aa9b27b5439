namespace Silc;

// The method of the paper, top to bottom: the losses of one batch and their gradients.
public sealed partial class Trainer
{
    void Gradients(Pass pass, Pass inference)
    {
        if (frozen.IsLocked) pass = pass with { Locked = true };
        pass.Arena.Reset();
        student.Parameters.ZeroGrads();
        foreach (var part in own.Where(part => Runs(part.Term))) part.Parameters.ZeroGrads();
        losses.Clear(pass.Ops);
        int slices = Config.Accumulate;
        pass.Frame();       // of the whole step, and open until the next one: the health of distillation is measured on what the last slice kept
        var means = !Runs(LossTerm.Distillation) || sinkhorn is not null ? default : pass.Saved(slices, student.Config.Head.Prototypes);
        var patchMeans = Runs(LossTerm.Mask) && masked!.HasCenter ? pass.Saved(slices, student.Config.Head.Prototypes) : default;
        var whole = slices > 1 ? CachedContrast(pass, inference) : default;
        var frame = pass.Frame();
        for (int slice = 0; slice < slices; slice++)
        {
            if (slice > 0)
            {
                frame.Dispose();
                frame = pass.Frame();
            }
            var now = views[slice];
            PreparePatches(pass, inference, slice, patchMeans.Count > 0 ? patchMeans.Slice(slice, 1) : default);
            var last = slice == slices - 1;
            // Gradients that nothing of this step adds to any more are sent to the other ranks: those of the last pass through the image tower.
            var telling = last ? pass with { Finished = buckets.Blocks } : pass;
            var mean = means.Count > 0 ? means.Slice(slice, 1) : default;
            lastTargets = !Runs(LossTerm.Distillation) ? default
                : DistillLocal(EmbedsCaptioned || Runs(LossTerm.Mask) ? pass : telling, inference, now, mean);
            if (Runs(LossTerm.Mask)) PredictPatches(EmbedsCaptioned ? pass : telling, inference, now);
            if (last && Teacher is not null && !Config.GlobalToGlobal) buckets.Complete("head");
            if (EmbedsCaptioned)
                Captioned(telling, inference, now, slice, lastTargets, whole, last);
        }
        if (means.Count > 0) Teacher!.Observe(pass.Ops, means);
        if (patchMeans.Count > 0) masked!.Observe(pass.Ops, patchMeans);
    }

    // False for distillation to local views alone, which embeds no image of the batch as the student.
    bool EmbedsCaptioned => Runs(LossTerm.Contrastive) || Runs(LossTerm.Dual) || DistilsGlobal || ReadsPatches
        || imageLosses.Any(loss => Runs(loss.Term));

    // Losses on the patches of the views that captions are compared with.
    bool ReadsPatches => Runs(LossTerm.Gram) || Runs(LossTerm.Decoder);

    bool DistilsGlobal => Config.GlobalToGlobal && Runs(LossTerm.Distillation);

    // The teacher's targets for the global views (G·B, K), and the student's loss on the local ones. Forward, loss
    // and backward of the local views end before the global views' begin, so that their memory is free again.
    Tensor DistillLocal(Pass pass, Pass inference, BatchSlice slice, Tensor mean)
    {
        // Where nobody else embeds images, the health of distillation is told by the teacher's own embeddings.
        var seen = EmbedsCaptioned ? default : lastImages = pass.Saved(slice.Global.Rows, student.Config.EmbedDim);
        var targets = Teacher!.Targets(inference, slice.Global, mean, stepState.TeacherSharpness,
            logits => Probe?.Invoke("teacher_logits", logits), seen,
            sinkhorn is null ? null : scores => sinkhorn.Run(inference, scores, stepState.TeacherSharpness), seePatches);
        if (slice.Local.Count == 0) return targets;
        using var _ = pass.Frame();
        var (y, backTower) = student.Image.Forward(pass, slice.Local, student.Config.Views.LocalSize);
        var (logits, backHead) = student.Head.Forward(pass, y);
        Probe?.Invoke("student_logits", logits);
        backTower.Invoke(backHead.Invoke(distillation.Run(pass, logits, targets, losses, globalViews: false)));
        return targets;
    }

    EmbeddedImages EmbedImages(Pass pass, BatchSlice slice, bool patches)
    {
        if (student.Config.Views.Naflex > 0)
        {
            var packed = student.EmbedImage(pass, slice.Packed);
            return new(packed.Z, packed.Raw, default, default, (dz, _, _, _) => packed.Back(dz, default));
        }
        var pixels = slice.Captioned;
        var (side, second) = (student.Config.ImageSize, Runs(LossTerm.Dual) ? dual!.Probe : null);
        if (patches || second is not null) return student.EmbedImageAndPatches(pass, pixels, side, second);
        var (z, raw, back) = student.EmbedImage(pass, pixels, side);
        return new(z, raw, default, default, (dz, dRaw, _, _) => back(dz, dRaw));
    }

    // Memory for the teacher's targets of a slice's patches, and what makes them of its tokens, which one forward pass has for all its losses.
    void PreparePatches(Pass pass, Pass inference, int slice, Tensor mean)
    {
        (seePatches, patchTargets, patchMask) = (null, default, default);
        if (!Runs(LossTerm.Mask)) return;
        var (mask, targets) = (masks![views.Place, slice], pass.Saved(masks.Rows, student.Config.Head.Prototypes));
        (patchTargets, patchMask) = (targets, mask);
        seePatches = tokens => masked!.Targets(inference, tokens, mask, targets, mean, stepState.TeacherSharpness);
    }

    // The loss on hidden patches, by a forward pass of its own.
    void PredictPatches(Pass pass, Pass inference, BatchSlice slice)
    {
        if (!Runs(LossTerm.Distillation)) Teacher!.Patches(inference, slice.Global, seePatches!);
        Probe?.Invoke("patch_targets", patchTargets);
        masked!.Run(pass, slice.Global, patchMask, patchTargets, losses);
    }

    // The image-text losses, losses on the images alone, and DINO's terms between global
    // views share one forward. A frozen tower keeps no activations and has no backward.
    void Captioned(Pass pass, Pass inference, BatchSlice slice, int number, Tensor targets, CachedGrads whole, bool last)
    {
        var (contrasts, seconds) = (Runs(LossTerm.Contrastive), Runs(LossTerm.Dual));
        var (zText, backText) = student.EmbedText(frozen.Text ? inference : pass, slice.Tokens);
        // First captions are the last that add to the text tower's gradients.
        var early = frozen.Text ? inference : pass with { Finished = null };
        var (zSecond, backSecond) = seconds ? student.EmbedText(early, slice.SecondTokens) : default;
        var (zImage, raw, zOther, patches, backImage) = EmbedImages(frozen.Image ? inference : pass, slice, ReadsPatches);
        Tensor dPatches = default;
        if (ReadsPatches) pass.Ops.Fill(dPatches = pass.Scratch(patches.Rows, patches.Cols), 0);
        Probe?.Invoke("z_text", zText);
        Probe?.Invoke("z_image", zImage);
        lastImages = zImage;
        if (Runs(LossTerm.Gram)) gram!.Run(pass, inference, slice.Anchor, patches, dPatches, losses);
        if (Runs(LossTerm.Decoder))
        {
            var located = Runs(LossTerm.Located);
            decoder!.Run(pass, patches, dPatches, captions!.Of(views.Place, number, located), located, losses);
        }
        Tensor dRaw = default;
        if (DistilsGlobal)
        {
            var (logits, backHead) = student.Head.Forward(pass, raw);
            dRaw = backHead.Invoke(distillation.Run(pass, logits, targets, losses, globalViews: true));
        }
        var (dzImage, dzText) = contrasts ? whole.First?.Slice(pass, number) ?? contrastive.Run(pass, zImage, zText, losses) : default;
        var (dzOther, dzSecond) = seconds ? whole.Second?.Slice(pass, number) ?? dual!.Contrast.Run(pass, zOther, zSecond, losses) : default;
        if (!contrasts) pass.Ops.Fill(dzImage = pass.Scratch(zImage.Rows, zImage.Cols), 0);
        foreach (var loss in imageLosses.Where(loss => Runs(loss.Term))) loss.Run(pass, zImage, dzImage, losses);
        // Of several ranks the text tower comes first: its gradients travel meanwhile.
        var learns = (contrasts || seconds) && !frozen.Text;
        var textFirst = learns && !collective.IsAlone;
        if (textFirst) Texts();
        if (textFirst && last) buckets.Complete("txt");
        if (!frozen.Image) backImage(dzImage, dRaw, dzOther, dPatches);
        if (learns && !textFirst) Texts();

        void Texts()
        {
            if (seconds) backSecond.Invoke(dzSecond);
            if (contrasts) backText.Invoke(dzText);
        }
    }

    // Negatives are the whole batch, so a slice's own loss would be another one. All slices are embedded first, without activations; the
    // gradients of the embeddings then wait for the slices' second forward. Gao et al. 2021 (GradCache), arXiv:2101.06983.
    CachedGrads CachedContrast(Pass pass, Pass inference)
    {
        int batch = Config.BatchSize / collective.Size, size = batch / Config.Accumulate, captioned = student.Config.Views.Captioned;
        var (first, second) = (Room(LossTerm.Contrastive), Room(LossTerm.Dual));
        if (first.Text.Count + second.Text.Count == 0) return default;
        for (int slice = 0; slice < Config.Accumulate; slice++)
            using (pass.Frame())
            {
                var now = views[slice];
                Keep(first, slice, now.Tokens);
                Keep(second, slice, now.SecondTokens);
                var seen = EmbedImages(inference, now, patches: false);
                KeepImages(first, slice, seen.Z);
                KeepImages(second, slice, seen.Second);
            }
        return new(Grads(first, contrastive), Grads(second, dual?.Contrast));

        (Tensor Image, Tensor Text) Room(LossTerm term) => !Runs(term) ? default
            : (pass.Saved(captioned * batch, student.Config.EmbedDim), pass.Saved(batch, student.Config.EmbedDim));

        void Keep((Tensor Image, Tensor Text) to, int slice, TokenBatch tokens)
        {
            if (to.Text.Count > 0) pass.Ops.Copy(student.EmbedText(inference, tokens).Z, to.Text.Slice(slice * size, size));
        }

        void KeepImages((Tensor Image, Tensor Text) to, int slice, Tensor z)
        {
            for (int view = 0; view < captioned && to.Image.Count > 0; view++)
                pass.Ops.Copy(z.Slice(view * size, size), to.Image.Slice(view * batch + slice * size, size));
        }

        EmbeddingGrads? Grads((Tensor Image, Tensor Text) of, ContrastiveLoss? loss)
        {
            if (of.Text.Count == 0) return null;
            var (dzImage, dzText) = loss!.Run(pass, of.Image, of.Text, losses);
            return new(dzImage, dzText, batch, size);
        }
    }

    /// <summary>Of first and second captions; null where a loss does not run, or the batch is one slice.</summary>
    readonly record struct CachedGrads(EmbeddingGrads? First, EmbeddingGrads? Second);

    /// <summary>Gradients of a whole batch's embeddings: zImage's (V·B, C), view-major, and zText's (B, C).</summary>
    sealed record EmbeddingGrads(Tensor Image, Tensor Text, int Batch, int Size)
    {
        public (Tensor Image, Tensor Text) Slice(Pass pass, int slice)
        {
            int views = Image.Rows / Batch;
            var image = pass.Scratch(views * Size, Image.Cols);
            for (int view = 0; view < views; view++)
                pass.Ops.Copy(Image.Slice(view * Batch + slice * Size, Size), image.Slice(view * Size, Size));
            return (image, Text.Slice(slice * Size, Size));
        }
    }

    // Walks through a step and its report without memory or launches to find how much they need.
    Arena Measure() => Arena.Allocate(device, Arena.Measure(device, arena =>
    {
        foreach (var step in Config.Phases)
        {
            running = RunningAt(step);
            foreach (var atOnce in Runs(LossTerm.Decoder) ? new[] { false, true } : [false])
            {
                if (captions is not null) captions.AtOnce = atOnce;
                Gradients(new(device.Ops, arena, Recompute: Config.Recompute), new(device.Ops, arena, Training: false));
            }
            if (Runs(LossTerm.Distillation)) HealthScratch(arena);
            if (Runs(LossTerm.Mask)) PatchScratch(arena);
            if (!collective.IsAlone) EqualityScratch(arena);
            Update();       // so that its kernels are compiled
        }
        running = [];
    }));
}
