// Properties and types, compared with plain WPF: values, sources, local values, metadata, names that fit nothing or too much.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Media;
using System.Windows.Media.Animation;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    public sealed class Left : DependencyObject
    {
        public static readonly DependencyProperty LaneProperty =
            DependencyProperty.RegisterAttached("Lane", typeof(int), typeof(Left));

        public static int GetLane(DependencyObject element) => (int)element.GetValue(LaneProperty);
    }

    public sealed class Right : DependencyObject
    {
        public static readonly DependencyProperty LaneProperty =
            DependencyProperty.RegisterAttached("Lane", typeof(int), typeof(Right));

        public static readonly DependencyProperty OnlyHereProperty =
            DependencyProperty.RegisterAttached("OnlyHere", typeof(string), typeof(Right));

        public static int GetLane(DependencyObject element) => (int)element.GetValue(LaneProperty);

        public static string GetOnlyHere(DependencyObject element) => (string)element.GetValue(OnlyHereProperty);
    }

    internal static class PropsTests
    {
        private static Grid Form()
        {
            var grid = new Grid { Name = "Form", DataContext = new { Title = "bound title" } };
            grid.Resources["Ink"] = Brushes.Navy;
            var style = new Style(typeof(TextBlock));
            style.Setters.Add(new Setter(FrameworkElement.MarginProperty, new Thickness(1, 2, 3, 4)));
            var block = new TextBlock { Name = "Block", Style = style, Width = 120, FontSize = 20 };
            block.SetBinding(TextBlock.TextProperty, new Binding("Title"));
            block.SetResourceReference(TextBlock.ForegroundProperty, "Ink");
            block.SetCurrentValue(UIElement.OpacityProperty, 0.5);
            Grid.SetRow(block, 1);
            Left.GetLane(block);
            Right.GetOnlyHere(block);
            grid.Children.Add(block);
            return grid;
        }

        private static PropsRows Read(Client client, ulong handle, params string[] names) => client.Props(new PropsParams
        {
            Text = 200, Meta = true, Items = { new PropsItem { Handle = handle, Names = names.ToList() } },
        }).Items.Single();

        [Test]
        internal static void Values_and_their_sources_are_those_of_WPF()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var rows = Read(
                client, client.Named("Block"),
                "Text", "Width", "Margin", "Foreground", "Opacity", "Grid.Row", "FontSize", "IsVisible", "Height").Rows
                .ToDictionary(row => row.Name);
            Check.Equal(("bound title", "Local", true, LocalKind.Binding), Told(rows["Text"]));
            Check.Equal("Binding", rows["Text"].Local!.S);
            Check.Equal(LocalKind.Value, rows["Width"].LocalKind);
            Check.Equal(120.0, rows["Width"].Value.V!.Double());
            Check.Equal((null, "Style", false, LocalKind.Unset), Told(rows["Margin"]));
            Check.Same(new[] { 1.0, 2, 3, 4 }, rows["Margin"].Value.V!.Items.Select(item => item.Double()));
            Check.Equal(ValKind.Thickness, rows["Margin"].Value.K);
            Check.Equal(("#FF000080", "Local", true, LocalKind.DynamicResource), Told(rows["Foreground"]));
            Check.True(rows["Opacity"].IsCurrent, "SetCurrentValue is not told");
            Check.Equal(1.0, rows["Grid.Row"].Value.V!.Double());
            Check.True(rows["Grid.Row"].Meta!.IsAttached && !rows["Width"].Meta!.IsAttached, "attached");
            Check.True(rows["IsVisible"].Meta!.IsReadOnly && !rows["Width"].Meta!.IsReadOnly, "read only");
            Check.True(rows["FontSize"].Meta!.Inherits && rows["FontSize"].Meta!.AffectsMeasure, "metadata");
            Check.Equal("NaN", rows["Height"].Value.V!.String());
            Check.Equal("Default", rows["Height"].Source);
        }

        private static (string?, string, bool, LocalKind) Told(PropRow row) =>
            (row.Value.S, row.Source, row.IsExpression, row.LocalKind);

        [Test]
        internal static void An_animated_and_a_coerced_value_are_told_as_such()
        {
            Slider? slider = null;
            using var shown = Ui.Main.Show(() => slider = new Slider { Name = "Slide", Maximum = 10, Value = 20 });
            shown.Ui.Do(() => slider!.BeginAnimation(
                UIElement.OpacityProperty, new DoubleAnimation(0.2, 0.4, TimeSpan.FromSeconds(60))));
            using var client = Client.Open();
            var rows = Read(client, client.Named("Slide"), "Value", "Opacity").Rows;
            Check.True(rows[0].IsCoerced && rows[0].Value.V!.Double() == 10 && rows[0].Local!.V!.Double() == 20, "coerced");
            Check.True(rows[1].IsAnimated, "animated");
        }

        [Test]
        internal static void Sets_are_what_is_set_and_all_there_is()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var handle = client.Named("Block");
            List<string> Names(PropertySet set) => client.Props(new PropsParams
            {
                Text = 10, Items = { new PropsItem { Handle = handle, Set = set } },
            }).Items.Single().Rows.Select(row => row.Name).ToList();
            var local = Names(PropertySet.Local);
            foreach (var name in new[] { "Text", "Width", "Style", "Foreground", "Grid.Row", "Name" })
            {
                Check.True(local.Contains(name), name + " is missing in " + string.Join(",", local));
            }
            Check.True(!local.Contains("Margin") && !local.Contains("Height"), "what is not set");
            var all = Names(PropertySet.All);
            var block = shown.Ui.Do(() => (TextBlock)((Grid)shown.Window.Content).Children[0]);
            foreach (var one in shown.Ui.Do(
                () => System.ComponentModel.TypeDescriptor.GetProperties(block)).Cast<System.ComponentModel.PropertyDescriptor>())
            {
                var property = System.ComponentModel.DependencyPropertyDescriptor.FromProperty(one)?.DependencyProperty;
                if (property != null && !one.Name.Contains('.'))
                {
                    Check.True(all.Contains(one.Name), one.Name + " is missing");
                }
            }
            Check.Same(all.Distinct(), all, "each once");
        }

        [Test]
        internal static void A_long_text_is_told_in_parts_and_never_half_a_character()
        {
            using var shown = Ui.Main.Show(() => new TextBlock { Name = "Block", Text = "ab\U0001F642cd" });
            using var client = Client.Open();
            var handle = client.Named("Block");
            (string?, uint?) Part(uint from, uint cap)
            {
                var value = client.Props(new PropsParams
                {
                    Text = cap, TextFrom = from, Items = { new PropsItem { Handle = handle, Names = { "Text" } } },
                }).Items.Single().Rows.Single().Value;
                return (value.S, value.N);
            }
            Check.Equal(("ab\U0001F642cd", (uint?)null), Part(0, 6));
            Check.Equal(("ab", (uint?)6), Part(0, 3));
            Check.Equal(("\U0001F642c", (uint?)6), Part(2, 3));
            Check.Equal(("cd", (uint?)6), Part(3, 3));
            Check.Equal(("d", (uint?)6), Part(5, 3));
            Check.Equal(("", (uint?)6), Part(6, 3));
            Check.Equal(("", (uint?)6), Part(uint.MaxValue, 3));
        }

        [Test]
        internal static void Rows_have_a_cap_and_what_is_left_out_is_counted()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var handle = client.Named("Block");
            PropsResult All(int times) => client.Props(new PropsParams
            {
                Text = 10,
                Items = Enumerable.Range(0, times).Select(_ => new PropsItem { Handle = handle, Set = PropertySet.All }).ToList(),
            });
            var one = All(1).Items[0].Rows.Count;
            var many = All(Limits.PropsItemCap);
            Check.Equal(Limits.PropsRowCap, many.Items.Sum(item => item.Rows.Count));
            Check.Equal((uint)((one * Limits.PropsItemCap) - Limits.PropsRowCap), many.Cut);
        }

        [Test]
        internal static void Names_that_fit_nothing_or_too_much_are_told_with_candidates()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var handle = client.Named("Block");
            var found = Read(client, handle, "Widht", "Lane", "OnlyHere", "System.Windows.Controls.Grid.Column", "Left.Lane", "x.y.z");
            Check.Same(
                new[] { "Right.OnlyHere", "Grid.Column", "Left.Lane" }, found.Rows.Select(row => row.Name), "what is found");
            var missing = found.Missing.ToDictionary(one => one.Name);
            Check.True(missing["Widht"].Candidates.Contains("Width") && !missing["Widht"].Ambiguous, "Width is no candidate");
            Check.True(missing["Lane"].Ambiguous, "not ambiguous");
            Check.Same(
                new[] { "Portcullis.Inspector.Tests.Left.Lane", "Portcullis.Inspector.Tests.Right.Lane" },
                missing["Lane"].Candidates, "candidates");
            Check.Equal(3, missing.Count);
            var element = shown.Ui.Do(() => (DependencyObject)((Grid)shown.Window.Content).Children[0]);
            shown.Ui.Do(() => Check.Refused(ErrorCode.NotFound, () => PropertyFinder.Find(element, "Widht")));
        }

        [Test]
        internal static void One_that_is_gone_costs_the_others_nothing()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var handle = client.Named("Block");
            var result = client.Props(new PropsParams
            {
                Text = 10,
                Items =
                {
                    new PropsItem { Handle = 1, Names = { "Width" } }, new PropsItem { Handle = handle, Names = { "Width" } },
                },
            });
            Check.Equal(ErrorCode.StaleHandle, result.Items[0].Error!.Code);
            Check.Equal(120.0, result.Items[1].Rows.Single().Value.V!.Double());
            Check.Refused(ErrorCode.BadRequest, () => client.Props(new PropsParams
            {
                Items = Enumerable.Range(0, Limits.PropsItemCap + 1).Select(_ => new PropsItem { Handle = handle }).ToList(),
            }));
            Check.Refused(ErrorCode.BadRequest, () => Read(
                client, handle, Enumerable.Repeat("Width", Limits.PropsNameCap + 1).ToArray()));
        }

        [Test]
        internal static void A_data_context_tells_its_type_alone_without_its_gate()
        {
            using var shown = Ui.Main.Show(Form);
            Val Context(uint gates)
            {
                using var client = Client.Open(gates);
                return Read(client, client.Named("Form"), "DataContext").Rows.Single().Value;
            }

            var shut = Context(Limits.SensitiveReads);
            Check.Equal((ValKind.Object, (string?)null, (ulong?)null), (shut.K, shut.S, shut.H));
            Check.True(Context(Client.AllGates).S!.Contains("bound title"), "it is not told with the gate");
        }

        [Test]
        internal static void A_type_is_described_as_it_is()
        {
            using var shown = Ui.Main.Show(Form);
            using var client = Client.Open();
            var result = DescribeResult.Read(client.Call(Method.Describe, new DescribeParams
            {
                Handles = { client.Named("Block"), 1 }, Properties = true, Events = true,
            }.Write));
            Check.Equal(null, result.Items[1]);
            var facts = result.Items[0]!;
            Check.Equal("TextBlock", result.Types.TypeName(facts.Ty));
            Check.True(facts.Assembly.StartsWith("PresentationFramework 4."), facts.Assembly);
            Check.Same(
                new[] { "System.Windows.FrameworkElement", "System.Windows.UIElement", "System.Windows.Media.Visual" },
                facts.Bases.Take(3));
            Check.True(facts.Properties.Contains("Text") && facts.Properties.Contains("Width"), "properties");
            var preview = facts.Events.Single(one => one.Name == "PreviewMouseDown");
            Check.Equal("Tunnel", preview.Strategy);
            Check.Equal("Bubble", facts.Events.Single(one => one.Name == "MouseDown").Strategy);
        }

        [Test]
        internal static void Values_travel_as_what_they_are()
        {
            var context = new Context(Client.AllGates, _ => { });
            var values = new Values(context, context.Table(), 5, true);
            (ValKind, string?, string?) Told(object? value)
            {
                var told = values.Of(value);
                var writer = new JsonWriter();
                writer.Raw(told.V ?? Json.Null);
                return (told.K, told.S, told.V == null ? null : System.Text.Encoding.UTF8.GetString(writer.ToArray()));
            }

            // No culture of the application shows in a value.
            using var culture = new Culture("de-DE");
            Check.Equal((ValKind.Null, null, null), Told(null));
            Check.Equal((ValKind.Unset, null, null), Told(DependencyProperty.UnsetValue));
            Check.Equal((ValKind.Bool, null, "true"), Told(true));
            Check.Equal((ValKind.Int, null, "-7"), Told(-7));
            Check.Equal((ValKind.Int, null, "18446744073709551615"), Told(ulong.MaxValue));
            Check.Equal((ValKind.Float, null, "1.5"), Told(1.5));
            Check.Equal((ValKind.Float, null, "0.1"), Told(0.1f));
            Check.Equal((ValKind.Float, null, "\"NaN\""), Told(double.NaN));
            Check.Equal((ValKind.Float, null, "1.10"), Told(1.10m));
            Check.Equal((ValKind.Enum, "Hidde", "1"), Told(Visibility.Hidden));
            Check.Equal((ValKind.String, "x", null), Told('x'));
            Check.Equal((ValKind.Color, "#80FF0000", null), Told(Color.FromArgb(128, 255, 0, 0)));
            Check.Equal((ValKind.Brush, "#FFFF0000", null), Told(Brushes.Red));
            Check.Equal((ValKind.Brush, "LinearGradientBrush", null), Told(new LinearGradientBrush()));
            Check.Equal((ValKind.CornerRadius, null, "[1,2,3,4]"), Told(new CornerRadius(1, 2, 3, 4)));
            Check.Equal((ValKind.Size, null, "[1.5,\"Infinity\"]"), Told(new Size(1.5, double.PositiveInfinity)));
            Check.Equal((ValKind.Point, null, "[1,-2]"), Told(new Point(1, -2)));
            Check.Equal((ValKind.Rect, null, "[1,2,3,4]"), Told(new Rect(1, 2, 3, 4)));
            Check.Equal((ValKind.Matrix, null, "[2,0,0,3,0,0]"), Told(new ScaleTransform(2, 3)));
            Check.Equal((ValKind.GridLength, "1.5*", null), Told(new GridLength(1.5, GridUnitType.Star)));
            Check.Equal((ValKind.GridLength, "Auto", null), Told(GridLength.Auto));
            Check.Equal((ValKind.Time, "01:00:00", null), Told(TimeSpan.FromHours(1)));
            Check.Equal((ValKind.Type, "Syste", null), Told(typeof(int)));
            Check.Equal((ValKind.Collection, null, "2"), Told(new[] { 1, 2 }));
            Check.Equal((ValKind.Collection, null, null), Told(Enumerable.Range(0, 3).Where(_ => true)));
            Check.Equal((ValKind.Object, null, null), Told(new object()));
            Check.Equal((ValKind.Error, "System.NotSupportedException", null), Told(new Throws()));
            var cut = values.Of("abcd🙂e");
            Check.Equal(("abcd", 7u), (cut.S, cut.N ?? 0), "half a character");
            var plain = new object();
            Check.True(values.Of(plain).H == context.Handles.Of(plain) && values.Of("text").H == null, "handles");
        }

        private sealed class Culture : IDisposable
        {
            private readonly System.Globalization.CultureInfo before = System.Globalization.CultureInfo.CurrentCulture;

            internal Culture(string name) =>
                System.Globalization.CultureInfo.CurrentCulture = new System.Globalization.CultureInfo(name);

            public void Dispose() => System.Globalization.CultureInfo.CurrentCulture = before;
        }

        private sealed class Throws
        {
            public override string ToString() => throw new NotSupportedException("a secret text");
        }

        [Test]
        internal static void What_is_written_is_made_into_the_type_of_its_target()
        {
            var handles = new Handles(new Dispatchers());
            var block = Ui.Main.Do(() => new TextBlock { Resources = { ["Ink"] = Brushes.Navy } });
            object? Made(string json, DependencyProperty property) =>
                Ui.Main.Do(() => Conversion.To(new NewValue { Json = Json.Parse(json) }, block, property, handles));
            object? To(string json, Type type) =>
                Conversion.To(new NewValue { Json = Json.Parse(json) }, type, null, null, handles);
            Check.Equal(12.5, Made("12.5", FrameworkElement.WidthProperty));
            Check.Equal(double.NaN, Made("\"Auto\"", FrameworkElement.WidthProperty));
            Check.Equal(96.0, Made("\"1in\"", FrameworkElement.WidthProperty));
            Check.Equal(new Thickness(1, 2, 3, 4), Made("[1,2,3,4]", FrameworkElement.MarginProperty));
            Check.Equal(new Thickness(5), Made("5", FrameworkElement.MarginProperty));
            Check.Equal(
                new Thickness(1, 2, 3, 4), Made("{\"left\":1,\"top\":2,\"right\":3,\"bottom\":4}", FrameworkElement.MarginProperty));
            Check.Equal(Visibility.Collapsed, Made("\"collapsed\"", UIElement.VisibilityProperty));
            Check.Equal("5", Made("5", TextBlock.TextProperty));
            var red = Made("\"#FF0000\"", TextBlock.ForegroundProperty);
            Check.Equal(Colors.Red, Ui.Main.Do(() => ((SolidColorBrush)red!).Color));
            Check.Equal(FontWeights.Bold, Made("\"Bold\"", TextBlock.FontWeightProperty));
            Check.Equal(Cursors.Hand, Made("\"Hand\"", FrameworkElement.CursorProperty));
            Check.Equal(true, Made("true", UIElement.IsEnabledProperty));
            Check.Equal(true, Made("\"True\"", UIElement.IsEnabledProperty));
            Check.Equal((byte)200, To("200", typeof(byte)));
            Check.Equal((int?)3, To("3", typeof(int?)));
            Check.Equal(null, To("null", typeof(int?)));
            Check.Equal(1.5m, To("1.5", typeof(decimal)));
            Check.Equal(ModifierKeys.Control | ModifierKeys.Shift, To("\"Control, Shift\"", typeof(ModifierKeys)));
            Check.Equal((object)3, To("3", typeof(object)));
            Check.Equal(new DateTime(2024, 2, 3), To("\"2024-02-03\"", typeof(DateTime)));
            var ink = Ui.Main.Do(() => Conversion.To(new NewValue { Resource = "Ink" }, block, TextBlock.ForegroundProperty, handles));
            Check.Equal(Brushes.Navy, ink);
            var known = handles.Of(Brushes.Green);
            Check.Equal(Brushes.Green, Conversion.To(new NewValue { Handle = known }, typeof(Brush), null, null, handles));
            Check.Equal(null, Conversion.To(new NewValue { Null = true }, typeof(string), null, null, handles));
        }

        [Test]
        internal static void What_cannot_be_made_is_refused_and_nothing_is_loaded()
        {
            var handles = new Handles(new Dispatchers());
            var block = Ui.Main.Do(() => new TextBlock());
            void Refused(string json, DependencyProperty property) => Ui.Main.Do(() =>
            {
                var error = Check.Refused(ErrorCode.ConvertFailed, () =>
                    Conversion.To(new NewValue { Json = Json.Parse(json) }, block, property, handles));
                Check.True(error.Data!.Members["targetType"].String().Length > 3, "no type");
                Check.True(!error.Message.Contains("canary"), "the value is repeated");
            });
            Refused("\"canary\"", FrameworkElement.WidthProperty);
            Refused("-1", FrameworkElement.WidthProperty);
            Refused("true", FrameworkElement.WidthProperty);
            Refused("\"canary\"", UIElement.VisibilityProperty);
            Refused("9", UIElement.VisibilityProperty);
            Refused("[1,2,3,4,5]", FrameworkElement.MarginProperty);
            Refused("{\"left\":1}", FrameworkElement.MarginProperty);
            Refused("null", UIElement.OpacityProperty);
            Refused("\"canary.cur\"", FrameworkElement.CursorProperty);
            Refused("\"file:///canary/#x\"", TextBlock.FontFamilyProperty);
            Refused("\"http://127.0.0.1/canary.png\"", Image.SourceProperty);
            Refused("{}", FrameworkElement.DataContextProperty);
            object? To(NewValue value, Type type) => Conversion.To(value, type, null, null, handles);
            Check.Refused(ErrorCode.ConvertFailed, () => To(new NewValue { Json = Json.Parse("300") }, typeof(byte)));
            Check.Refused(ErrorCode.ConvertFailed, () => To(new NewValue { Json = Json.Parse("1.5") }, typeof(int)));
            Check.Refused(ErrorCode.ConvertFailed, () => To(new NewValue { Null = true }, typeof(int)));
            Check.Refused(ErrorCode.ConvertFailed, () => To(new NewValue { Handle = handles.Of(block) }, typeof(Brush)));
            Check.Refused(ErrorCode.StaleHandle, () => To(new NewValue { Handle = 5 }, typeof(Brush)));
            Check.Refused(ErrorCode.NotFound, () => To(new NewValue { Resource = "nowhere" }, typeof(Brush)));
            Check.Refused(ErrorCode.BadRequest, () => To(new NewValue(), typeof(Brush)));
            Check.Refused(ErrorCode.BadRequest, () => To(new NewValue { Null = true, Resource = "x" }, typeof(Brush)));
        }

        [Test]
        internal static void The_table_of_objects_has_a_cap_and_takes_up_again_what_is_free()
        {
            var handles = new Handles(new Dispatchers(), 100);
            var kept = Enumerable.Range(0, 100).Select(_ => new object()).ToList();
            kept.ForEach(one => handles.Of(one));
            Check.Refused(ErrorCode.Full, () => handles.Of(new object()));
            Check.Equal(handles.Of(kept[7]), handles.Of(kept[7]), "one that is known");
            kept.RemoveRange(0, 50);
            for (var tries = 0; tries < 10; tries++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            var more = new object();
            handles.Of(more);
            Check.True(handles.Count <= 60, "nothing was taken up");
            GC.KeepAlive(kept);
        }
    }
}
