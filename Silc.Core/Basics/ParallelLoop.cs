using System.Runtime.ExceptionServices;

namespace Silc;

/// <summary>A parallel loop that rethrows the exception of its body itself, not inside an <see cref="AggregateException"/>.</summary>
static class ParallelLoop
{
    /// <summary>Runs <paramref name="body"/> for 0 .. <paramref name="count"/> - 1 on all cores.</summary>
    /// <param name="count">Number of calls.</param>
    /// <param name="body">Is called once for each.</param>
    /// <param name="atOnce">Calls at a time; -1 leaves it to the thread pool, which adds threads while calls wait, for a disk above all.</param>
    public static void Run(int count, Action<int> body, int atOnce = -1)
    {
        try
        {
            Parallel.For(0, count, new() { MaxDegreeOfParallelism = atOnce }, body);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
