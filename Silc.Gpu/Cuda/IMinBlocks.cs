namespace Silc;

/// <summary>
/// Launch bounds: blocks that must fit on a multiprocessor (minBlocksPerMultiprocessor), which bounds the registers of a thread.
/// </summary>
interface IMinBlocks;

/// <summary>No bound: ptxas chooses.</summary>
readonly struct MinBlocksAny : IMinBlocks;

/// <summary>255 registers.</summary>
[LaunchBounds(128, 2)]
readonly struct MinBlocks2 : IMinBlocks;

/// <summary>168 registers.</summary>
[LaunchBounds(128, 3)]
readonly struct MinBlocks3 : IMinBlocks;

/// <summary>128 registers.</summary>
[LaunchBounds(128, 4)]
readonly struct MinBlocks4 : IMinBlocks;

/// <summary>256 threads, 255 registers.</summary>
[LaunchBounds(256, 1)]
readonly struct MinBlocks1Of256 : IMinBlocks;

/// <summary>256 threads, 128 registers.</summary>
[LaunchBounds(256, 2)]
readonly struct MinBlocks2Of256 : IMinBlocks;
