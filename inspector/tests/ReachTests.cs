// Secrets that reach an element by way of another, and values that would act when they are written.
using System;
using System.Linq;
using System.Windows;
using System.Windows.Automation;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Documents;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class ReachTests
    {
        private const string Secret = "hunter2";

        private static Binding From(string path, string element) => new Binding(path) { ElementName = element };

        /// <summary>A secret, and everything that has it from there by a name that tells nothing.</summary>
        private static StackPanel Form()
        {
            var panel = new StackPanel { Name = "panel", DataContext = new Person { Password = Secret } };
            NameScope.SetNameScope(panel, new NameScope());
            void Add(string name, FrameworkElement element)
            {
                element.Name = name;
                panel.RegisterName(name, element);
                panel.Children.Add(element);
            }

            Add("ApiKeyBox", new TextBox { Text = Secret });
            var bound = new TextBlock();
            bound.SetBinding(TextBlock.TextProperty, new Binding("Password"));
            Add("bound", bound);
            var copy = new TextBlock();
            copy.SetBinding(TextBlock.TextProperty, From("Text", "ApiKeyBox"));
            Add("copy", copy);
            var second = new TextBlock();
            second.SetBinding(TextBlock.TextProperty, From("Text", "copy"));
            Add("second", second);
            var run = new Run();
            run.SetBinding(Run.TextProperty, new Binding("Password"));
            Add("runs", new TextBlock(new Run("Key: ")) { Inlines = { run } });
            var box = new GroupBox();
            box.SetBinding(HeaderedContentControl.HeaderProperty, new Binding("Password"));
            Add("group", box);
            var named = new Button { Content = "plain" };
            named.SetBinding(AutomationProperties.NameProperty, new Binding("Password"));
            named.SetBinding(AutomationProperties.AutomationIdProperty, new Binding("Password"));
            Add("named", named);
            var style = new Style(typeof(TextBox));
            var self = new Binding("Text") { RelativeSource = new RelativeSource(RelativeSourceMode.Self) };
            style.Triggers.Add(new DataTrigger { Binding = self, Value = "" });
            ((TextBox)panel.Children[0]).Style = style;
            ((TextBox)panel.Children[0]).SetBinding(FrameworkElement.TagProperty, self);
            Add("frame", new Frame());
            Add("behind", new Button { Content = "context", DataContext = panel.Children[0] });
            return panel;
        }

        [Test]
        internal static void A_secret_is_one_wherever_a_binding_brings_it()
        {
            StackPanel? form = null;
            using var shown = Ui.Main.Show(() => form = Form());
            using var client = Client.Open();
            Check.Equal(Secret, Ui.Main.Do(() => ((TextBlock)form!.Children[3]).Text), "plain WPF has it");
            var sent = "";
            void Call(string method, Action<JsonWriter> asked) => sent += Sent(client.Call(method, asked));

            foreach (var name in new[] { "ApiKeyBox", "bound", "copy", "second", "runs", "group", "named", "behind" })
            {
                var handle = client.Named(name);
                Call(Method.Props, new PropsParams { Text = 500, Items = { new PropsItem { Handle = handle, Set = PropertySet.All } } }.Write);
                var facets = new FacetsParams { Handles = { handle }, Text = 500, Resolve = true, Event = "KeyDown" };
                facets.Facets.AddRange((Facet[])Enum.GetValues(typeof(Facet)));
                Call(Method.Facets, facets.Write);
            }
            var panel = client.Named("panel");
            Call(Method.Bindings, new BindingsParams { From = { panel }, Recursive = true, Templates = true, Resolve = true, Max = 100, Visit = 1_000, Text = 500 }.Write);
            Call(Method.Object, new ObjectParams { Object = Asked.Context(client.Named("behind")), Members = { "Text", "SelectedText", "Tag" }, Max = 10, Text = 500 }.Write);
            Call(Method.Object, new ObjectParams { Object = Asked.Context(client.Named("behind"), "Text"), Max = 10, Text = 500 }.Write);
            Check.True(sent.Contains("redacted"), "something was redacted");
            Check.True(!sent.Contains(Secret), "it was told: " + Around(sent));
        }

        [Test]
        internal static void A_name_that_is_bound_to_a_secret_is_neither_told_nor_searched()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var sent = Sent(client.Call(Method.Walk, Walks.All(client.Named("panel")).Write));
            Check.True(!sent.Contains(Secret), "it was told: " + Around(sent));
            foreach (var find in new[] { new Find { Query = "hunter", Contains = true }, new Find { AutomationId = Secret } })
            {
                var asked = Walks.All(client.Named("panel"));
                asked.Find = find;
                Check.Equal(0, client.Walk(asked).Nodes.Count, "it was found");
            }
        }

        [Test]
        internal static void What_would_act_or_unveil_is_not_written()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            foreach (var (name, property, value, code) in new[]
            {
                ("ApiKeyBox", "Name", "x", ErrorCode.ReadOnly),
                ("named", "Command", "Copy", ErrorCode.ConvertFailed),
                ("frame", "Source", "file:///c:/windows/x.xaml", ErrorCode.ConvertFailed),
                ("named", "Background", " contextcolor file://nowhere/p.icc 1,0,0,0", ErrorCode.ConvertFailed),
            })
            {
                var row = client.Write(false, Asked.Op(WriteKind.Set, client.Named(name), property, Json.Of(value))).Single();
                Check.Equal(code, Check.NotNull(row.Error).Code, property);
                // A profile that is not there would be refused after it was looked for.
                Check.True(property != "Background" || row.Error!.Message.Contains("profiles are not loaded"), row.Error!.Message);
            }
        }

        private static string Around(string sent) =>
            sent.Substring(Math.Max(0, sent.IndexOf(Secret, StringComparison.Ordinal) - 200), 200);

        private static string Sent(Json json)
        {
            var writer = new JsonWriter();
            writer.Raw(json);
            return System.Text.Encoding.UTF8.GetString(writer.ToArray());
        }
    }
}
