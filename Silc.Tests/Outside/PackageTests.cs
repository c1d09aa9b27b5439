using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Silc.Samples.Terminals;

namespace Silc.Tests;

/// <summary>What <c>dotnet pack</c> makes, installed from its folder: into a new C# project, an F# script and a tool path.</summary>
[TestClass, DoNotParallelize]
public sealed class PackageTests
{
    static readonly TimeSpan patience = TimeSpan.FromMinutes(10);
    static readonly string platform = RuntimeInformation.RuntimeIdentifier;

    static Scratch? scratch;
    static string packages = "";
    static string? missing;

    static string At(string name) => Path.Combine(scratch!.Path, name);

    [ClassInitialize]
    public static void Pack(TestContext _)
    {
        if (Peer.Hidden) return;
        scratch = new();
        packages = At("packages");
        File.WriteAllText(At("nuget.config"),
            $"<configuration><packageSources><add key=\"built\" value=\"{packages}\" /></packageSources></configuration>");
        var root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Silc.sln"))) root = Path.GetDirectoryName(root);
        if (root is null)
        {
            missing = "the sources are not above the tests";
            return;
        }
        foreach (var project in (string[])["Silc.Core", "Silc.Gpu", "Silc.Samples"])
        {
            var (code, output) = Dotnet("pack", Path.Combine(root, project), "-c", "Release", "-o", packages, "--artifacts-path", At("artifacts"),
                "-v", "quiet", $"-p:ToolPlatforms={(project == "Silc.Samples" ? platform : "")}");
            // NU1301: no answer of a feed; NU1101, NU1102: it lacks a package of this platform.
            if (code != 0 && output.Contains("error NU1")) missing = $"no feed has what packing needs: {output.Trim().Split('\n')[0]}";
            else Assert.AreEqual(0, code, output);
            if (missing is not null) return;
        }
    }

    [ClassCleanup]
    public static void Clean() => scratch?.Dispose();

    static void RequirePackages()
    {
        if (Peer.Hidden) Assert.Inconclusive("packages are fetched; the run with peers does");
        if (missing is not null) Assert.Inconclusive(missing);
    }

    static (int Code, string Output) Dotnet(params string[] arguments) =>
        Run(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments);

    static (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = scratch!.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What is installed stays here; what others need is taken from where it is.
        start.Environment["NUGET_PACKAGES"] = At("cache");
        start.Environment["NUGET_FALLBACK_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        foreach (var name in (string[])["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"]) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(patience)) process.Kill(entireProcessTree: true);
        return (process.ExitCode, output.Result + error.Result);
    }

    [TestMethod]
    public void Packages_hold_what_they_should()
    {
        RequirePackages();
        foreach (var id in (string[])["Silc.Core", "Silc.Gpu"])
        {
            using var package = ZipFile.OpenRead(Path.Combine(packages, $"{id}.0.1.0.nupkg"));
            string[] names = [.. package.Entries.Select(entry => entry.FullName)];
            CollectionAssert.IsSubsetOf((string[])[$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml", "README.md", "icon.png", "LICENSE"], names);
            using var reader = new StreamReader(package.GetEntry($"{id}.nuspec")!.Open());
            var spec = reader.ReadToEnd();
            Assert.Contains("<license type=\"expression\">Apache-2.0</license>", spec);
            foreach (var part in (string[])["<readme>README.md</readme>", "<icon>icon.png</icon>", "<description>", "<tags>"])
                Assert.Contains(part, spec);
            using var symbols = ZipFile.OpenRead(Path.Combine(packages, $"{id}.0.1.0.snupkg"));
            Assert.IsNotNull(symbols.GetEntry($"lib/net10.0/{id}.pdb"));
        }
        using var tool = ZipFile.OpenRead(Path.Combine(packages, $"silc.{platform}.0.1.0.nupkg"));
        Assert.AreEqual(1, tool.Entries.Count(entry => entry.Name == "model.safetensors"), "the model that ships, once");
        string[] natives = [.. tool.Entries.Select(entry => entry.Name).Where(name => name.StartsWith("libSkiaSharp", StringComparison.Ordinal))];
        Assert.HasCount(1, natives, "natives of one platform");
    }

    const string Statements = """
        let device = Device.Cpu(1)
        let tokenizer = WordTokenizer()
        let model = SilcModel.Create(device, SilcConfig.Mini.With(vocabSize = tokenizer.VocabSize), seed = 1, tokenizer = tokenizer)
        printfn "made %d values of %A" (model.EmbedTexts [ "a red star" ]).Width (DemoSource(1, 0).Read(0).Captions)
        """;

    [TestMethod]
    public void A_new_project_takes_the_library()
    {
        RequirePackages();
        Directory.CreateDirectory(At("app"));
        File.WriteAllText(At("app/app.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Silc.Gpu" Version="0.1.0" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(At("app/Program.cs"), """
            using Microsoft.Extensions.AI;
            using Silc;
            using Silc.Datasets;

            using var device = Device.Cpu(1);
            var tokenizer = new WordTokenizer();
            using var model = SilcModel.Create(device, SilcConfig.Mini with { VocabSize = tokenizer.VocabSize }, seed: 1, tokenizer);
            IEmbeddingGenerator<string, Embedding<float>> texts = new SilcEmbeddingGenerator(model);
            var width = (await texts.GenerateVectorAsync("a red star")).Length;
            Console.WriteLine($"made {width} values of {model.EmbedImage(new DemoSource(1, 0).Read(0).Image).Count} image");
            """);
        var (code, output) = Dotnet("run", "--project", "app");
        Assert.AreEqual(0, code, output);
        Assert.Contains($"made {SilcConfig.Mini.EmbedDim} values of 1 image", output);
    }

    [TestMethod]
    public void A_script_takes_the_library()
    {
        RequirePackages();
        File.WriteAllText(At("script.fsx"),
            $"#i \"nuget: {packages}\"\n#r \"nuget: Silc.Gpu, 0.1.0\"\nopen Silc\nopen Silc.Datasets\n{Statements}\n");
        var (code, output) = Dotnet("fsi", "script.fsx");
        Assert.AreEqual(0, code, output);
        Assert.Contains($"made {SilcConfig.Mini.EmbedDim} values of", output);
    }

    [TestMethod]
    public void The_tool_is_installed_and_has_its_name()
    {
        RequirePackages();
        var (code, output) = Dotnet("tool", "install", "silc", "--tool-path", "tools", "--version", "0.1.0", "--add-source", packages);
        Assert.AreEqual(0, code, output);
        var silc = At(Path.Combine("tools", OperatingSystem.IsWindows() ? "silc.exe" : "silc"));
        (code, output) = Run(silc, "devices");
        Assert.AreEqual(0, code, output);
        Assert.Contains("cpu", output);
        // Skia's natives too.
        (code, output) = Run(silc, "data", "inspect", "--data", "demo", "--most", "20", "--sheet", At("sheet.png"));
        Assert.AreEqual(0, code, output);
        Assert.IsGreaterThan(0, ImageFile.Read(At("sheet.png")).Width);
    }

    [TestMethod]
    [DataRow("/src/silc/Silc.Samples/bin/Release/net10.0/", true)]
    [DataRow(@"C:\src\silc\Silc.Samples\bin\Debug\net10.0\", true)]
    [DataRow("/home/ada/.dotnet/tools/.store/silc/0.1.0/silc.linux-x64/0.1.0/tools/net10.0/linux-x64/", false)]
    [DataRow("/usr/local/bin/", false)]
    [DataRow("/opt/silc-bundle/", false)]
    public void Hints_say_the_line_where_silc_has_no_name(string folder, bool built) => Assert.AreEqual(built, Shell.IsBuilt(folder));
}
