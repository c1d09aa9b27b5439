using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Silc.Tests;

/// <summary>Compiles code as a program of somebody else's: against the built assemblies, whose internals it does not see.</summary>
static class OutsideCompiler
{
    // What a project with ImplicitUsings has.
    const string Implicit = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    // And what README says first.
    const string Usings = $"""
        {Implicit}
        global using Silc;
        global using Silc.Datasets;
        """;

    static int count;
    static readonly Lazy<ImmutableArray<MetadataReference>> references = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is not "Silc.Tests.dll" and not "silc.dll" && File.Exists(path))
            .Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>Compiles; returns the assembly's bytes and the errors, one of which is empty.</summary>
    /// <param name="code">Statements, types, or both.</param>
    /// <param name="given">Further code, such as what the statements take for granted.</param>
    public static (byte[] Assembly, IReadOnlyList<string> Errors) Compile(string code, params string[] given) => CompileWith(Usings, code, given);

    static (byte[] Assembly, IReadOnlyList<string> Errors) CompileWith(string usings, string code, params string[] given)
    {
        if (typeof(SilcModel).Assembly.Location == "") Assert.Inconclusive("this build is one file, there are no assemblies to compile against");
        var options = new CSharpParseOptions(LanguageVersion.Latest);
        SyntaxTree[] trees = [.. given.Prepend(usings).Prepend(code).Select((text, i) => CSharpSyntaxTree.ParseText(text, options, $"{i}.cs"))];
        var program = trees[0].GetRoot().ChildNodes().Any(node => node is GlobalStatementSyntax);
        var kind = program ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary;
        var compilation = CSharpCompilation.Create($"Outside{Interlocked.Increment(ref count)}", trees, references.Value,
            new CSharpCompilationOptions(kind, nullableContextOptions: NullableContextOptions.Enable));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        var errors = result.Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error).Select(found => found.ToString());
        return (assembly.ToArray(), [.. errors]);
    }

    /// <summary>
    /// Compiles and runs a file-based program, as <c>dotnet run FILE.cs</c> does, whose directives name what is referenced here anyway.
    /// </summary>
    public static void RunFile(string path, params string[] arguments)
    {
        var code = string.Join('\n', File.ReadAllLines(path).Select(line => line.StartsWith("#:", StringComparison.Ordinal) ? "" : line));
        var (assembly, errors) = CompileWith(Implicit, code);
        Assert.IsEmpty(errors, $"{path}: {string.Join("\n", errors)}");
        var main = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(assembly)).EntryPoint!;
        main.Invoke(null, [arguments]);
    }

    /// <summary>Compiles and calls a static method.</summary>
    public static object? Run(string code, string type, string method, params object[] arguments)
    {
        var (assembly, errors) = Compile(code);
        Assert.IsEmpty(errors, string.Join("\n", errors));
        var loaded = AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(assembly));
        return loaded.GetType(type)!.GetMethod(method, BindingFlags.Public | BindingFlags.Static)!.Invoke(null, arguments);
    }
}
