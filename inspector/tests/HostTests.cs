// Hosts of other kinds than a WPF application: a process that shows WPF content without an `Application`. It is a process of
// its own, since an application that was made once cannot be taken away.
using System;
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

        [Test]
        internal static void A_host_without_an_application_is_looked_into() => Alone.Run(WithoutApplication);

        /// <summary>What the other process does.</summary>
        internal static void LookWithoutApplication()
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
        }
    }
}
