namespace Silc;

/// <summary>Images at their own aspect ratio on the device, one after another without padding, see <see cref="PackedImages"/>.</summary>
/// <param name="Patches">Pixels of all patches (N, p·p·3) in [-1, 1].</param>
/// <param name="Resize">For each patch the weights of the positions' table (N, T).</param>
/// <param name="Lengths">Patches of each image; their sum is N.</param>
readonly record struct PackedTokens(Tensor Patches, Tensor Resize, IReadOnlyList<int> Lengths);
