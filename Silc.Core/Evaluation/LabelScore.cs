namespace Silc;

/// <summary>How well a label fits an image. Threads: immutable; any number may share it.</summary>
/// <param name="Label">The label.</param>
/// <param name="Score">Cosine similarity of image and label, in [-1, 1].</param>
/// <param name="Probability">
/// In [0, 1]: softmax over the labels for a model trained with InfoNCE; for one trained with the sigmoid loss the probability
/// that this label fits, whatever the others are.
/// </param>
public readonly record struct LabelScore(string Label, float Score, float Probability);
