using System.Numerics;

namespace Silc;

/// <summary>dy ← dy where y > 0, else 0; an item is a block of elements.</summary>
readonly unsafe struct CpuReluGrad(float* y, float* dy, int count) : ICpuWork
{
    public const int Block = 1 << 14;

    public void Run(int block)
    {
        int i = block * Block, last = Math.Min(count, i + Block);
        for (; i <= last - Vector<float>.Count; i += Vector<float>.Count)
            Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load(y + i), Vector<float>.Zero), Vector.Load(dy + i), Vector<float>.Zero)
                .Store(dy + i);
        for (; i < last; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
    }
}
