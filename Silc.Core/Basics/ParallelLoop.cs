using System.Runtime.ExceptionServices;

namespace Silc;

/// <summary>A parallel loop that rethrows the exception of its body itself, not inside an <see cref="AggregateException"/>.</summary>
static class ParallelLoop
{
    /// <summary>Runs <paramref name="body"/> for 0 .. <paramref name="count"/> - 1 on all cores.</summary>
    public static void Run(int count, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
