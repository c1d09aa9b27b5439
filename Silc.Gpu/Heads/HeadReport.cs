namespace Silc;

/// <summary>Progress of a head's training, which <see cref="HeadRun.Run"/> reports. Threads: immutable; any number may share it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Loss">Mean since the last report.</param>
/// <param name="GradNorm">Global L2 norm before clipping, mean since the last report.</param>
/// <param name="LearningRate">Of the last step.</param>
/// <param name="ImagesPerSecond">Since the last report.</param>
/// <param name="Elapsed">Since <see cref="HeadRun.Run"/> was called.</param>
/// <param name="Remaining">To the last step, at the present speed.</param>
public sealed record HeadReport(
    long Step, int TotalSteps, double Loss, double GradNorm, double LearningRate, double ImagesPerSecond, TimeSpan Elapsed, TimeSpan Remaining);
