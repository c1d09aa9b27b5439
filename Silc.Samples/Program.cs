Console.WriteLine("silc");
