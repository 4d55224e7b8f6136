// Secrets stay in the application whichever primitive asks: no text of theirs is in any byte that was sent.
using System;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class SecretTests
    {
        private const string Secret = "hunter2";

        [Test]
        internal static void NoPrimitiveTellsASecret()
        {
            var person = new Person { Password = Secret };
            TextBox? box = null;
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { Name = "panel", DataContext = person };
                box = new TextBox { Name = "box" };
                box.SetBinding(TextBox.TextProperty, new Binding("Password") { UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged });
                var style = new Style(typeof(TextBlock));
                style.Triggers.Add(new DataTrigger { Binding = new Binding("Password"), Value = Secret });
                panel.Children.Add(box);
                panel.Children.Add(new PasswordBox { Name = "secret", Password = Secret });
                panel.Children.Add(new TextBlock { Name = "block", Style = style });
                panel.Resources["ApiToken"] = Secret;
                return panel;
            });
            using var client = Client.Open();
            var (panel, handle, secret) = (client.Named("panel"), client.Named("box"), client.Named("secret"));
            var sent = "";
            void Call(string method, Action<JsonWriter> asked) => sent += Text(client.Call(method, asked));

            foreach (var element in new[] { panel, handle, secret, client.Named("block") })
            {
                var facets = new FacetsParams { Handles = { element }, Event = "KeyDown", Text = 500 };
                facets.Facets.AddRange((Facet[])Enum.GetValues(typeof(Facet)));
                Call(Method.Facets, facets.Write);
            }
            Call(Method.Bindings, new BindingsParams { From = { panel }, Recursive = true, Templates = true, Resolve = true, Max = 100, Visit = 1_000, Text = 500 }.Write);
            Call(Method.Resource, new ResourceParams { From = panel, Key = "ApiToken", Text = 500 }.Write);
            Call(Method.Object, new ObjectParams { Object = Asked.Context(panel), Members = { "Password" }, Max = 10, Text = 500 }.Write);
            Call(Method.Object, new ObjectParams { Object = Asked.Context(panel, "Password"), Max = 10, Items = 10, Text = 500 }.Write);
            var capture = new CaptureParams { Items = { new CaptureItem { Handle = handle, Names = { "Text" } } }, Text = 500 };
            capture.Objects.Add(new CaptureObject { Object = Asked.Context(panel), Members = { "Password" } });
            var kept = client.Call(Method.Capture, capture.Write);
            sent += Text(kept);
            Call(Method.Subscribe, new SubscribeParams { Kind = EventKind.Property, Handle = handle, Names = { "Text" }, Ring = 10, TtlMs = 60_000 }.Write);
            Call(Method.Subscribe, new SubscribeParams { Kind = EventKind.Member, Handle = panel, Names = { "Password" }, Ring = 10, TtlMs = 60_000 }.Write);
            Ui.Main.Do(() => box!.Text = Secret + "3");
            client.Until(() => client.Events.Count > 0, "no event");
            Call(Method.Events, new EventsParams { Max = 100 }.Write);
            Call(Method.Act, new ActParams { Kind = ActKind.SetText, Handle = secret, Text = "other", GraceMs = 1_000 }.Write);
            foreach (var token in CaptureResult.Read(kept).Tokens)
            {
                Call(Method.Write, new WriteParams { Ops = { Asked.Restore(token.Token) }, Text = 500 }.Write);
            }
            foreach (var told in client.Events.ToList())
            {
                sent += Text(told.Write);
            }
            Check.True(sent.Contains("redacted"), "something was redacted");
            Check.True(!sent.Contains(Secret), "it was told: " + sent.Substring(Math.Max(0, sent.IndexOf(Secret, StringComparison.Ordinal) - 200)));
            // The object itself was kept all the while.
            Check.Equal(Secret, person.Password);
        }

        private static string Text(Json json) => Text(writer => writer.Raw(json));

        private static string Text(Action<JsonWriter> write)
        {
            var writer = new JsonWriter();
            write(writer);
            return System.Text.Encoding.UTF8.GetString(writer.ToArray());
        }
    }
}
