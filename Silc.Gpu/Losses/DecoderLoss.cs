using ILGPU;

namespace Silc;

/// <summary>
/// The loss of a decoder that says the caption of each view from the tower's patches, beside the image-text loss: mean over captioned views and
/// captions of the mean cross-entropy of a caption's tokens and its end. In a share of the steps, drawn by seed and step, all tokens are said at
/// once: every input is hidden, and attention looks both ways (CapPa, Tschannen et al. 2023, arXiv:2306.07915). The gradient goes into the image
/// tower and not into the text tower; logits are computed in parts. As in SigLIP 2 (arXiv:2502.14786) the decoder has the text tower's width and
/// half its blocks, is trained here and is no part of the model. Where located captions run, it says the caption behind "Cap:", and two texts of a
/// box of each view, token by token: the sum of their means over captioned views and images, of which those without a box add 0 (LocCa, Wan et al.
/// 2024, arXiv:2403.19596). Those texts have positions of their own, so that the decoder is the same without them. Threads: one at a time.
/// </summary>
sealed class DecoderLoss : IDisposable
{
    /// <summary>First part of the names of its parameters.</summary>
    public const string Tower = "dec";

    /// <summary>The same of what located captions have beside the decoder.</summary>
    public const string LocatedTower = "loc";

    readonly TextDecoder decoder;
    readonly TrainConfig train;
    readonly int views;
    readonly Parameter? places;

    /// <exception cref="ArgumentException">Captions have no room; the message says what to set.</exception>
    public DecoderLoss(SilcModel student, TrainConfig train)
    {
        (this.train, views) = (train, student.Config.Views.Captioned);
        var (text, located) = (student.Config.Text, student.Config.Views.Located);
        Require.That(train.LocatedWeight == 0 || located > 0, "batches have no located captions: set ViewConfig.Located to the number of their "
            + "tokens (--located-length), or LocatedWeight to 0 (--located 0)");
        Require.That(text.Depth > 0, "the decoder loss has half the blocks of the text tower, which has none: set DecoderWeight to 0 (--decoder 0)");
        Parameters = new(student.Device);
        decoder = new(Parameters, new(text.Width, Math.Max(1, text.Depth / 2), text.Heads, student.Config.TextLength),
            student.Config.VocabSize + LossTerm.DecoderIds, student.Config.Image.Width);
        if (train.LocatedWeight > 0)
        {
            LocatedParameters = new(student.Device);
            places = LocatedParameters.Add($"{LocatedTower}/pos_embedding", located, text.Width, Inits.Normal(1 / Math.Sqrt(text.Width)));
        }
        try
        {
            Parameters.Allocate(train.Seed, gradients: true);
            LocatedParameters?.Allocate(train.Seed, gradients: true);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The decoder's.</summary>
    public Parameters Parameters { get; }

    /// <summary>Positions of located captions; null without those.</summary>
    public Parameters? LocatedParameters { get; }

    /// <summary>
    /// Forward and backward of all views of a slice: adds the losses to their terms of <paramref name="losses"/>, weight · dLoss/dPatches to
    /// <paramref name="dPatches"/> (V·b·N, C), and the decoder's gradients.
    /// </summary>
    /// <param name="pass">Memory.</param>
    /// <param name="patches">Of all captioned views, (V·b·N, C).</param>
    /// <param name="dPatches">Takes their gradient.</param>
    /// <param name="texts">The slice's texts by their part, as <see cref="LocatedTexts"/> has them.</param>
    /// <param name="located">Located captions run in this step.</param>
    /// <param name="losses">Takes the losses.</param>
    public void Run(Pass pass, Tensor patches, Tensor dPatches, Func<int, CaptionSlice> texts, bool located, LossBuffer losses)
    {
        int rows = patches.Rows / views;
        for (int view = 0; view < views; view++)
        {
            var (z, dZ) = (patches.Slice(view * rows, rows), dPatches.Slice(view * rows, rows));
            Say(0, LossTerm.Decoder, train.DecoderWeight);
            if (!located) continue;
            Say(LocatedTexts.Part(view), LossTerm.Located, train.LocatedWeight);
            Say(LocatedTexts.Part(view) + 1, LossTerm.Located, train.LocatedWeight);

            void Say(int part, LossTerm term, double weight)
            {
                using var _ = pass.Frame();
                var said = texts(part);
                var rowLoss = pass.Scratch(said.Labels.IntLength, 1);
                decoder.Loss(pass, said.Tokens, said.Labels.IntLength / said.Tokens.Batch, z, said.Labels, said.Weights, rowLoss, (float)weight,
                    causal: !said.AtOnce, dZ, located ? places : null);
                losses.Add(pass.Ops, term, rowLoss, weight);
            }
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Parameters.Dispose();
        LocatedParameters?.Dispose();
    }
}

/// <summary>The captions of a slice as a decoder reads them, on the device.</summary>
/// <param name="Tokens">Inputs (b·T).</param>
/// <param name="Labels">What is to be said (b·T), -1 where nothing is.</param>
/// <param name="Weights">Of each place (b·T, 1).</param>
/// <param name="AtOnce">All tokens are said at once.</param>
readonly record struct CaptionSlice(TokenBatch Tokens, ArrayView<int> Labels, Tensor Weights, bool AtOnce);
