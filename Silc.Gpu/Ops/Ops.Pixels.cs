using ILGPU;

namespace Silc;

/// <summary>y[i] = values[byte i], four bytes a word, the lowest first.</summary>
readonly struct UnpackBytesKernel(ArrayView<int> words, FloatPointer values, FloatPointer y, int count) : IKernel
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = first + thread; i < last; i += threads) y[i] = values[words[i / 4] >> i % 4 * 8 & 255];
    }
}

partial class Ops<TPack>
{
    public override void UnpackBytes(ArrayView<int> words, Tensor values, Tensor y) =>
        Device.ForElements(y.Count, new UnpackBytesKernel(words, values.View, Dense(y), y.Count));
}
