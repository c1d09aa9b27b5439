using ILGPU;

namespace Silc;

/// <summary>What a detection head is trained on in a step, on the device; R = images · tokens.</summary>
/// <param name="Tokens">(R, D).</param>
/// <param name="Aligned">(R, E).</param>
/// <param name="Queries">Embeddings of names, (Q, E), of length 1.</param>
/// <param name="Targets">Of each token and name 1, 0, or -1 where nobody asked, (R, Q).</param>
/// <param name="Weights">Of each token's names, (R, 1).</param>
/// <param name="BoxTargets">Centre and size, (R, 4).</param>
/// <param name="BoxWeights">0 for a token that stands for nothing, (R, 1).</param>
/// <param name="ThingTargets">Probability of the best name, (R, 1).</param>
/// <param name="Images">Number of images.</param>
/// <param name="Match">Given logits and boxes, writes the targets; null while memory is measured.</param>
/// <param name="Gradients">Take the gradients of tokens and aligned patches, where the image tower is tuned; null where it is frozen.</param>
/// <param name="Prompts">Of the names, where the text tower is tuned.</param>
/// <param name="QueryGradient">Takes the gradient of their embeddings there; otherwise empty.</param>
sealed record DetectionBatch(Tensor Tokens, Tensor Aligned, Tensor Queries, ArrayView<int> Targets, Tensor Weights, Tensor BoxTargets,
    Tensor BoxWeights, Tensor ThingTargets, int Images, Action<Tensor, Tensor>? Match, Tensor[]? Gradients = null,
    PromptBatch Prompts = default, Tensor QueryGradient = default);
