using System.Reflection;

namespace Silc.Tests;

[TestClass]
public sealed class OpCoverageTests
{
    /// <summary>By convention the test of an operation has its name.</summary>
    [TestMethod]
    public void Every_operation_has_a_test_on_every_device()
    {
        var tests = typeof(OpTest).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<TestMethodAttribute>() is not null && method.GetParameters().Any(p => p.Name == "device"))
            .Select(method => method.Name);
        var operations = typeof(Ops).GetMethods().Where(method => method.IsAbstract).Select(method => method.Name);
        CollectionAssert.AreEquivalent(Array.Empty<string>(), operations.Except(tests).ToArray(), "operations without a test");
    }
}
