using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;

namespace Silc.Tests;

/// <summary>
/// What goes into the container, as far as it shows without an engine: the published folder trains and serves with no environment, as a user
/// without rights or a home, where nothing can be written but the folder of the run.
/// </summary>
[TestClass, DoNotParallelize]
public sealed class ContainerTests : TempFolder
{
    const string User = "1654";      // that of .NET's images

    // In mounts of its own: all read-only, but for the run's folder in memory.
    const string Script = """
        set -e
        mount --make-rprivate /
        mount -t tmpfs tmpfs "$1/out" && chown USER:USER "$1/out"
        while read -r _ at _ options _; do
            case $at in "$1/out" | /proc | /proc/* | /dev | /dev/* | /sys | /sys/*) ;; *) mount -o remount,bind,ro "$at" 2> /dev/null || true ;; esac
        done < /proc/mounts
        cd /
        if touch "$1/written" 2> /dev/null || touch /tmp/written 2> /dev/null; then echo "the root can be written"; exit 3; fi
        as="setpriv --reuid USER --regid USER --clear-groups --no-new-privs env -i DOTNET_EnableDiagnostics=0 $2"
        $as "$1/app/silc.dll" train --data demo --steps 2 --batch 4 --image-size 16 --text-length 8 --tokenizer words --device cpu --out "$1/out/run"
        exec $as "$1/app/silc.dll" serve --model "$1/out/run" --port "$3"
        """;

    [TestMethod]
    public async Task The_published_program_needs_no_environment_and_no_root_to_write_to()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("mounts of its own are Linux'");
        if (Peer.Run("unshare", "-m", "true") is not { Exit: 0 }) Assert.Inconclusive("unshare -m is not there or not allowed");
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "/usr/bin/dotnet";
        if (Peer.Run("setpriv", "--reuid", User, "--clear-groups", "test", "-x", dotnet) is not { Exit: 0 })
            Assert.Inconclusive($"user {User} may not run {dotnet}");
        var root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Silc.sln"))) root = Path.GetDirectoryName(root);
        if (root is null) Assert.Inconclusive("the sources are not above the tests");
        var project = Path.Combine(root, "Silc.Samples");
        var published = Peer.Run(dotnet, "publish", project, "-c", "Release", "--no-build", "-o", At("app"), "-v", "quiet");
        Assert.AreEqual(0, published!.Value.Exit, published.Value.Output + published.Value.Errors);
        Directory.CreateDirectory(At("out"));
        Peer.Run("chmod", "755", Root, At("out"));

        int port;
        using (var free = new TcpListener(System.Net.IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        }
        var start = new ProcessStartInfo("unshare", ["-m", "sh", "-c", Script.Replace("USER", User), "sh", Root, dotnet, $"{port}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(1) };
            for (var waited = Stopwatch.StartNew(); !await Answers(client); await Task.Delay(100))
                if (process.HasExited || waited.Elapsed > TimeSpan.FromMinutes(2))
                {
                    process.Kill(entireProcessTree: true);
                    Assert.Fail(string.Join('\n', await said));
                }
            using var answer = await client.PostAsJsonAsync("/v1/embeddings", new { input = new[] { "a red star" } });
            Assert.Contains("\"embedding\"", await answer.Content.ReadAsStringAsync());
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token);
            Assert.AreEqual(0, process.ExitCode, string.Join('\n', await said));
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        static async Task<bool> Answers(HttpClient client)
        {
            try
            {
                return (await client.GetAsync("/health")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }
}
