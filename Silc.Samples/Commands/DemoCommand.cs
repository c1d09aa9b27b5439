using System.CommandLine;

namespace Silc.Samples.Commands;

static class DemoCommand
{
    public static RootCommand Create()
    {
        var command = new RootCommand("x");
        command.SetAction(_ => 0);
        return command;
    }
}
