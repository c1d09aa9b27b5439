using ILGPU;

namespace Silc;

/// <summary>What a head is trained on in a step, on the device.</summary>
/// <param name="Features">What the head reads, in its order, of all images.</param>
/// <param name="Labels">Label of each place, (images, places): index of a text, their number for another class, -1 where it does not count.</param>
/// <param name="Texts">Embeddings of the classes, (T · prompts, E), of length 1.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Counted">Number of places with a label.</param>
/// <param name="Gradients">Take the gradients of the features, where the image tower is tuned; null where it is frozen.</param>
/// <param name="Prompts">Of the texts, where the text tower is tuned.</param>
/// <param name="TextGradient">Takes the gradient of the texts there; otherwise empty.</param>
readonly record struct HeadBatch(Tensor[] Features, ArrayView<int> Labels, Tensor Texts, int Images, int Counted, Tensor[]? Gradients = null,
    PromptBatch Prompts = default, Tensor TextGradient = default);
