using ILGPU;

namespace Silc;

/// <summary>
/// The loss of a decoder that says the caption of each view from the tower's patches, beside the image-text loss: mean over captioned views and
/// captions of the mean cross-entropy of a caption's tokens and its end. In a share of the steps, drawn by seed and step, all tokens are said at
/// once: every input is hidden, and attention looks both ways (CapPa, Tschannen et al. 2023, arXiv:2306.07915). The gradient goes into the image
/// tower and not into the text tower; logits are computed in parts. As in SigLIP 2 (arXiv:2502.14786) the decoder has the text tower's width and
/// half its blocks, is trained here and is no part of the model. Threads: one at a time.
/// </summary>
sealed class DecoderLoss : IDisposable
{
    /// <summary>First part of the names of its parameters.</summary>
    public const string Tower = "dec";

    readonly TextDecoder decoder;
    readonly TrainConfig train;
    readonly int length, views;

    /// <exception cref="ArgumentException">Captions have no room; the message says what to set.</exception>
    public DecoderLoss(SilcModel student, TrainConfig train)
    {
        (this.train, length, views) = (train, student.Config.TextLength, student.Config.Views.Captioned);
        var text = student.Config.Text;
        Require.That(text.Depth > 0, "the decoder loss has half the blocks of the text tower, which has none: set DecoderWeight to 0 (--decoder 0)");
        Parameters = new(student.Device);
        decoder = new(Parameters, new(text.Width, Math.Max(1, text.Depth / 2), text.Heads, length), student.Config.VocabSize + LossTerm.DecoderIds,
            student.Config.Image.Width);
        try
        {
            Parameters.Allocate(train.Seed, gradients: true);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The decoder's.</summary>
    public Parameters Parameters { get; }

    /// <summary>
    /// Forward and backward of all views of a slice: adds the loss to its term of <paramref name="losses"/>, weight · dLoss/dPatches to
    /// <paramref name="dPatches"/> (V·b·N, C), and the decoder's gradients.
    /// </summary>
    public void Run(Pass pass, Tensor patches, Tensor dPatches, CaptionSlice captions, LossBuffer losses)
    {
        int batch = captions.Tokens.Batch, rows = patches.Rows / views;
        for (int view = 0; view < views; view++)
        {
            using var _ = pass.Frame();
            var rowLoss = pass.Scratch(batch * length, 1);
            decoder.Loss(pass, captions.Tokens, length, patches.Slice(view * rows, rows), captions.Labels, captions.Weights, rowLoss,
                (float)train.DecoderWeight, causal: !captions.AtOnce, dPatches.Slice(view * rows, rows));
            losses.Add(pass.Ops, LossTerm.Decoder, rowLoss, train.DecoderWeight);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Parameters.Dispose();
}

/// <summary>The captions of a slice as a decoder reads them, on the device.</summary>
/// <param name="Tokens">Inputs (b·T).</param>
/// <param name="Labels">What is to be said (b·T), -1 where nothing is.</param>
/// <param name="Weights">Of each place (b·T, 1).</param>
/// <param name="AtOnce">All tokens are said at once.</param>
readonly record struct CaptionSlice(TokenBatch Tokens, ArrayView<int> Labels, Tensor Weights, bool AtOnce);
