using Silc.Samples;

// Before anything that loads further libraries.
if (OpenFiles.Complaint() is { } complaint)
{
    Console.Error.WriteLine($"error: {complaint}");
    return 1;
}
return CommandLine.Run(args);
