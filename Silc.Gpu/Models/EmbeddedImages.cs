namespace Silc;

/// <summary>What one pass of the image tower gives to the losses, and the way back. Of what no loss reads, tensors are empty.</summary>
/// <param name="Z">L2-normalised embeddings (B, C).</param>
/// <param name="Raw">The same before that.</param>
/// <param name="Second">L2-normalised embeddings that a second probe pools (B, C).</param>
/// <param name="Patches">Patches after the tower's last norm (B·N, width).</param>
/// <param name="Back">Takes the gradients of Z, Raw, Second and Patches; those of Raw and Patches may be empty.</param>
readonly record struct EmbeddedImages(Tensor Z, Tensor Raw, Tensor Second, Tensor Patches, Action<Tensor, Tensor, Tensor, Tensor> Back);
