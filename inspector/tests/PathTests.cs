// A property that names a path reads what lies behind the elements for whoever writes it: it opens no gate, and no secret.
using System;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class PathTests
    {
        private const string Secret = "hunter2";

        private static WriteRow Row(Client client, string element, string property, string path) =>
            client.Write(false, Asked.Op(WriteKind.Set, client.Named(element), property, Json.Of(path))).Single();

        private static Val Read(Client client, string element, string property) =>
            client.Props(new PropsParams
            {
                Text = 500, Items = { new PropsItem { Handle = client.Named(element), Names = { property } } },
            }).Items[0].Rows[0].Value;

        private static StackPanel Form()
        {
            var panel = new StackPanel();
            var people = new ListBox { Name = "people" };
            people.Items.Add(new Person { Password = Secret });
            people.SelectedIndex = 0;
            var pages = new TabControl { Name = "pages", DataContext = new Person { Password = Secret } };
            pages.Items.Add(new TabItem { Header = "one", Content = new PasswordBox { Password = Secret } });
            panel.Children.Add(people);
            panel.Children.Add(pages);
            panel.Children.Add(new ComboBox { Name = "combo" });
            return panel;
        }

        /// <summary>WPF reads by a new path when something is chosen.</summary>
        private static void Choose(Selector selector)
        {
            selector.SelectedIndex = -1;
            selector.SelectedIndex = 0;
        }

        [Test]
        internal static void A_path_needs_the_gate_of_what_it_leads_to()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open(Limits.Destructive | Limits.SensitiveReads);
            foreach (var (element, property) in new[]
            {
                ("people", "SelectedValuePath"), ("people", "DisplayMemberPath"), ("people", "TextSearch.TextPath"),
                ("pages", "SelectedValuePath"), ("combo", "DisplayMemberPath"), ("pages", "DataContext"),
            })
            {
                var row = Row(client, element, property, "Age");
                Check.Equal(ErrorCode.Denied, Check.NotNull(row.Error).Code, property);
                Check.True(row.Error!.Message.Contains("viewmodel"), row.Error.Message);
            }
            foreach (var property in new[] { "DisplayMemberPath", "DataContext" })
            {
                var cleared = client.Write(false, Asked.Op(WriteKind.Clear, client.Named("people"), property)).Single();
                Check.Equal(ErrorCode.Denied, Check.NotNull(cleared.Error).Code, "without one WPF reads something else");
            }
            Check.True(Row(client, "people", "ToolTip", "Age").Done, "another property takes any text");
        }

        [Test]
        internal static void A_path_to_a_secret_is_written_by_nobody()
        {
            ListBox? people = null;
            using var shown = Ui.Main.Show(() =>
            {
                var form = Form();
                people = (ListBox)form.Children[0];
                return form;
            });
            using var client = Client.Open();
            Check.True(Row(client, "people", "SelectedValuePath", "Age").Done, "a plain path is one of the gate");
            Ui.Main.Do(() => Choose(people!));
            Check.Equal(ValKind.Int, Read(client, "people", "SelectedValue").K);
            foreach (var (element, property, path, code) in new[]
            {
                ("people", "SelectedValuePath", "Password", ErrorCode.Secret),
                ("people", "DisplayMemberPath", "Password.Length", ErrorCode.Secret),
                ("combo", "TextSearch.TextPath", "Session[0].ApiKey", ErrorCode.Secret),
                ("pages", "SelectedValuePath", "DataContext.Password", ErrorCode.Secret),
                // The way through elements has no name that would tell.
                ("pages", "SelectedValuePath", "Content.DataContext", ErrorCode.BadRequest),
                ("pages", "DisplayMemberPath", "Parent.Children[0].Text", ErrorCode.BadRequest),
            })
            {
                var row = Row(client, element, property, path);
                Check.Equal(code, Check.NotNull(row.Error).Code, path);
                Check.True(!row.Error!.Message.Contains(Secret), row.Error.Message);
            }
            Check.True(Row(client, "pages", "SelectedValuePath", "Header").Done, "one property of an element");
        }

        [Test]
        internal static void A_value_that_a_path_of_the_application_brings_is_judged_by_the_path()
        {
            ListBox? people = null;
            TabControl? pages = null;
            using var shown = Ui.Main.Show(() =>
            {
                var form = Form();
                people = (ListBox)form.Children[0];
                people.SelectedValuePath = "Password";
                pages = (TabControl)form.Children[1];
                pages.SelectedValuePath = "Content.Password";
                Choose(people);
                Choose(pages);
                var combo = (ComboBox)form.Children[2];
                combo.DisplayMemberPath = "Password";
                combo.IsEditable = true;
                combo.Items.Add(new Person { Password = Secret });
                combo.SelectedIndex = 0;
                return form;
            });
            using var client = Client.Open();
            Check.Equal(Secret, Ui.Main.Do(() => (string)people!.SelectedValue), "plain WPF has it");
            Check.Equal(Secret, Ui.Main.Do(() => (string)pages!.SelectedValue), "plain WPF has it");
            foreach (var element in new[] { "people", "pages" })
            {
                var told = Read(client, element, "SelectedValue");
                Check.Equal((ValKind.Redacted, (string?)null), (told.K, told.S), element);
            }
            var text = Read(client, "combo", "Text");
            Check.Equal((ValKind.Redacted, (string?)null), (text.K, text.S), "combo");
            var cleared = client.Write(false, Asked.Op(WriteKind.Clear, client.Named("combo"), "DisplayMemberPath")).Single();
            Check.Equal(ErrorCode.Secret, Check.NotNull(cleared.Error).Code, "the text would stay");
            Ui.Main.Do(() =>
            {
                pages!.SelectedValuePath = "Header";
                Choose(pages);
            });
            Check.Equal("one", Read(client, "pages", "SelectedValue").S, "what an element shows is told");
        }

        [Test]
        internal static void A_write_that_the_application_throws_at_is_put_back_or_said_to_be_there()
        {
            Thrower? thrower = null;
            using var shown = Ui.Main.Show(() => thrower = new Thrower { Name = "thrower", Level = 1 });
            using var client = Client.Open();
            foreach (var (level, left, told) in new[] { (2L, 1, "is as it was before"), (3L, 3, "is there all the same") })
            {
                var row = client.Write(false, Asked.Op(WriteKind.Set, client.Named("thrower"), "Level", Json.Of(level))).Single();
                var message = Check.NotNull(row.Error).Message;
                Check.True(message.Contains(nameof(InvalidOperationException)) && message.Contains(told), message);
                Check.Equal(left, Ui.Main.Do(() => thrower!.Level), "plain WPF");
            }
        }

        /// <summary>Throws at levels above 1, and goes back to 3 once it was there.</summary>
        private sealed class Thrower : ContentControl
        {
            internal static readonly DependencyProperty LevelProperty = DependencyProperty.Register(
                nameof(Level), typeof(int), typeof(Thrower), new PropertyMetadata(0, Changed));

            private bool stays;

            internal int Level
            {
                get => (int)GetValue(LevelProperty);
                set => SetValue(LevelProperty, value);
            }

            private static void Changed(DependencyObject owner, DependencyPropertyChangedEventArgs told)
            {
                var thrower = (Thrower)owner;
                thrower.stays |= (int)told.NewValue == 3;
                if (thrower.stays && (int)told.NewValue != 3)
                {
                    thrower.Level = 3;
                }
                if ((int)told.NewValue > 1)
                {
                    throw new InvalidOperationException("level " + told.NewValue);
                }
            }
        }
    }
}
