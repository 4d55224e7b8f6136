// Acts: what they did is read from the application by plain WPF, never from the answer alone.
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Documents;
using System.Windows.Input;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class ActTests
    {
        [Test]
        internal static void ControlsAreClickedInTheirOwnWays()
        {
            var told = new List<string>();
            CheckBox? check = null;
            ListBox? list = null;
            TabControl? tabs = null;
            Expander? expander = null;
            TreeView? tree = null;
            Hyperlink? link = null;
            using var shown = Ui.Main.Show(() =>
            {
                void Note(object sender, RoutedEventArgs e) => told.Add(((FrameworkElement)sender).Name);
                var panel = new StackPanel();
                var button = new Button { Name = "button", Content = new TextBlock { Name = "inside", Text = "inside" } };
                button.Click += Note;
                check = new CheckBox { Name = "check" };
                check.Click += Note;
                link = new Hyperlink(new Run("link")) { Name = "link" };
                link.Click += (sender, e) => told.Add("link");
                var item = new MenuItem { Name = "item", Header = "item" };
                item.Click += Note;
                var menu = new Menu { Items = { item } };
                list = new ListBox { Items = { new ListBoxItem { Name = "first" }, new ListBoxItem { Name = "second" } } };
                tabs = new TabControl { Items = { new TabItem { Header = "one" }, new TabItem { Name = "two", Header = "two" } } };
                expander = new Expander { Name = "unfold", Header = "more" };
                tree = new TreeView { Items = { new TreeViewItem { Name = "leaf", Header = "leaf" } } };
                var plain = new Border { Name = "plain", Width = 20, Height = 5 };
                plain.MouseLeftButtonDown += (sender, e) => told.Add("plain");
                foreach (var child in new UIElement[] { button, check, new TextBlock(link), menu, list, tabs, expander, tree, plain })
                {
                    panel.Children.Add(child);
                }
                return panel;
            }, window => window.Height = 600);
            using var client = Client.Open();
            string Clicked(string name)
            {
                told.Clear();
                var handle = name == "link" ? Ui.Main.Do(() => client.Session.Context.Handles.Of(link!)) : client.Named(name);
                var result = client.Act(ActKind.Click, handle);
                Check.Equal(ActState.Done, result.State, name);
                return result.Used + " " + string.Join(",", told) + " " + result.Effects();
            }

            Check.Equal("OnClick button ", Clicked("button"));
            Check.Equal("OnClick button ", Clicked("inside"));
            Check.Equal("OnClick check checked:False>True", Clicked("check"));
            Check.Equal(true, Ui.Main.Do(() => check!.IsChecked));
            Check.Equal("DoClick link ", Clicked("link"));
            Check.Equal("InvokePattern item ", Clicked("item"));
            Check.Equal("IsSelected  selected:False>True", Clicked("second"));
            Check.Equal(1, Ui.Main.Do(() => list!.SelectedIndex));
            Check.Equal("IsSelected  selected:False>True", Clicked("first"));
            Check.Equal(0, Ui.Main.Do(() => list!.SelectedIndex));
            Check.Equal("IsSelected  selected:False>True", Clicked("two"));
            Check.Equal(1, Ui.Main.Do(() => tabs!.SelectedIndex));
            Check.Equal("IsExpanded  expanded:False>True", Clicked("unfold"));
            Check.Equal(true, Ui.Main.Do(() => expander!.IsExpanded));
            Check.Equal("IsSelected  selected:False>True", Clicked("leaf"));
            Check.True(Ui.Main.Do(() => ((TreeViewItem)tree!.SelectedItem).Name == "leaf"), "the leaf");
            Check.Equal("RaiseEvent plain handled:>False", Clicked("plain"));
        }

        [Test]
        internal static void WhatIsInNoStateIsRefused()
        {
            var clicks = 0;
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel();
                foreach (var button in new[]
                {
                    new Button { Name = "disabled", IsEnabled = false }, new Button { Name = "hidden", Visibility = Visibility.Hidden },
                })
                {
                    button.Click += (sender, e) => clicks++;
                    panel.Children.Add(button);
                }
                return panel;
            });
            using var client = Client.Open();
            string Blockers(ActParams asked) => string.Join(",", Check.Refused(ErrorCode.NotReady, () => client.Act(asked))
                .Data!.Members["blockers"].Items.Select(one => one.String()));
            foreach (var kind in new[] { ActKind.Click, ActKind.Focus, ActKind.Select, ActKind.Expand })
            {
                Check.Equal("disabled", Blockers(new ActParams { Kind = kind, Handle = client.Named("disabled") }), kind.ToString());
                Check.Equal("hidden", Blockers(new ActParams { Kind = kind, Handle = client.Named("hidden") }), kind.ToString());
            }
            Check.Equal("disabled", Blockers(new ActParams { Kind = ActKind.Raise, Name = "Click", Handle = client.Named("disabled") }));
            var loose = Ui.Main.Do(() => client.Session.Context.Handles.Of(new Button()));
            Check.Equal("hidden,notLoaded", Blockers(new ActParams { Kind = ActKind.Click, Handle = loose }));
            Check.Equal(0, clicks);
            Check.Refused(ErrorCode.StaleHandle, () => client.Act(ActKind.Click, 5));
            Check.Refused(ErrorCode.BadRequest, () => client.Act(new ActParams { Kind = ActKind.Click, GraceMs = Limits.GraceCapMs + 1 }));
            Check.Refused(ErrorCode.BadRequest, () => client.Act(ActKind.SetText, client.Named("disabled")));
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Act(ActKind.Click, reader.Named("disabled")));
        }

        [Test]
        internal static void AModalWindowKeepsAnActRunning()
        {
            Window? dialog = null;
            using var shown = Ui.Main.Show(() =>
            {
                var button = new Button { Name = "button" };
                button.Click += (sender, e) =>
                {
                    dialog = new Window { Title = "dialog", Width = 100, Height = 100, Content = new Button { Name = "ok" } };
                    dialog.ShowDialog();
                };
                return button;
            });
            using var client = Client.Open();
            var handle = client.Named("button");
            var result = client.Act(new ActParams { Kind = ActKind.Click, Handle = handle, GraceMs = 300 });
            Check.Equal(ActState.Running, result.State);
            Check.Equal("OnClick", result.Used);
            var root = result.RootsNew.Single();
            // The dialog can be worked with meanwhile; what is behind it cannot.
            var modal = Check.Refused(ErrorCode.NotReady, () => client.Act(ActKind.Click, handle));
            Check.Same(new[] { "modal" }, modal.Data!.Members["blockers"].Items.Select(one => one.String()));
            var closed = client.Act(ActKind.Close, root);
            Check.Equal("Close closed:False>True", closed.Used + " " + closed.Effects());
            Check.Equal(1u, closed.RootsGone);
            client.Until(() => client.Events.Any(told => told.Kind == EventKind.OpDone), "no end was told");
            var done = client.Events.Single(told => told.Kind == EventKind.OpDone);
            Check.Equal(result.Op, done.Op);
            Check.Equal(true, done.Flag);
        }

        [Test]
        internal static void AHandlerThatBlocksCostsNothingElse()
        {
            using var go = new ManualResetEventSlim(false);
            using var shown = Ui.Main.Show(() =>
            {
                var button = new Button { Name = "button" };
                button.Click += (sender, e) => go.Wait();
                return button;
            });
            using var client = Client.Open();
            var handle = client.Named("button");
            var result = client.Act(new ActParams { Kind = ActKind.Click, Handle = handle, GraceMs = 100 });
            Check.Equal(ActState.Running, result.State);
            var ask = new ActParams { Kind = ActKind.Focus, Handle = handle, GraceMs = 100 };
            Check.Refused(ErrorCode.Busy, () => client.Call(Method.Act, ask.Write, 200));
            go.Set();
            client.Until(() => client.Events.Any(told => told.Op == result.Op), "no end was told");
            Check.Equal(ActState.Done, client.Act(ActKind.Focus, handle).State);
        }

        [Test]
        internal static void WhatTheApplicationThrowsIsAnAnswer()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var button = new Button { Name = "button" };
                button.Click += (sender, e) => int.Parse("hunter2");
                return button;
            });
            using var client = Client.Open();
            var error = Check.Refused(ErrorCode.AppException, () => client.Act(ActKind.Click, client.Named("button")));
            Check.Equal("System.FormatException", error.Data!.Members["type"].String());
            Check.True(!error.Message.Contains("hunter2"), "the message stays inside");
        }

        [Test]
        internal static void TextsKeysAndFocus()
        {
            var person = new Person();
            TextBox? box = null;
            PasswordBox? secret = null;
            var keys = new List<string>();
            var command = new Told();
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { DataContext = person };
                box = new TextBox { Name = "box" };
                box.SetBinding(TextBox.TextProperty, new Binding("Name") { UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged });
                box.KeyDown += (sender, e) => keys.Add(e.Key + "/" + Keyboard.Modifiers);
                box.InputBindings.Add(new KeyBinding(command, Key.S, ModifierKeys.Control));
                panel.Children.Add(box);
                panel.Children.Add(secret = new PasswordBox { Name = "secret" });
                panel.Children.Add(new TextBox { Name = "fixed", IsReadOnly = true });
                panel.Children.Add(new Border { Name = "plain", Width = 5, Height = 5 });
                return panel;
            }, window => window.ShowActivated = true);
            using var client = Client.Open();
            var handle = client.Named("box");
            var set = client.Act(new ActParams { Kind = ActKind.SetText, Handle = handle, Text = "Zoe" });
            Check.Equal("ValuePattern textChanged:>True", set.Used + " " + set.Effects());
            Check.Equal("Zoe", Ui.Main.Do(() => box!.Text));
            Check.Equal("Zoe", person.Name);
            client.Act(new ActParams { Kind = ActKind.SetText, Handle = client.Named("secret"), Text = "hunter2" });
            Check.Equal("hunter2", Ui.Main.Do(() => secret!.Password));
            var focus = client.Act(ActKind.Focus, handle);
            Check.Equal(handle, focus.FocusAfter);
            Ui.Main.Do(() => box!.CaretIndex = 3);
            var typed = client.Act(new ActParams { Kind = ActKind.Text, Handle = handle, Text = "y" });
            Check.Equal("TextInput", typed.Used);
            Check.Equal("Zoey", Ui.Main.Do(() => box!.Text));
            var key = client.Act(new ActParams { Kind = ActKind.Key, Handle = handle, Name = "Back" });
            Check.Equal("InputManager", key.Used);
            Check.Equal("Zoe", Ui.Main.Do(() => box!.Text));
            client.Act(new ActParams { Kind = ActKind.Key, Handle = handle, Name = "F5", Modifiers = { "shift" } });
            Check.Equal("F5/Shift", keys.Last());
            client.Act(new ActParams { Kind = ActKind.Key, Handle = handle, Name = "S", Modifiers = { "Control" } });
            Check.Equal(1, command.Executed.Count, "the binding of the chord");
            Check.Equal(ModifierKeys.None, Ui.Main.Do(() => Keyboard.Modifiers), "nothing stays held");
            Check.Refused(ErrorCode.ReadOnly, () => client.Act(new ActParams { Kind = ActKind.SetText, Handle = client.Named("fixed"), Text = "x" }));
            Check.Refused(ErrorCode.WrongKind, () => client.Act(new ActParams { Kind = ActKind.SetText, Handle = client.Named("plain"), Text = "x" }));
            var wrong = Check.Refused(ErrorCode.NotFound, () => client.Act(new ActParams { Kind = ActKind.Key, Handle = handle, Name = "Entr" }));
            Check.True(wrong.Data!.Members["candidates"].Items.Any(one => one.String() == "Enter"), "the nearest");
            Check.Refused(ErrorCode.NotReady, () => client.Act(ActKind.Focus, client.Named("plain")));
        }

        [Test]
        internal static void CommandsDragsEventsAndLists()
        {
            var person = new Person();
            var told = new List<string>();
            ListBox? list = null;
            ComboBox? combo = null;
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel", DataContext = person };
                var zone = new Border { Name = "zone", Width = 50, Height = 20, AllowDrop = true };
                zone.Drop += (sender, e) => told.Add("drop " + e.Data.GetData(DataFormats.UnicodeText));
                zone.MouseRightButtonUp += (sender, e) => told.Add("right " + e.ChangedButton);
                var shut = new Border { Name = "shut", Width = 50, Height = 20, AllowDrop = true };
                shut.DragOver += (sender, e) =>
                {
                    e.Effects = DragDropEffects.None;
                    e.Handled = true;
                };
                shut.Drop += (sender, e) => told.Add("shut");
                list = new ListBox { Name = "list", Height = 60, ItemsSource = Enumerable.Range(0, 5_000).ToList() };
                combo = new ComboBox { Name = "combo", ItemsSource = new[] { "a", "b" } };
                foreach (var child in new UIElement[] { zone, shut, list, combo })
                {
                    panel.Children.Add(child);
                }
                return panel;
            });
            using var client = Client.Open();
            var panel = client.Named("panel");
            var parameter = new NewValue { Json = Json.Of("now") };
            var run = client.Act(new ActParams { Kind = ActKind.Command, Handle = panel, Name = "Save", Parameter = parameter });
            Check.Equal("Execute canExecute:True>True", run.Used + " " + run.Effects());
            Check.Equal("now", ((Told)person.Save).Executed.Single());
            ((Told)person.Save).May = false;
            Check.Refused(ErrorCode.NotReady, () => client.Act(new ActParams { Kind = ActKind.Command, Handle = panel, Name = "Save" }));
            var missing = Check.Refused(ErrorCode.NotFound, () => client.Act(new ActParams { Kind = ActKind.Command, Handle = panel, Name = "Sav" }));
            Check.Same(new[] { "Save" }, missing.Data!.Members["candidates"].Items.Select(one => one.String()));
            using (var destructive = Client.Open(Limits.Destructive))
            {
                Check.Refused(ErrorCode.Denied, () => destructive.Act(new ActParams { Kind = ActKind.Command, Name = "Save" }));
            }
            var drag = client.Act(new ActParams { Kind = ActKind.Drag, Handle = panel, Target = client.Named("zone"), Text = "cargo" });
            Check.True(drag.Effects().Contains("dropped:>True"), drag.Effects());
            Check.Equal("drop cargo", told.Single());
            drag = client.Act(new ActParams { Kind = ActKind.Drag, Handle = panel, Target = client.Named("shut"), Text = "cargo" });
            Check.True(drag.Effects().Contains("dropped:>False"), drag.Effects());
            Check.Equal(1, told.Count, "no drop where it is not taken");
            Check.Refused(ErrorCode.NotReady, () => client.Act(new ActParams { Kind = ActKind.Drag, Handle = panel, Target = client.Named("list"), Text = "x" }));
            client.Act(new ActParams { Kind = ActKind.Raise, Handle = client.Named("zone"), Name = "MouseRightButtonUp" });
            Check.Equal("right Right", told.Last());
            var realize = client.Act(new ActParams { Kind = ActKind.RealizeItem, Handle = client.Named("list"), Index = 4_000 });
            Check.Equal("realized:False>True", realize.Effects());
            var made = Ui.Main.Do(() => client.Session.Context.Handles.OfOrNone(list!.ItemContainerGenerator.ContainerFromIndex(4_000)));
            Check.True(made != null, "the container");
            Check.Equal(made, realize.Item, "the container that is told");
            client.Act(new ActParams { Kind = ActKind.Select, Handle = client.Named("list"), Index = 7 });
            Check.Equal(7, Ui.Main.Do(() => list!.SelectedIndex));
            var opened = client.Act(ActKind.Expand, client.Named("combo"));
            Check.Equal(true, Ui.Main.Do(() => combo!.IsDropDownOpen));
            Check.Equal(1, opened.RootsNew.Count, "the drop-down is a root");
            var item = Ui.Main.Do(() => client.Session.Context.Handles.Of(combo!.ItemContainerGenerator.ContainerFromIndex(1)));
            client.Act(ActKind.Click, item);
            Check.Equal("1 False", Ui.Main.Do(() => $"{combo!.SelectedIndex} {combo.IsDropDownOpen}"));
        }
    }
}
