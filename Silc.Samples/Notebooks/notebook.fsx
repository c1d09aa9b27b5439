// What every F# notebook here loads: the library, and silc.dll for what a notebook shows.
#load "../FSharp/silc.fsx"
#I "../bin/Release/net10.0"
#r "OxyPlot.dll"
#r "silc.dll"
