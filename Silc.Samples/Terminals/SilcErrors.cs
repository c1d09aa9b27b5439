namespace Silc.Samples.Terminals;

/// <summary>The errors that a user is told in one line; others are faults of the program.</summary>
static class SilcErrors
{
    public static bool IsExpected(Exception error) => error is ArgumentException or InvalidOperationException or InvalidDataException or IOException
        or NotSupportedException or UnauthorizedAccessException or TrainingDivergedException or DllNotFoundException or EntryPointNotFoundException
        or ILGPU.Runtime.AcceleratorException;
}

/// <summary>The command failed, and this rank or another has said why.</summary>
sealed class SaidElsewhereException : Exception;
