using ILGPU.Runtime.Cuda;

namespace Silc;

// bf16 GEMMs by wgmma and TMA, on GPUs of compute capability 9.0.
partial class CudaOps
{
    /// <summary>
    /// Encodes TMA descriptors of the operands; null: GEMMs use mma.sync, as on other GPUs and by <see cref="CudaChoice.Wgmma"/>. The products
    /// of a step of b take 0.63 of mma.sync's time on an H100.
    /// </summary>
    internal ITensorMaps? TensorMaps { get; init; } = device.Accelerator is CudaAccelerator { Architecture: { Major: 9, Minor: 0 } }
        ? new DriverTensorMaps() : null;

    // TMA reads rows that begin at multiples of 16 bytes.
    static bool CanMap(Tensor x) => x.Count == 0 || (Address(x.View) % 16 == 0 && x.Stride * ElementBytes(x) % 16 == 0);

    static int ElementBytes(Tensor x) => IsBf16(x) ? sizeof(ushort) : sizeof(float);

    void LaunchWgmmaGemm<TA, TB, TOperand, TEpilogue>(GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int tiles, Tensor operand)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile
        where TOperand : struct, IEpilogueOperand where TEpilogue : struct, IEpilogue
    {
        if (Tuning[CudaChoice.WgmmaStages] == 4)
            LaunchWgmmaGemm<TA, TB, TOperand, TEpilogue, WgmmaStages4>(operands, problem, epilogue, tiles, operand);
        else if (Tuning[CudaChoice.WgmmaStages] == 5)
            LaunchWgmmaGemm<TA, TB, TOperand, TEpilogue, WgmmaStages5>(operands, problem, epilogue, tiles, operand);
        else LaunchWgmmaGemm<TA, TB, TOperand, TEpilogue, WgmmaStages6>(operands, problem, epilogue, tiles, operand);
    }

    void LaunchWgmmaGemm<TA, TB, TOperand, TEpilogue, TStages>(
        GemmOperands operands, GemmProblem problem, TEpilogue epilogue, int tiles, Tensor operand)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile
        where TOperand : struct, IEpilogueOperand where TEpilogue : struct, IEpilogue where TStages : struct, IWgmmaStages
    {
        var operandMap = operand.Count == 0 || Address(operand.View) == 0 ? default
            : TensorMaps!.Of(Address(operand.View), operand.Rows, operand.Cols, (long)operand.Stride * ElementBytes(operand), ElementBytes(operand),
                TOperand.BoxColumns);
        Device.Launch(Math.Min(tiles, Device.Workers), WgmmaTile.Threads, new WgmmaGemm<TA, TB, TOperand, TEpilogue, TStages>(
            TensorMapOf(operands.A, operands.MMajorA, operands.M, operands.K), TensorMapOf(operands.B, operands.NMajorB, operands.N, operands.K),
            operandMap, problem, epilogue, tiles), WgmmaRing<TStages>.SharedBytes);
    }

    // Rows of the descriptor are rows of memory: k if M-major, rows of A (columns of B) if K-major. A dry run has no memory to map.
    TensorMap TensorMapOf(MatrixPointer x, bool mMajor, int outer, int k)
    {
        if (x.Address == 0) return default;
        var (rows, columns) = mMajor ? (k, outer) : (outer, k);
        return TensorMaps!.Of(x.Address, rows, columns, (long)x.Stride * sizeof(ushort), sizeof(ushort), TensorMap.Box);
    }
}
