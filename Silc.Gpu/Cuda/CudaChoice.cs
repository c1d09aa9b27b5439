namespace Silc;

/// <summary>What can be chosen of CUDA's kernels. Results are the same but for <see cref="Splits"/> and <see cref="NormBlocks"/>, which change the
/// order of sums.</summary>
enum CudaChoice
{
    /// <summary>1: bf16 GEMMs by wgmma where the GPU has it; 0: by mma.sync.</summary>
    Wgmma,

    /// <summary>Stages of the ring of <see cref="WgmmaGemm{TA,TB,TOperand,TEpilogue,TStages}"/>.</summary>
    WgmmaStages,

    /// <summary>Stages of <see cref="Bf16Gemm{TA,TB,TEpilogue,TStages}"/>.</summary>
    Bf16Stages,

    /// <summary>
    /// Blocks that fit on a multiprocessor, of <see cref="TensorCoreGemm{TMma,TA,TB,TLoad,TEpilogue,TOccupancy}"/>; 0: two where they spill no
    /// register, else one.
    /// </summary>
    Tf32Blocks,

    /// <summary>The same of <see cref="FloatGemm{TA,TB,TLoad,TEpilogue,TOccupancy}"/>; 0: no bound.</summary>
    Float32Blocks,

    /// <summary>Rows of tiles that blocks of a GEMM take together, see <see cref="GemmProblem"/>.</summary>
    TileGroup,

    /// <summary>Most parts of K that a GEMM is split into.</summary>
    Splits,

    /// <summary>Queries of a warp in attention of bf16 heads of at most 64 channels; 0: 32 from 97 queries on, else 16.</summary>
    AttentionRows,

    /// <summary>Its blocks that fit on a multiprocessor where a warp has 16 queries; 0: 4. With 32 queries there are 2.</summary>
    AttentionBlocks,

    /// <summary>The same of the gradient of keys and values, and of the gradient in one kernel; 0: by channels and shared memory.</summary>
    AttentionGradBlocks,

    /// <summary>Most blocks of LayerNorm's gradient, each of which leaves a partial sum of its columns.</summary>
    NormBlocks,
}
