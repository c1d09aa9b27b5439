namespace Silc;

/// <summary>A thing in an image, for located captions. Threads: immutable.</summary>
/// <param name="Box">In pixels of the image.</param>
/// <param name="Name">What a caption calls it.</param>
readonly record struct NamedBox(Box Box, string Name);
