// Keeping and writing: what comes back is the very object, by the reference that plain WPF has of it.
using System;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class WriteTests
    {
        [Test]
        internal static void TheVeryBrushComesBack()
        {
            Button? button = null;
            Brush? brush = null;
            using var shown = Ui.Main.Show(() =>
                button = new Button { Name = "button", Background = brush = new LinearGradientBrush(Colors.Red, Colors.Blue, 30) });
            using var client = Client.Open();
            var handle = client.Named("button");
            var token = client.Capture(handle, "Background").Single();
            Check.Equal("Value Local True", $"{token.LocalKind} {token.Source} {token.Restorable}");
            var row = client.Written(Asked.Op(WriteKind.Set, handle, "Background", Json.Of("Green")));
            Check.Equal("#FF008000", row.After!.S);
            Check.Equal("LinearGradientBrush", row.Before!.S);
            Check.Equal("#FF008000", Ui.Main.Do(() => button!.Background.ToString()), "plain WPF");
            var back = client.Written(Asked.Restore(token.Token));
            Check.Equal(true, back.SameObject);
            Check.True(Ui.Main.Do(() => ReferenceEquals(brush, button!.Background)), "the same brush");
        }

        [Test]
        internal static void BindingsComeBackAndSourcesStay()
        {
            var person = new Person();
            TextBox? box = null;
            var binding = new Binding("Name") { UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged };
            using var shown = Ui.Main.Show(() =>
            {
                box = new TextBox { Name = "box", DataContext = person };
                box.SetBinding(TextBox.TextProperty, binding);
                return box;
            });
            using var client = Client.Open();
            var handle = client.Named("box");
            var row = client.Written(Asked.Op(WriteKind.Set, handle, "Text", Json.Of("Zoe")), keep: true);
            Check.Equal("Binding Value", $"{row.BeforeKind} {row.AfterKind}");
            Check.Equal("Zoe", Ui.Main.Do(() => box!.Text));
            Check.Equal("Ann", person.Name, "the source is left alone");
            var back = client.Written(Asked.Restore(row.Token));
            Check.Equal(true, back.SameObject);
            Check.Equal(LocalKind.Binding, back.AfterKind);
            Check.True(Ui.Main.Do(() => ReferenceEquals(binding, BindingOperations.GetBinding(box, TextBox.TextProperty))), "the same binding");
            Ui.Main.Do(() => box!.Text = "Eve");
            Check.Equal("Eve", person.Name, "and it works");
        }

        [Test]
        internal static void WithoutTheGateOfReadingAnUpdateTellsNoValue()
        {
            TextBox? box = null;
            using var shown = Ui.Main.Show(() =>
            {
                box = new TextBox { Name = "box", DataContext = new Person() };
                box.SetBinding(TextBox.TextProperty, new Binding("Name") { UpdateSourceTrigger = UpdateSourceTrigger.Explicit });
                return box;
            });
            using var reader = Client.Open();
            Check.Equal("Ann", reader.Written(Asked.Op(WriteKind.UpdateTarget, reader.Named("box"), "Text")).After!.S);
            using var client = Client.Open(Limits.Destructive);
            var window = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots.Single(root => root.IsMain).Handle;
            var row = client.Write(false, Asked.Op(WriteKind.UpdateTarget, window, "Title")).Single();
            Check.Equal((true, true, true), (row.Before == null, row.BeforeLocal == null, row.After == null));
        }

        [Test]
        internal static void SourcesAndTargetsAreUpdated()
        {
            var person = new Person();
            TextBox? box = null;
            using var shown = Ui.Main.Show(() =>
            {
                box = new TextBox { Name = "box", DataContext = person };
                box.SetBinding(TextBox.TextProperty, new Binding("Name") { UpdateSourceTrigger = UpdateSourceTrigger.Explicit });
                return box;
            });
            using var client = Client.Open(Limits.Destructive | Limits.SensitiveReads);
            var handle = client.Named("box");
            Ui.Main.Do(() => box!.Text = "Eve");
            client.Written(Asked.Op(WriteKind.UpdateSource, handle, "Text"));
            Check.Equal("Eve", person.Name);
            Ui.Main.Do(() => box!.Text = "Zoe");
            client.Written(Asked.Op(WriteKind.UpdateTarget, handle, "Text"));
            Check.Equal("Eve", Ui.Main.Do(() => box!.Text));
            var error = client.Write(false, Asked.Op(WriteKind.UpdateSource, handle, "Width")).Single().Error;
            Check.Equal(ErrorCode.NotFound, Check.NotNull(error).Code);
            Check.True(error!.Data!.Members["candidates"].Items.Any(one => one.String() == "Text"), "what is bound");
        }

        [Test]
        internal static void DynamicResourcesStylesAndNothingComeBack()
        {
            Button? button = null;
            Style? style = null;
            using var shown = Ui.Main.Show(() =>
            {
                button = new Button { Name = "button" };
                button.Resources["colour"] = Brushes.Red;
                button.Resources["other"] = Brushes.Blue;
                button.SetResourceReference(Control.BackgroundProperty, "colour");
                button.Style = style = new Style(typeof(Button));
                return button;
            });
            using var client = Client.Open();
            var handle = client.Named("button");
            var tokens = client.Capture(handle, "Background", "Style", "Width", "Nothing");
            Check.Same(new[] { "DynamicResource", "Value", "Unset" }, tokens.Take(3).Select(one => one.LocalKind.ToString()));
            Check.Equal(ErrorCode.NotFound, tokens[3].Error!.Code);
            var rows = client.Write(false,
                Asked.Op(WriteKind.Set, handle, "Background", value: new NewValue { Resource = "other" }),
                Asked.Op(WriteKind.Set, handle, "Style", value: new NewValue { Null = true }),
                Asked.Op(WriteKind.Set, handle, "Width", Json.Of(33L)));
            Check.True(rows.All(row => row.Done), "all written");
            Check.Equal("#FF0000FF null 33", Ui.Main.Do(() => $"{button!.Background} {button.Style?.ToString() ?? "null"} {button.Width}"));
            rows = client.Write(false, tokens.Take(3).Select(one => Asked.Restore(one.Token)).ToArray());
            Check.True(rows.All(row => row.SameObject == true), "all the same");
            Check.True(Ui.Main.Do(() => ReferenceEquals(style, button!.Style)), "the same style");
            Check.True(Ui.Main.Do(() => double.IsNaN(button!.Width)), "no width");
            Ui.Main.Do(() => button!.Resources["colour"] = Brushes.Green);
            Check.Equal("#FF008000", Ui.Main.Do(() => button!.Background.ToString()), "the reference follows its resource");
        }

        [Test]
        internal static void CurrentValuesComeBack()
        {
            TextBox? box = null;
            using var shown = Ui.Main.Show(() => box = new TextBox { Name = "box" });
            Ui.Main.Do(() => box!.SetCurrentValue(TextBox.TextProperty, "typed"));
            string State() => Ui.Main.Do(() =>
                $"{box!.Text} {box.ReadLocalValue(TextBox.TextProperty)} {DependencyPropertyHelper.GetValueSource(box, TextBox.TextProperty).IsCurrent} {DependencyPropertyHelper.GetValueSource(box, TextBox.TextProperty).BaseValueSource}");
            var before = State();
            using var client = Client.Open();
            var handle = client.Named("box");
            var row = client.Written(Asked.Op(WriteKind.Set, handle, "Text", Json.Of("other")), keep: true);
            client.Written(Asked.Restore(row.Token));
            Check.Equal(before, State());
            var current = client.Written(Asked.Op(WriteKind.SetCurrent, handle, "Text", Json.Of("now")));
            Check.Equal("now", current.After!.S);
            Check.Equal("now", Ui.Main.Do(() => box!.Text));
        }

        [Test]
        internal static void MembersAreSetAndPutBack()
        {
            var person = new Person();
            using var shown = Ui.Main.Show(() => new Button { Name = "button", DataContext = person });
            using var client = Client.Open();
            var handle = client.Named("button");
            WriteOp Set(string name, Json value, params string[] path) => new WriteOp
            {
                Kind = WriteKind.SetMember, Name = name, Object = Asked.Context(handle, path), Value = new NewValue { Json = value },
            };
            var row = client.Written(Set("Age", Json.Of("44")), keep: true);
            Check.Equal(44, person.Age);
            Check.Equal(true, row.Notifies);
            var back = client.Written(Asked.Restore(row.Token));
            Check.Equal(33, person.Age);
            Check.Equal(true, back.SameObject);
            client.Written(Set("City", Json.Of("Bonn"), "Address"));
            Check.Equal("Bonn", person.Address.City);
            ErrorCode Failed(WriteOp op) => Check.NotNull(client.Write(false, op).Single().Error).Code;
            Check.Equal(ErrorCode.ReadOnly, Failed(Set("Address", Json.Of("x"))));
            Check.Equal(ErrorCode.ConvertFailed, Failed(Set("Age", Json.Of("old"))));
            Check.Equal(ErrorCode.NotFound, Failed(Set("Agee", Json.Of(1L))));
            Check.Equal(ErrorCode.Secret, Failed(Set("Password", Json.Of("swordfish"))));
            Check.Equal("33 hunter2", $"{person.Age} {person.Password}");
            using var other = Client.Open(Limits.Destructive | Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => other.Written(Set("Age", Json.Of(1L))));
            var kept = Check.Refused(ErrorCode.StaleHandle, () => other.Written(Asked.Restore(row.Token)));
            Check.True(kept.Message.Length > 0, "a token of another session is none of this one");
        }

        [Test]
        internal static void WhatCannotBeWrittenSaysWhyAndChangesNothing()
        {
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button", Width = 50 });
            using var client = Client.Open();
            var handle = client.Named("button");
            var rows = client.Write(true,
                Asked.Op(WriteKind.Set, handle, "Width", Json.Of("wide")), Asked.Op(WriteKind.Set, handle, "Width", Json.Of(70L)));
            Check.Equal(1, rows.Count, "the first that fails is the last that is tried");
            Check.Equal(ErrorCode.ConvertFailed, rows[0].Error!.Code);
            Check.Equal(typeof(double).FullName, rows[0].Error!.Data!.Members["targetType"].String());
            Check.True(rows[0].Token == null, "nothing is kept of it");
            Check.Equal(50.0, Ui.Main.Do(() => button!.Width));
            ErrorCode Failed(WriteOp op) => Check.NotNull(client.Write(false, op).Single().Error).Code;
            Check.Equal(ErrorCode.ReadOnly, Failed(Asked.Op(WriteKind.Set, handle, "ActualWidth", Json.Of(1L))));
            Check.Equal(ErrorCode.NotFound, Failed(Asked.Op(WriteKind.Set, handle, "Widht", Json.Of(1L))));
            Check.Equal(ErrorCode.StaleHandle, Failed(Asked.Op(WriteKind.Set, 123, "Width", Json.Of(1L))));
            Check.Equal(ErrorCode.BadRequest, Failed(Asked.Op(WriteKind.Set, handle, "Width")));
            var many = Enumerable.Range(0, Limits.WriteOpCap + 1).Select(_ => Asked.Op(WriteKind.Clear, handle, "Width")).ToArray();
            Check.Refused(ErrorCode.BadRequest, () => client.Write(false, many));
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Write(false, Asked.Op(WriteKind.Clear, reader.Named("button"), "Width")));
            Check.Refused(ErrorCode.Denied, () => reader.Capture(reader.Named("button"), "Width"));
        }

        [Test]
        internal static void FocusComesBack()
        {
            TextBox? first = null;
            TextBox? second = null;
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel" };
                panel.Children.Add(first = new TextBox { Name = "first" });
                panel.Children.Add(second = new TextBox { Name = "second" });
                return panel;
            }, window => window.ShowActivated = true);
            Ui.Main.Do(() => first!.Focus());
            using var client = Client.Open();
            var asked = new CaptureParams { FocusOf = client.Named("panel"), Text = 20 };
            var token = CaptureResult.Read(client.Call(Method.Capture, asked.Write)).Tokens.Single();
            Check.Equal(client.Named("first"), token.Handle);
            Ui.Main.Do(() => second!.Focus());
            client.Written(Asked.Restore(token.Token));
            Check.True(Ui.Main.Do(() => Keyboard.FocusedElement == first), "the first has the keyboard");
        }

        [Test]
        internal static void TokensHaveACapAndAnAge()
        {
            var context = new Context(Client.AllGates, _ => { });
            var tokens = new Tokens(context, 2);
            var element = Ui.Main.Do(() => new Button());
            Token Made() => Ui.Main.Do(() => new PropertyToken(element, 1, Button.ContentProperty));
            var first = tokens.Add(Made());
            tokens.Add(Made());
            Check.Refused(ErrorCode.Full, () => tokens.Add(Made()));
            tokens.Forget(new[] { first });
            Check.Refused(ErrorCode.StaleHandle, () => tokens.Find(first));
            tokens.Add(Made());
            Check.Equal(2u, context.TokenCount());
            var old = new Tokens(context, 1, 0);
            var forgotten = old.Add(Made());
            Check.Refused(ErrorCode.StaleHandle, () => old.Find(forgotten));
            old.Add(Made());
        }
    }
}
