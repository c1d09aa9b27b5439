using Silc.Samples.Commands;
using Silc.Samples.Terminals;

TrainJob.PrepareConsole();
// Before anything that loads further libraries.
if (OpenFiles.Complaint() is { } complaint)
{
    Console.Error.WriteLine($"error: {complaint}");
    return 1;
}
return SilcCommand.Run(args);
