namespace Silc;

/// <summary>What ranks do together.</summary>
enum ExchangeKind
{
    Vote,
    AllReduce,
    AllGather,
    ReduceScatter,
    Broadcast,

    /// <summary>Bytes of rank 0 for all.</summary>
    Share,

    /// <summary>Bytes of all for all.</summary>
    Collect,
}
