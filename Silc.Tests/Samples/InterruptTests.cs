using System.Runtime.InteropServices;
using Silc.Samples.Terminals;

namespace Silc.Tests;

/// <summary>Who hears a signal where one piece of work lies in another.</summary>
[TestClass, DoNotParallelize]
public sealed class InterruptTests
{
    [TestMethod]
    [DataRow(PosixSignal.SIGHUP, 129), DataRow(PosixSignal.SIGINT, 130), DataRow(PosixSignal.SIGTERM, 143)]
    public void A_signal_of_the_inner_work_is_not_asked_of_the_outer_one(PosixSignal signal, int code)
    {
        using var outer = new Interrupt(word: "", TimeSpan.FromMinutes(1));
        var inner = new Interrupt(word: "");
        // A host of ASP.NET, whose handler is called first, has said so already.
        var context = new PosixSignalContext(signal) { Cancel = true };
        // As .NET does it: both handlers, in turn, on one thread.
        var handlers = Task.Run(() =>
        {
            inner.Handle(context);
            outer.Handle(context);
        });
        Assert.IsTrue(inner.Token.WaitHandle.WaitOne(TimeSpan.FromMinutes(1)));
        inner.Dispose();
        Assert.IsTrue(handlers.Wait(TimeSpan.FromMinutes(1)));
        Assert.AreEqual(code, inner.ExitCode);
        Assert.IsFalse(outer.Token.IsCancellationRequested);
        // An exception that leaves the inner work is caught where the outer one is asked for the code.
        Assert.AreEqual(code, outer.ExitCode);
    }
}
