// Bindings, resources and objects, against what plain WPF says.
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class BindingTests
    {
        private static TextBlock Block(string name, BindingBase binding)
        {
            var block = new TextBlock { Name = name };
            block.SetBinding(TextBlock.TextProperty, binding);
            return block;
        }

        [Test]
        internal static void RowsSayWhatBindingsSay()
        {
            var person = new Person();
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel", DataContext = person };
                panel.Children.Add(Block("good", new Binding("Address.City") { Converter = new Shout(), FallbackValue = "none" }));
                panel.Children.Add(Block("bad", new Binding("Adress.City")));
                panel.Children.Add(Block("element", new Binding("Text") { ElementName = "good" }));
                panel.Children.Add(Block("relative", new Binding("Title") { RelativeSource = new RelativeSource(RelativeSourceMode.FindAncestor, typeof(Window), 1) }));
                panel.Children.Add(Block("secret", new Binding("Password")));
                var several = new MultiBinding { StringFormat = "{0} {1}" };
                several.Bindings.Add(new Binding("Name"));
                several.Bindings.Add(new Binding("Age"));
                panel.Children.Add(Block("several", several));
                var box = new TextBox { Name = "box" };
                box.SetBinding(TextBox.TextProperty, new Binding("Name"));
                panel.Children.Add(box);
                NameScope.SetNameScope(panel, new NameScope());
                panel.RegisterName("good", panel.Children[0]);
                return panel;
            });
            using var client = Client.Open();
            var rows = client.Bindings(client.Named("panel"), resolve: true, recursive: true).Rows.ToDictionary(row => row.Name!);
            var good = rows["good"];
            Check.Equal("Binding Address.City OneWay PropertyChanged Active", $"{good.Kind} {good.Path} {good.Mode} {good.Trigger} {good.Status}");
            Check.Equal(typeof(Shout).FullName, good.Converter);
            Check.Equal("none", good.Fallback!.S);
            Check.Equal("ULM", good.Value.S);
            Check.Same(new[] { "Address:True", "City:True" }, good.Steps.Select(step => $"{step.Name}:{step.Ok}"));
            Check.Equal("Ulm", good.Steps[1].Value!.S);
            Check.Equal("PathError", rows["bad"].Status);
            Check.Same(new[] { "Adress:False", "City:False" }, rows["bad"].Steps.Select(step => $"{step.Name}:{step.Ok}"));
            Check.Equal(BindingSource.ElementName, rows["element"].Source);
            Check.Equal(client.Named("good"), rows["element"].SourceHandle);
            Check.Equal("{RelativeSource AncestorType={x:Type Window}}", rows["relative"].SourceText);
            Check.Same(new[] { "Name", "Age" }, rows["several"].Parts.Select(part => part.Path));
            Check.Equal("{0} {1}", rows["several"].Format);
            Check.Equal("TwoWay LostFocus", rows["box"].Mode + " " + rows["box"].Trigger);
            Check.Equal(ValKind.Redacted, rows["secret"].Value.K);
            Check.Equal(ValKind.Redacted, rows["secret"].Steps.Single().Value!.K);
            Check.Equal(0, person.ReadsOfThrowing);
            // Without values the steps are told by what is declared alone.
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Bindings(reader.Named("panel"), resolve: true));
            var plain = reader.Bindings(reader.Named("panel"), recursive: true).Rows.ToDictionary(row => row.Name!);
            Check.Same(new[] { "Address:True:", "City:True:" }, plain["good"].Steps.Select(step => $"{step.Name}:{step.Ok}:{step.Value?.S}"));
            Check.Equal(false, plain["bad"].Steps[0].Ok);
            Check.Equal(1, reader.Bindings(reader.Named("good"), names: "Text").Rows.Count);
        }

        [Test]
        internal static void BindingsOfStylesAreFound()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var style = new Style(typeof(Button));
                style.Setters.Add(new Setter(FrameworkElement.TagProperty, new Binding("Name")));
                return new Button { Name = "button", Style = style, DataContext = new Person() };
            });
            using var client = Client.Open();
            var row = client.Bindings(client.Named("button")).Rows.Single();
            Check.Equal("Tag Name Ann", $"{row.Property} {row.Path} {row.Value.S}");
        }

        [Test]
        internal static void RowsAndVisitsAreCapped()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel", DataContext = new Person() };
                for (var i = 0; i < 20; i++)
                {
                    panel.Children.Add(Block("b" + i, new Binding("Name")));
                }
                return panel;
            });
            using var client = Client.Open();
            var asked = new BindingsParams { From = { client.Named("panel") }, Recursive = true, Max = 5, Visit = 11, Text = 10 };
            var result = BindingsResult.Read(client.Call(Method.Bindings, asked.Write));
            Check.Equal(5, result.Rows.Count);
            Check.Equal(5u, result.CutRows, "ten blocks were visited");
            Check.Equal(true, result.CutVisits);
            asked.Max = Limits.BindingRowCap + 1;
            Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Bindings, asked.Write));
        }

        [Test]
        internal static void ResourcesFromInsideOut()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var inner = new Button { Name = "inner" };
                inner.Resources["colour"] = Brushes.Red;
                var outer = new Grid { Name = "outer" };
                var merged = new ResourceDictionary { ["colour"] = Brushes.Green, ["deep"] = "found" };
                var between = new ResourceDictionary();
                between.MergedDictionaries.Add(new ResourceDictionary { ["colour"] = Brushes.Blue });
                between.MergedDictionaries.Add(merged);
                outer.Resources.MergedDictionaries.Add(between);
                outer.Children.Add(inner);
                return outer;
            });
            Ui.Main.Do(() => Application.Current.Resources["colour"] = Brushes.Black);
            using var client = Client.Open();
            var handle = client.Named("inner");
            var result = client.Resource(handle, "colour");
            Check.Same(
                new[] { "Element inner 0 #FFFF0000 True", "Element outer 2 #FF008000 False", "Element outer 2 #FF0000FF False", "Application  0 #FF000000 False" },
                result.Rows.Select(row => $"{row.Level} {row.Name} {row.Merged} {row.Value.S} {row.Wins}"));
            var wins = Ui.Main.Do(() => ((Button)((Grid)shown.Window.Content).Children[0]).FindResource("colour").ToString());
            Check.Equal(wins, result.Rows[0].Value.S);
            Check.Equal("System", client.Resource(handle, "SystemColors.WindowBrushKey").Rows.Single().Level.ToString());
            Check.Equal("Theme", client.Resource(handle, "{x:Type Button}").Rows.Single().Level.ToString());
            Check.Equal("System", client.Resource(handle, "{x:Static SystemColors.WindowBrushKey}").Rows.Single().Level.ToString());
            Ui.Main.Do(() => ((Grid)shown.Window.Content).Resources[typeof(Person)] = "typed");
            Check.Equal("typed", client.Resource(handle, "{x:Type local:Person}").Rows.Single().Value.S);
            var none = client.Resource(handle, "color");
            Check.Equal(0, none.Rows.Count);
            Check.True(none.Candidates.Contains("colour"), "the nearest");
            Ui.Main.Do(() => Application.Current.Resources.Remove("colour"));
        }

        [Test]
        internal static void ObjectsTellWhatIsAskedAlone()
        {
            var person = new Person();
            using var shown = Ui.Main.Show(() => new Button { Name = "button", DataContext = person });
            using var client = Client.Open();
            var handle = client.Named("button");
            var named = client.Object(Asked.Context(handle), 0, false, "Name", "Nam", "Password");
            Check.Equal("Ann", named.Members[0].Value.S);
            Check.Same(new[] { "Nam" }, named.Missing);
            Check.Equal(ValKind.Redacted, named.Members[1].Value.K);
            Check.True(named.Members[1].Value.S == null && named.Members[1].Value.N == null, "no text, no length");
            Check.Equal(true, named.Notifies);
            Check.Equal(true, named.TellsErrors);
            Check.Equal(0, person.ReadsOfThrowing, "a getter that was not named is not called");
            var all = client.Object(Asked.Context(handle)).Members.ToDictionary(member => member.Name);
            Check.Equal(1, person.ReadsOfThrowing);
            Check.Equal(ValKind.Error, all["Throwing"].Value.K);
            Check.Equal("System.InvalidTimeZoneException", all["Throwing"].Value.S);
            Check.True(all["Slow"].SlowMs >= 50, "the slow one");
            Check.Equal("True False", $"{all["Save"].IsCommand} {all["Address"].CanWrite}");
            var commands = client.Object(Asked.Context(handle), commands: true);
            Check.Same(new[] { "Save:True" }, commands.Members.Select(one => $"{one.Name}:{one.CanExecute}"));
            Check.Equal("Ulm", client.Object(Asked.Context(handle, "Address", "City")).Value.S);
            var tags = client.Object(Asked.Context(handle, "Tags"), items: 2);
            Check.Equal(3u, tags.Count);
            Check.Same(new[] { "one", "two" }, tags.Items.Select(one => one.S));
            var secret = client.Object(Asked.Context(handle, "Password"));
            Check.Equal(ValKind.Redacted, secret.Value.K);
            Check.Equal(ValKind.Redacted, secret.Members.Single(one => one.Name == "Length").Value.K, "nor its length");
            Ui.Main.Do(() => person.Password = null!);
            var none = client.Object(Asked.Context(handle), 0, false, "Password").Members.Single();
            Check.Equal(ValKind.Redacted, none.Value.K, "nor whether there is one");
            var missing = Check.Refused(ErrorCode.NotFound, () => client.Object(Asked.Context(handle, "Adress")));
            Check.True(missing.Data!.Members["candidates"].Items.Any(one => one.String() == "Address"), "the nearest");
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Object(Asked.Context(handle)));
        }
    }
}
