return Silc.Samples.CommandLine.Run(args);
