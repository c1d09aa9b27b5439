using ILGPU;

namespace Silc;

/// <summary>
/// As <see cref="PatchesForward{TPack}"/>, rounded to bf16: a thread copies four values of a patch, which lie in one row of pixels.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Patches(MatrixPointer pixels, MatrixPointer y, int rows, int side, int patch) : IKernel
{
    public void Execute()
    {
        int vectors = patch * patch * 3 / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / vectors, column = thread % vectors * 4;
        if (row >= rows) return;
        int grid = side / patch, tokens = grid * grid, image = row / tokens, t = row % tokens, line = patch * 3;
        int down = t / grid * patch + column / line, across = t % grid * line + column % line;
        Bf16Quads.Store(y.At(row, column), UnalignedQuads.Load(pixels.At(image, down * side * 3 + across)));
    }
}

partial class CudaOps
{
    public override void Patches(Tensor pixels, Tensor y, int side, int patch)
    {
        if (!IsBf16(y))
        {
            base.Patches(pixels, y, side, patch);
            return;
        }
        CheckPatches(pixels, y, side, patch);
        Device.Launch(DivUp(y.Count / 4, 256), 256, new Bf16Patches(At(pixels), At(y), y.Rows, side, patch));
    }
}
