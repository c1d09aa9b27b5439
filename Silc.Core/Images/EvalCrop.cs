namespace Silc;

/// <summary>How an image of any shape becomes what a model is evaluated on.</summary>
public enum EvalCrop
{
    /// <summary>Both sides resized to the model's, shapes distorted and nothing lost: SigLIP and SILC (big_vision's <c>resize</c>).</summary>
    Squash,

    /// <summary>The shorter side resized to the model's and the ends of the longer one cut off: CLIP (<c>resize</c>, <c>center_crop</c>).</summary>
    Center,

    /// <summary>
    /// No square: the image keeps its aspect ratio, in as many patches as a square has or a few less: SigLIP 2 NaFlex. For embeddings of images.
    /// </summary>
    Naflex,
}
