namespace Silc.Samples.Options;

/// <summary>What <c>silc train</c> does when self-distillation collapses.</summary>
enum CollapseAction
{
    /// <summary>Says so, with what helps.</summary>
    Warn,

    /// <summary>Says so and ends the run, with a checkpoint.</summary>
    Stop,
}
