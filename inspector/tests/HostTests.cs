// Hosts of other kinds than a WPF application: a process that shows WPF content without an `Application`. It is a process of
// its own, since an application that was made once cannot be taken away.
using System;
using System.Diagnostics;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Interop;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class HostTests
    {
        internal const string WithoutApplication = "--without-application";
        private const int PatienceMs = 60_000;

        [Test]
        internal static void A_host_without_an_application_is_looked_into()
        {
            var program = Process.GetCurrentProcess().MainModule!.FileName!;
            var start = new ProcessStartInfo(program)
            {
                UseShellExecute = false, RedirectStandardOutput = true,
            };
            // Started by `dotnet`, it is that with the assembly as its first word.
            if (System.IO.Path.GetFileNameWithoutExtension(program) == "dotnet")
            {
                start.ArgumentList.Add(typeof(HostTests).Assembly.Location);
            }
            start.ArgumentList.Add(WithoutApplication);
            using var host = Process.Start(start)!;
            var said = host.StandardOutput.ReadToEndAsync();
            if (!host.WaitForExit(PatienceMs))
            {
                host.Kill();
                throw new Exception("it does not end");
            }
            Check.Equal(0, host.ExitCode, said.Result);
        }

        /// <summary>What the other process does.</summary>
        internal static int LookWithoutApplication()
        {
            try
            {
                using (var nothing = Client.Open())
                {
                    Check.Equal(0, nothing.Greeting.Dispatchers.Count);
                    Check.Equal(0, RootsResult.Read(nothing.Call(Method.Roots, new RootsParams().Write)).Roots.Count);
                    Check.Refused(ErrorCode.NotFound, () => nothing.Walk(Walks.All()));
                }
                var ui = Ui.Another();
                var source = ui.Do(() => new HwndSource(new HwndSourceParameters("host")
                {
                    Width = 200, Height = 100, WindowStyle = 0x10000000,
                })
                {
                    RootVisual = new Border { Name = "Hosted", Child = new TextBlock { Text = "content" } },
                });
                Check.True(Application.Current == null, "there is an application");
                using (var client = Client.Open())
                {
                    var root = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots.Single();
                    Check.Equal((RootKind.HwndSource, false), (root.Kind, root.IsMain));
                    Check.Equal((ulong)ui.Do(() => source.Handle).ToInt64(), root.Hwnd);
                    var nodes = client.Walk(Walks.All()).Nodes;
                    Check.Equal("Hosted", nodes[0].N);
                    Check.True(nodes.Any(node => node.Tx == "content"), "no content");
                }
                Console.Out.Flush();
                Environment.Exit(0);
                return 0;
            }
            catch (Exception e)
            {
                Console.WriteLine(e);
                Console.Out.Flush();
                Environment.Exit(1);
                return 1;
            }
        }
    }
}
