// Secrets: by name, by type, by binding, in a password box and its parts. What is looked for is the secret itself, anywhere in
// the bytes of any answer.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security;
using System.Text;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class RedactionTests
    {
        private const string Secret = "hunter2-correct-horse";

        public sealed class Account
        {
            public string Name { get; set; } = "Ada";

            public string ApiKey { get; set; } = Secret;

            public Account? Session { get; set; }

            public override string ToString() => "Account { ApiKey = " + ApiKey + " }";
        }

        [Test]
        internal static void Names_that_say_so_are_secrets_and_others_are_not()
        {
            foreach (var name in new[]
            {
                "Password", "password", "UserPassword", "passwordHash", "PASSWORD", "db_password", "Pwd", "passwd", "Passphrase",
                "Auth", "AuthHeader", "SessionCookie", "Credential", "UserCredentials", "ClientSecret", "AccessToken", "token",
                "CSRFToken", "Pin", "userPin", "ApiKey", "APIKey", "apikey", "AccessKey", "PrivateKeyText", "SecretKey",
                "ConnectionString", "connectionstring", "MyConnectionStringValue", "EncryptionKey", "RefreshToken2",
            })
            {
                Check.True(Redaction.IsSecretName(name), name + " is taken for no secret");
            }
            foreach (var name in new[]
            {
                "Key", "ResourceKey", "KeyBinding", "Keyboard", "Pinned", "IsPinned", "Spinner", "Author", "Authority", "Tokenize",
                "Secretary", "Name", "Text", "Mapping", "KeyTime", "DataKey", "", "Opinion", "Compass", "AccessText", "Passing",
            })
            {
                Check.True(!Redaction.IsSecretName(name), name + " is taken for a secret");
            }
            Check.True(Redaction.IsSecretPath("Session.ApiKey.Length") && Redaction.IsSecretPath("Items[0].(local:Vault.Password)"), "path");
            Check.True(!Redaction.IsSecretPath("Session.Name"), "a plain path");
        }

        private static StackPanel Form()
        {
            var panel = new StackPanel { DataContext = new Account { Session = new Account() } };
            panel.Children.Add(new PasswordBox { Name = "Box", Password = Secret });
            panel.Children.Add(new TextBox { Name = "PasswordPlain", Text = Secret });
            panel.Children.Add(Bound(new TextBox { Name = "Field" }, TextBox.TextProperty, "ApiKey"));
            panel.Children.Add(Bound(new TextBlock { Name = "Line" }, TextBlock.TextProperty, "Session.ApiKey"));
            panel.Children.Add(Bound(new Label { Name = "Sign" }, ContentControl.ContentProperty, "ApiKey"));
            panel.Children.Add(new Label { Name = "PasswordLabel", Content = "Password:" });
            panel.Children.Add(new ContentControl { Name = "Record", Content = new Account() });
            var both = new MultiBinding { StringFormat = "{0} {1}" };
            both.Bindings.Add(new Binding("Name"));
            both.Bindings.Add(new Binding("ApiKey"));
            var many = new TextBlock { Name = "Both" };
            BindingOperations.SetBinding(many, TextBlock.TextProperty, both);
            panel.Children.Add(many);
            panel.Children.Add(Bound(new ContentControl { Name = "AuthPage" }, ContentControl.ContentProperty, "Session"));
            panel.Children.Add(Bound(new TextBlock { Name = "Tagged", Text = "tagged" }, FrameworkElement.TagProperty, "ApiKey"));
            panel.Children.Add(new TextBlock { Name = "Plain", Text = "plain text" });
            return panel;
        }

        private static T Bound<T>(T element, DependencyProperty property, string path)
            where T : FrameworkElement
        {
            element.SetBinding(property, new Binding(path) { Mode = BindingMode.OneWay });
            return element;
        }

        private static void Hides(Client client, string method, Action<JsonWriter> asked)
        {
            var text = Encoding.UTF8.GetString(client.Arrived(client.Ask(method, asked)));
            Check.True(!text.Contains(Secret), method + " tells a secret: " + Around(text));
            Check.True(text.Contains("\"result\""), method + " failed: " + text);
        }

        private static string Around(string text)
        {
            var at = Math.Max(0, text.IndexOf(Secret, StringComparison.Ordinal) - 200);
            return text.Substring(at, Math.Min(500, text.Length - at));
        }

        [Test]
        internal static void A_walk_tells_no_secret()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open(Limits.SensitiveReads);
            var asked = Walks.All();
            asked.Props = new List<string> { "Text", "Content", "DataContext", "Tag", "Header", "ToolTip" };
            Hides(client, Method.Walk, asked.Write);
            asked.Axis = Axis.Logical;
            asked.Fields.Remove(NodeField.Bounds);
            Hides(client, Method.Walk, asked.Write);
            var nodes = client.Walk(Walks.All()).Nodes;
            foreach (var name in new[] { "Box", "PasswordPlain", "Field", "Line", "Sign", "Both" })
            {
                var node = nodes.Single(one => one.N == name);
                Check.True((node.Fl & Limits.FlagSecret) != 0 && node.Tx == null, name + " is taken for no secret");
            }
            foreach (var name in new[] { "PasswordLabel", "Plain", "AuthPage" })
            {
                Check.True((nodes.Single(one => one.N == name).Fl & Limits.FlagSecret) == 0, name + " is taken for a secret");
            }
            Check.Equal("plain text", nodes.Single(one => one.N == "Plain").Tx);
            Check.Equal("Password:", nodes.Single(one => one.N == "PasswordLabel").Tx);
            // Whatever the template of a password box made is a secret, to the last part.
            var box = nodes.FindIndex(one => one.N == "Box");
            var parts = nodes.Skip(box + 1).TakeWhile(one => one.D > nodes[box].D).ToList();
            Check.True(parts.Count >= 4, "a password box of " + parts.Count + " parts");
            Check.True(parts.All(part => (part.Fl & Limits.FlagSecret) != 0), "a part of a password box is taken for no secret");
        }

        [Test]
        internal static void Properties_of_every_element_tell_no_secret_and_no_length()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var all = client.Walk(Walks.All()).Nodes.Select(node => node.H!.Value).ToList();
            for (var from = 0; from < all.Count; from += 50)
            {
                var items = all.Skip(from).Take(50).Select(handle => new PropsItem { Handle = handle, Set = PropertySet.Local });
                Hides(client, Method.Props, new PropsParams { Items = items.ToList(), Meta = true, Handles = true, Text = 500 }.Write);
            }
            foreach (var handle in all)
            {
                var asked = new PropsParams { Text = 500, Items = { new PropsItem { Handle = handle, Set = PropertySet.All } } };
                Hides(client, Method.Props, asked.Write);
            }
            var field = client.Props(new PropsParams
            {
                Text = 500, Items = { new PropsItem { Handle = client.Named("Field"), Names = { "Text" } } },
            });
            var value = field.Items[0].Rows[0].Value;
            Check.Equal((ValKind.Redacted, (string?)null, (uint?)null), (value.K, value.S, value.N));
            Check.Equal(null, value.V);
        }

        [Test]
        internal static void A_secret_cannot_be_guessed_by_a_search()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            foreach (var find in new[]
            {
                new Find { Query = "hunter2", Contains = true }, new Find { Query = Secret },
                new Find { Property = "Text", Value = "hunter2", Contains = true },
                new Find { Property = "Content", Value = Secret },
            })
            {
                var asked = Walks.All();
                asked.Find = find;
                foreach (var axis in new[] { Axis.Visual, Axis.Logical })
                {
                    asked.Axis = axis;
                    Check.Equal(0, client.Walk(asked).Nodes.Count, "found by " + (find.Query ?? find.Property));
                }
            }
        }

        [Test]
        internal static void Values_that_are_secrets_by_their_type_are_redacted()
        {
            using var client = Client.Open();
            var context = client.Session.Context;
            var values = new Values(context, context.Table(), 500, false);
            var secure = new SecureString();
            foreach (var letter in Secret)
            {
                secure.AppendChar(letter);
            }
            foreach (var value in new object[]
            {
                secure, new Uri("https://ada:" + Secret + "@example.org/"), new System.Net.NetworkCredential("ada", Secret),
                new KeyValuePair<string, string>("password", Secret), new KeyValuePair<string, object>("ApiKey", Secret),
            })
            {
                Check.Equal(ValKind.Redacted, values.Of(value).K, value.GetType().Name);
            }
            Check.Equal(null, values.Of(new Account()).S, "the text of a record with a secret in it");
            Check.Equal(ValKind.Redacted, values.OfMember("Token", Secret).K);
            Check.Equal(ValKind.Null, values.OfMember("Token", null).K);
            Check.Equal("text", values.OfMember("Name", "text").S);
        }

        [Test]
        internal static void A_picture_covers_secrets()
        {
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new Canvas { Background = Brushes.White };
                var box = new PasswordBox { Password = Secret, Width = 120, Height = 30 };
                Canvas.SetLeft(box, 20);
                Canvas.SetTop(box, 10);
                panel.Children.Add(box);
                var hidden = Bound(new TextBlock { FontSize = 20 }, TextBlock.TextProperty, "ApiKey");
                Canvas.SetTop(hidden, 60);
                panel.Children.Add(hidden);
                panel.DataContext = new Account();
                return panel;
            });
            using var client = Client.Open();
            var id = client.Ask(Method.Render, new RenderParams { Scale = 1 }.Write);
            var result = RenderResult.Read(client.Await(id));
            var pixels = client.Blob(id);
            Check.Equal(2u, result.Covered);
            var grey = Brushes.Gray.Color;
            for (var y = 11; y < 39; y++)
            {
                for (var x = 21; x < 139; x++)
                {
                    var at = (int)((y * result.Width) + x) * 4;
                    Check.True(pixels[at] == grey.B && pixels[at + 3] == 255, $"the secret shows at {x},{y}");
                }
            }
            Check.True(pixels[((5 * (int)result.Width) + 5) * 4] == 255, "what is no secret is covered");
        }
    }
}
