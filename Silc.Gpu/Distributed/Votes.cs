namespace Silc;

/// <summary>What ranks agree on once a step, each bit true for all if one rank says so. Threads: immutable.</summary>
[Flags]
enum Votes
{
    None = 0,

    /// <summary>A signal asked to end the run.</summary>
    Stop = 1,

    /// <summary>A checkpoint is due, by rank 0's clock.</summary>
    Save = 2,

    /// <summary>The time of the run is over, by rank 0's clock.</summary>
    OutOfTime = 4,

    /// <summary>A rank has no data for the next step.</summary>
    Failed = 8,

    /// <summary>What follows the steps has seen enough.</summary>
    Early = 16,

    /// <summary>A report is due whatever the step's number.</summary>
    Report = 32,
}

/// <summary>How an all-reduce joins the values of the ranks.</summary>
enum Reduction
{
    Sum,
    Max,
}
