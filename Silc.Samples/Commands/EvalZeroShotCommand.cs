using System.CommandLine;

namespace Silc.Samples.Commands;

static class EvalZeroShotCommand
{
    public static Command Create() => new("zero-shot", "x");
}
