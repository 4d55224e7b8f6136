// Facets, against what plain WPF says of the same elements.
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Markup;
using System.Windows.Media;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class FacetTests
    {
        private static object Parse(string xaml) => XamlReader.Parse(
            xaml.Replace("<Grid>", "<Grid xmlns='http://schemas.microsoft.com/winfx/2006/xaml/presentation' xmlns:x='http://schemas.microsoft.com/winfx/2006/xaml'>"));

        [Test]
        internal static void LayoutAndClip()
        {
            Canvas? outer = null;
            Border? inner = null;
            using var shown = Ui.Main.Show(() =>
            {
                inner = new Border { Name = "inner", Width = 100, Height = 40, Margin = new Thickness(1, 2, 3, 4), Padding = new Thickness(5) };
                Canvas.SetLeft(inner, 60);
                outer = new Canvas { Name = "outer", Width = 100, Height = 100, ClipToBounds = true, HorizontalAlignment = HorizontalAlignment.Left };
                outer.Children.Add(inner);
                return outer;
            });
            using var client = Client.Open();
            var row = client.Facets(client.Named("inner"), Facet.Layout, Facet.Clip);
            var layout = Check.NotNull(row.Layout);
            Check.Same(new double[] { 100, 40 }, layout.Actual);
            Check.Same(new double[] { 1, 2, 3, 4 }, layout.Margin);
            Check.Same(new double[] { 5, 5, 5, 5 }, Check.NotNull(layout.Padding));
            Check.Same(new double?[] { null, null }, layout.Max, "infinity is none");
            var there = Ui.Main.Do(() => inner!.TranslatePoint(new Point(), outer!));
            Check.Same(new[] { there.X, there.Y }, Check.NotNull(layout.InParent));
            var screen = Ui.Main.Do(() => inner!.PointToScreen(new Point()));
            Check.Near(screen.X, Check.NotNull(layout.OnScreen)[0], 0.01, "on screen");
            var clip = Check.NotNull(row.Clip);
            var cut = clip.By.Single(one => one.By == "clipToBounds");
            Check.Equal("outer", cut.Name);
            // 60 + 1 of margin are in; 100 wide, so that 39 are left.
            Check.Near(39, cut.Leaves[2], 0.01, "what is left");
            Check.Equal(0, Check.NotNull(client.Facets(client.Named("outer"), Facet.Clip).Clip).By.Count, "nothing cuts the canvas");
        }

        [Test]
        internal static void ScrollOfInsideAndAround()
        {
            ListBox? list = null;
            using var shown = Ui.Main.Show(() =>
                list = new ListBox { Name = "list", Height = 60, ItemsSource = Enumerable.Range(0, 100).ToList() });
            Ui.Main.Do(() => list!.SelectedIndex = 2);
            using var client = Client.Open();
            var row = client.Facets(client.Named("list"), Facet.Scroll, Facet.Items, Facet.Template);
            var scroll = Check.NotNull(row.Scroll);
            Check.Equal(false, scroll.IsAncestor);
            Check.Equal(true, scroll.ByItem);
            Check.Equal(100.0, scroll.Extent[1], "items");
            var items = Check.NotNull(row.Items);
            Check.Equal(100u, items.Count);
            Check.Equal(true, items.Virtualizing);
            var realized = Ui.Main.Do(() => Enumerable.Range(0, 100).Count(i => list!.ItemContainerGenerator.ContainerFromIndex(i) != null));
            Check.Equal((uint)realized, items.Realized, "realized");
            Check.Same(new uint[] { 2 }, items.Selected);
            Check.NotNull(row.Template!.TemplateSource);
            Check.True(row.Template.Root != null, "the root of the template");
        }

        [Test]
        internal static void CommandFocusValidationAutomationContext()
        {
            var person = new Person();
            TextBox? age = null;
            using var shown = Ui.Main.Show(() =>
            {
                var panel = new StackPanel { DataContext = person };
                var button = new Button { Name = "save", Content = "Save" };
                button.SetBinding(Button.CommandProperty, new Binding("Save"));
                age = new TextBox { Name = "age" };
                age.SetBinding(TextBox.TextProperty, new Binding("Age")
                {
                    ValidatesOnDataErrors = true, UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged,
                });
                panel.Children.Add(button);
                panel.Children.Add(new Button { Name = "copy", Command = ApplicationCommands.Copy });
                panel.Children.Add(age);
                panel.Children.Add(new PasswordBox { Name = "secret", Password = "hunter2" });
                return panel;
            });
            ((Told)person.Save).May = false;
            Ui.Main.Do(() => age!.Text = "-1");
            using var client = Client.Open();
            var save = client.Facets(client.Named("save"), Facet.Command, Facet.Automation, Facet.DataContext, Facet.Focus);
            Check.Equal("Save", save.Command!.Name);
            Check.Equal("binding", save.Command.NameFrom);
            Check.Equal(false, save.Command.CanExecute);
            Check.Equal("Button", save.Automation!.ControlType);
            Check.True(save.Automation.Patterns.Contains("Invoke"), "patterns");
            Check.Equal("Inherited", save.DataContext!.Source);
            Check.Equal(true, save.DataContext.IsInherited);
            Check.Equal(true, save.DataContext.Notifies);
            Check.Equal(true, save.Focus!.Focusable);
            var copy = client.Facets(client.Named("copy"), Facet.Command);
            Check.Equal("Copy", copy.Command!.Name);
            Check.Equal("routed", copy.Command.NameFrom);
            var error = client.Facets(client.Named("age"), Facet.Validation).Validation!.Single();
            Check.Equal("too young", error.Content.S);
            Check.Equal("Age", error.Path);
            Check.Equal("Text", error.Property);
            Check.Equal(false, error.IsRuleError);
            var secret = client.Facets(client.Named("secret"), Facet.Automation);
            Check.Equal(true, secret.Automation!.IsPassword);
            // Without the gate for view models the context is refused, and the rest is told.
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Facets(reader.Named("save"), Facet.DataContext));
            reader.Facets(reader.Named("save"), Facet.Command);
        }

        [Test]
        internal static void StylesWithBasedOnAndThemeAndTriggers()
        {
            var person = new Person();
            using var shown = Ui.Main.Show(() => Parse(@"<Grid>
                <Grid.Resources>
                    <Style x:Key='ground' TargetType='Button'><Setter Property='FontSize' Value='20'/></Style>
                    <Style x:Key='own' TargetType='Button' BasedOn='{StaticResource ground}'>
                        <Setter Property='Tag' Value='{Binding Name}'/>
                        <Style.Triggers>
                            <Trigger Property='IsEnabled' Value='False'><Setter Property='Foreground' Value='Red'/></Trigger>
                            <DataTrigger Binding='{Binding Name}' Value='Ann'><Setter Property='ToolTip' Value='is Ann'/></DataTrigger>
                            <MultiTrigger><MultiTrigger.Conditions><Condition Property='IsEnabled' Value='True'/><Condition Property='FontSize' Value='20'/></MultiTrigger.Conditions></MultiTrigger>
                        </Style.Triggers>
                    </Style>
                </Grid.Resources>
                <Button x:Name='styled' Style='{StaticResource own}'>x</Button></Grid>"),
                window => window.DataContext = person);
            using var client = Client.Open();
            var handle = client.Named("styled");
            var row = client.Facets(handle, Facet.Style, Facet.Triggers);
            var styles = Check.NotNull(row.Style);
            Check.Same(new[] { "style:own:0", "basedOn:ground:1" }, styles.Take(2).Select(one => $"{one.Role}:{one.Key}:{one.Level}"));
            Check.Equal("Local", styles[0].Source);
            Check.Equal("theme", styles[2].Role);
            Check.Equal("{Binding Name}", styles[0].Setters.Single().Value.S);
            Check.Equal("FontSize", styles[1].Setters.Single().Property);
            var triggers = Check.NotNull(row.Triggers);
            var own = triggers.Where(one => one.From == "style").ToList();
            Check.Same(new[] { "Trigger", "DataTrigger", "MultiTrigger" }, own.Select(one => one.Kind));
            Check.Equal(false, own[0].Conditions.Single().Met);
            Check.Equal(true, own[1].Conditions.Single().Met, "data trigger");
            Check.Equal("Ann", own[1].Conditions.Single().Current!.S);
            Check.Same(new bool?[] { true, true }, own[2].Conditions.Select(one => one.Met));
            Check.True(triggers.Any(one => one.From == "template"), "the template's triggers");
            person.Name = "Bob";
            Ui.Main.Do(() => ((Button)((Grid)shown.Window.Content).Children[0]).IsEnabled = false);
            own = client.Facets(handle, Facet.Triggers).Triggers!.Where(one => one.From == "style").ToList();
            Check.Same(new bool?[] { true, false }, own.Take(2).Select(one => one.Conditions.Single().Met));
            // A view model's getters are not called without the gate for view models, so it is not known whether it is met.
            using var reader = Client.Open(Limits.SensitiveReads);
            // The bindings of the window follow the new name in their own time.
            Ui.Main.Settle();
            var asked = person.Asked;
            var data = reader.Facets(reader.Named("styled"), Facet.Triggers).Triggers!.Single(one => one.Kind == "DataTrigger");
            Check.Equal(null, data.Conditions.Single().Met);
            Check.Equal(asked, person.Asked, "the getter was called");
            Check.Refused(ErrorCode.Denied, () => reader.Call(Method.Facets, new FacetsParams
            {
                Handles = { reader.Named("styled") }, Facets = { Facet.Triggers }, Resolve = true, Text = 10,
            }.Write));
            Check.True(data.Conditions.Single().Current == null, "the value is kept back");
        }

        [Test]
        internal static void HandlersOfAnEvent()
        {
            static void Clicked(object sender, RoutedEventArgs e)
            {
            }

            using var shown = Ui.Main.Show(() =>
            {
                var button = new Button { Name = "button" };
                button.Click += Clicked;
                return button;
            });
            using var client = Client.Open();
            var handlers = Check.NotNull(client.Facets("Click", client.Named("button"), Facet.Handlers).Handlers);
            Check.Equal("ButtonBase.Click", handlers.Event);
            Check.Equal("Bubble", handlers.Strategy);
            Check.True(handlers.Handlers.Single(one => !one.IsClass).Method.Contains("Clicked"), "the method");
            var down = Check.NotNull(client.Facets("MouseLeftButtonDown", client.Named("button"), Facet.Handlers).Handlers);
            Check.True(down.Handlers.Any(one => one.IsClass), "class handlers");
            var error = Check.Refused(ErrorCode.NotFound, () => client.Facets("Clik", client.Named("button"), Facet.Handlers));
            Check.True(error.Data!.Members["candidates"].Items.Any(one => one.String() == "ButtonBase.Click"), "the nearest");
        }

        [Test]
        internal static void AHandleThatIsGoneIsOneRow()
        {
            using var shown = Ui.Main.Show(() => new Button { Name = "button" });
            using var client = Client.Open();
            Check.Refused(ErrorCode.StaleHandle, () => client.Facets(123, Facet.Layout));
            var asked = new FacetsParams { Text = 10, Facets = { Facet.Layout }, Handles = { client.Named("button"), 123 } };
            var rows = FacetsResult.Read(client.Call(Method.Facets, asked.Write)).Items;
            Check.True(rows[0].Layout != null && rows[1].Error?.Code == ErrorCode.StaleHandle, "each by itself");
            for (var i = 0; i < Limits.FacetHandleCap; i++)
            {
                asked.Handles.Add(1);
            }
            Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Facets, asked.Write));
        }
    }
}
