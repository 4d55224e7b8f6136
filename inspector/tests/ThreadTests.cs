// Elements of several threads in one request, menus within menus, and bindings by the thousand.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Data;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class ThreadTests
    {
        [Test]
        internal static void OneRequestForSeveralThreads()
        {
            Button? here = null;
            Button? there = null;
            var other = Ui.Another();
            using var first = Ui.Main.Show(() => here = new Button { Name = "here", Width = 10 });
            using var second = other.Show(() => there = new Button { Name = "there", Width = 20 });
            using var client = Client.Open();
            var handles = new[]
            {
                Ui.Main.Do(() => client.Session.Context.Handles.Of(here!)), other.Do(() => client.Session.Context.Handles.Of(there!)),
            };
            var asked = new FacetsParams { Handles = handles.ToList(), Facets = { Facet.Layout }, Text = 10 };
            var rows = FacetsResult.Read(client.Call(Method.Facets, asked.Write)).Items;
            Check.Same(new[] { 10.0, 20 }, rows.Select(row => row.Layout!.Actual[0]));
            var written = client.Write(true,
                Asked.Op(WriteKind.Set, handles[0], "Width", Json.Of(11L)), Asked.Op(WriteKind.Set, handles[1], "Width", Json.Of(21L)),
                Asked.Op(WriteKind.Set, handles[0], "Width", Json.Of(12L)));
            Check.True(written.All(row => row.Done), "all written");
            Check.Equal("12 21", Ui.Main.Do(() => here!.Width) + " " + other.Do(() => there!.Width));
            client.Write(false, written.AsEnumerable().Reverse().Select(row => Asked.Restore(row.Token)).ToArray());
            Check.Equal("10 20", Ui.Main.Do(() => here!.Width) + " " + other.Do(() => there!.Width));
            client.Subscribe(EventKind.Property, handles[1], "Width");
            other.Do(() => there!.Width = 30);
            client.Until(() => client.Events.Count == 1, "no event of the second thread");
            Check.Equal(handles[1], client.Events[0].Handle);
            // A thread that does not answer keeps its own hooks alone, and they go when it does.
            using var go = new System.Threading.ManualResetEventSlim(false);
            var blocked = other.Hang(go);
            try
            {
                client.Subscribe(EventKind.Property, handles[0], "Width");
                var ended = client.Unsubscribe();
                Check.Equal("1 1", $"{ended.Removed} {ended.Left}");
            }
            finally
            {
                go.Set();
                blocked.Wait();
            }
            Check.Soon(() => client.Hooks() == 0, "the hook of the thread that hung");
        }

        [Test]
        internal static void MenusWithinMenusAndOpenPopups()
        {
            var clicks = 0;
            MenuItem? leaf = null;
            MenuItem? file = null;
            using var shown = Ui.Main.Show(() =>
            {
                leaf = new MenuItem { Header = "leaf" };
                leaf.Click += (sender, e) => clicks++;
                file = new MenuItem { Name = "file", Header = "file", Items = { leaf } };
                return new Menu { Items = { file } };
            }, window => window.ShowActivated = true);
            using var client = Client.Open();
            var handle = Ui.Main.Do(() => client.Session.Context.Handles.Of(leaf!));
            Check.Refused(ErrorCode.NotReady, () => client.Act(ActKind.Click, handle));
            var opened = client.Act(ActKind.Click, client.Named("file"));
            Check.Equal("IsSubmenuOpen expanded:False>True", opened.Used + " " + opened.Effects());
            Check.Equal("InvokePattern", client.Act(ActKind.Click, handle).Used);
            Check.Equal(1, clicks);
        }

        [Test]
        internal static void RowsOfGridsAndRadioButtons()
        {
            DataGrid? grid = null;
            RadioButton? second = null;
            using var shown = Ui.Main.Show(() =>
            {
                grid = new DataGrid { Name = "grid", Height = 120, ItemsSource = Enumerable.Range(0, 1_000).Select(i => new { Number = i }).ToList() };
                second = new RadioButton { Name = "second" };
                return new StackPanel { Children = { grid, new RadioButton { Name = "first", IsChecked = true }, second } };
            });
            using var client = Client.Open();
            var click = client.Act(ActKind.Click, client.Named("second"));
            Check.Equal("OnClick checked:False>True", click.Used + " " + click.Effects());
            Check.Equal(true, Ui.Main.Do(() => second!.IsChecked));
            var realize = client.Act(new ActParams { Kind = ActKind.RealizeItem, Handle = client.Named("grid"), Index = 700 });
            Check.Equal("realized:False>True", realize.Effects());
            var row = Ui.Main.Do(() => client.Session.Context.Handles.Of(grid!.ItemContainerGenerator.ContainerFromIndex(700)));
            client.Act(ActKind.Click, row);
            Check.Equal(700, Ui.Main.Do(() => grid!.SelectedIndex));
            Check.Same(new uint[] { 700 }, client.Facets(client.Named("grid"), Facet.Items).Items!.Selected);
        }

        [Test]
        internal static void PopupsAreLookedInto()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var inside = new TextBlock { Name = "inside" };
                inside.SetBinding(TextBlock.TextProperty, new Binding("Name"));
                var panel = new StackPanel { Name = "panel", DataContext = new Person() };
                panel.Children.Add(new Popup { Child = inside, IsOpen = true, PlacementTarget = panel });
                return panel;
            });
            using var client = Client.Open();
            var rows = client.Bindings(client.Named("panel"), recursive: true).Rows;
            Check.Same(new[] { "inside" }, rows.Select(row => row.Name));
        }

        [Test]
        internal static void AThousandBindings()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel", DataContext = new Person() };
                for (var i = 0; i < 1_000; i++)
                {
                    var block = new TextBlock();
                    block.SetBinding(TextBlock.TextProperty, new Binding("Address.City"));
                    panel.Children.Add(block);
                }
                return panel;
            });
            using var client = Client.Open();
            var asked = new BindingsParams
            {
                From = { client.Named("panel") }, Recursive = true, Resolve = true, Max = Limits.BindingRowCap, Visit = 5_000, Text = 100,
            };
            client.Call(Method.Bindings, asked.Write);
            var clock = Stopwatch.StartNew();
            var result = BindingsResult.Read(client.Call(Method.Bindings, asked.Write));
            Console.WriteLine("        1,000 bindings with values, to the last byte: {0} ms", clock.ElapsedMilliseconds);
            Check.Equal(1_000, result.Rows.Count);
        }
    }
}
