// Checks over the application, each on a thing that is wrong and on one that is right.
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class DiagTests
    {
        /// <summary>Tells nobody of changes, so that WPF listens through the type's descriptor.</summary>
        public sealed class Mute
        {
            public string Text { get; set; } = "x";
        }

        private static TextBlock Bound(object context)
        {
            var block = new TextBlock { DataContext = context };
            block.SetBinding(TextBlock.TextProperty, new Binding(nameof(Mute.Text)));
            return block;
        }

        [Test]
        internal static void BindingsToMutePropertiesAreFoundAndTheDeadAmongThem()
        {
            StackPanel? panel = null;
            using var shown = Ui.Main.Show(() =>
            {
                panel = new StackPanel();
                for (var i = 0; i < 5; i++)
                {
                    panel.Children.Add(Bound(new Mute()));
                }
                return panel;
            });
            using var client = Client.Open();
            DiagRow Row(DiagResult result) => result.Rows.Single(row => row.Name == nameof(Mute.Text) && result.Types.TypeName(row.Ty!.Value) == nameof(Mute));
            var result = client.Diag(false, Protocol.Check.BindingLeaks);
            Check.Equal(0, result.Unsupported.Count);
            Check.Equal("5 0", $"{Row(result).Count} {Row(result).Dead}");
            Check.True(result.Alive >= 5, "alive");
            Ui.Main.Do(() => panel!.Children.RemoveRange(0, 3));
            Ui.Main.Dispatcher.Invoke(() => { }, System.Windows.Threading.DispatcherPriority.Render);
            var after = Row(client.Diag(true, Protocol.Check.BindingLeaks));
            // Those that are gone are either counted as dead, or WPF has let go of them when memory was collected.
            Check.Equal(2u, after.Count - after.Dead, "still bound");
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Diag(true, Protocol.Check.BindingLeaks));
        }

        private sealed class Knowing
        {
            public string Text { get; set; } = "x";

            internal TextBlock? Element { get; set; }
        }

        /// <summary>The source knows its element, so that neither ever goes: both live, and are in no window.</summary>
        [Test]
        internal static void ALeakIsWhatLivesAndIsInNoWindow()
        {
            StackPanel? panel = null;
            using var shown = Ui.Main.Show(() =>
            {
                panel = new StackPanel();
                for (var i = 0; i < 3; i++)
                {
                    var source = new Knowing();
                    var block = new TextBlock { DataContext = source };
                    source.Element = block;
                    block.SetBinding(TextBlock.TextProperty, new Binding(nameof(Knowing.Text)));
                    panel.Children.Add(block);
                }
                return panel;
            });
            using var client = Client.Open();
            string Found()
            {
                var result = client.Diag(true, Protocol.Check.BindingLeaks);
                var row = result.Rows.Single(one => result.Types.TypeName(one.Ty!.Value) == nameof(Knowing));
                return row.Count + " " + row.Dead;
            }

            Check.Equal("3 0", Found());
            Ui.Main.Do(() => panel!.Children.RemoveRange(0, 2));
            Check.Equal("3 2", Found());
        }

        [Test]
        internal static void UnfrozenUnvirtualisedAndUnfound()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel();
                var frozen = new SolidColorBrush(Colors.Red);
                frozen.Freeze();
                panel.Children.Add(new Border { Name = "frozen", Background = frozen });
                panel.Children.Add(new Border { Name = "soft", Background = new SolidColorBrush(Colors.Red) });
                var plain = new ItemsPanelTemplate(new FrameworkElementFactory(typeof(StackPanel)));
                panel.Children.Add(new ListBox { Name = "all", Height = 40, ItemsSource = Enumerable.Range(0, 60), ItemsPanel = plain });
                panel.Children.Add(new ListBox { Name = "few", Height = 40, ItemsSource = Enumerable.Range(0, 60) });
                var lost = new Border { Name = "lost" };
                lost.SetResourceReference(Border.BackgroundProperty, "nowhere");
                var found = new Border { Name = "found" };
                found.Resources["here"] = Brushes.Red;
                found.SetResourceReference(Border.BackgroundProperty, "here");
                panel.Children.Add(lost);
                panel.Children.Add(found);
                return panel;
            });
            using var client = Client.Open();
            var result = client.Diag(false, Protocol.Check.Freezables, Protocol.Check.Virtualization, Protocol.Check.DynamicResources);
            DiagRow One(Protocol.Check check, string name) => result.Rows.Single(row => row.Check == check && row.Handle == client.Named(name));
            Check.Equal("Background", One(Protocol.Check.Freezables, "soft").Name);
            Check.True(!result.Rows.Any(row => row.Handle == client.Named("frozen")), "the frozen one");
            Check.Equal("StackPanel 60", $"{One(Protocol.Check.Virtualization, "all").Name} {One(Protocol.Check.Virtualization, "all").Count}");
            Check.True(!result.Rows.Any(row => row.Handle == client.Named("few")), "the one that virtualises");
            Check.Equal("nowhere", One(Protocol.Check.DynamicResources, "lost").Value!.S);
            Check.True(!result.Rows.Any(row => row.Handle == client.Named("found")), "the one that finds");
            var cut = new DiagParams { Checks = { Protocol.Check.Virtualization }, Visit = 3, Max = 0 };
            var few = DiagResult.Read(client.Call(Method.Diag, cut.Write));
            Check.Equal("3 True", $"{few.Visited} {few.CutVisits}");
            cut.Max = Limits.DiagRowCap + 1;
            Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Diag, cut.Write));
        }
    }
}
