using ILGPU;

namespace Silc;

/// <summary>What a decoder is trained on in a step, on the device.</summary>
/// <param name="Source">Tokens of the images, (B·S, D).</param>
/// <param name="Tokens">What stands before, (B·T).</param>
/// <param name="Length">T.</param>
/// <param name="Labels">The token after each one, (B·T); -1 where it does not count: inside of the question, and behind the end.</param>
/// <param name="Counted">How many count.</param>
readonly record struct DecoderBatch(Tensor Source, TokenBatch Tokens, int Length, ArrayView<int> Labels, int Counted);
