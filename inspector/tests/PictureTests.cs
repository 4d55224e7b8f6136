// Drawing, marking and laying out, and the roots of several threads, each compared with what WPF itself draws or says.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Documents;
using System.Windows.Media;
using System.Windows.Media.Imaging;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class PictureTests
    {
        private static Canvas Squares()
        {
            var canvas = new Canvas { Name = "Squares", Background = Brushes.White, Width = 100, Height = 60 };
            void Add(Color color, double left, double opacity)
            {
                var square = new Border
                {
                    Width = 20, Height = 20, Background = new SolidColorBrush(color), Opacity = opacity, Name = "s" + (int)left,
                };
                Canvas.SetLeft(square, left);
                Canvas.SetTop(square, 10);
                canvas.Children.Add(square);
            }

            Add(Colors.Red, 10, 1);
            Add(Colors.Blue, 50, 1);
            return canvas;
        }

        private static (RenderResult Result, byte[] Pixels) Render(Client client, RenderParams asked)
        {
            var id = client.Ask(Method.Render, asked.Write);
            var answer = client.Answer(id);
            if (answer.Error != null)
            {
                throw new Refusal(answer.Error);
            }
            var pixels = answer.Blob == null ? Array.Empty<byte>() : client.Blob(id);
            Check.Equal(answer.Blob ?? 0, (uint)pixels.Length, "bytes that were announced");
            return (RenderResult.Read(answer.Result!), pixels);
        }

        private static (byte R, byte G, byte B, byte A) At((RenderResult Result, byte[] Pixels) picture, int x, int y)
        {
            var at = (int)((y * picture.Result.Width) + x) * 4;
            var pixels = picture.Pixels;
            return (pixels[at + 2], pixels[at + 1], pixels[at], pixels[at + 3]);
        }

        [Test]
        internal static void A_picture_has_the_pixels_of_the_element()
        {
            using var shown = Ui.Main.Show(Squares);
            using var client = Client.Open();
            var handle = client.Named("Squares");
            var one = Render(client, new RenderParams { Handle = handle, Scale = 1 });
            Check.Equal((100u, 60u), (one.Result.Width, one.Result.Height));
            Check.Equal((255, 0, 0, 255), At(one, 20, 20));
            Check.Equal((0, 0, 255, 255), At(one, 60, 20));
            Check.Equal((255, 255, 255, 255), At(one, 40, 20));
            var two = Render(client, new RenderParams { Handle = handle, Scale = 2 });
            Check.Equal((200u, 120u), (two.Result.Width, two.Result.Height));
            Check.Equal((255, 0, 0, 255), At(two, 40, 40));
            var square = Render(client, new RenderParams { Handle = client.Named("s50"), Scale = 1 });
            Check.Equal((20u, (0, 0, 255, 255)), (square.Result.Width, Wide(At(square, 10, 10))), "an element with a place of its own");
            var corner = shown.Ui.Do(() => ((Visual)shown.Window.Content).PointToScreen(default));
            Check.Near(corner.X, one.Result.Bounds![0], 0.01, "x on the screen");
            Check.Equal((0u, false, 0u), (one.Result.Airspace, one.Result.HasPopups, one.Result.Covered));
            var size = Render(client, new RenderParams { Handle = handle, SizeOnly = true });
            Check.Equal((100u, 0), (size.Result.Width, size.Pixels.Length));
        }

        private static (int, int, int, int) Wide((byte R, byte G, byte B, byte A) color) => (color.R, color.G, color.B, color.A);

        [Test]
        internal static void Half_a_colour_is_told_with_straight_alpha()
        {
            using var shown = Ui.Main.Show(() => new Border
            {
                Name = "Half", Width = 20, Height = 20, Background = new SolidColorBrush(Color.FromArgb(128, 255, 0, 0)),
            });
            using var client = Client.Open();
            var picture = Render(client, new RenderParams { Handle = client.Named("Half"), Scale = 1 });
            var (r, g, b, a) = At(picture, 10, 10);
            Check.True(r >= 253 && g == 0 && b == 0 && a >= 127 && a <= 129, $"{r},{g},{b},{a}");
        }

        [Test]
        internal static void A_picture_has_its_caps()
        {
            using var shown = Ui.Main.Show(() => new Canvas { Name = "Wide", Width = 5_000, Height = 5_000 });
            using var client = Client.Open();
            var handle = client.Named("Wide");
            Check.Refused(ErrorCode.TooLarge, () => Render(client, new RenderParams { Handle = handle, Scale = 1 }));
            Check.Refused(ErrorCode.BadRequest, () => Render(client, new RenderParams { Handle = handle, Scale = Limits.ScaleCap + 0.1 }));
            Check.Refused(ErrorCode.BadRequest, () => Render(client, new RenderParams { Handle = handle, Scale = 0 }));
            var most = Render(client, new RenderParams { Handle = handle, Scale = 0.8 });
            Check.Equal(Limits.PixelCap, (int)(most.Result.Width * most.Result.Height), "as many as there may be");
        }

        [Test]
        internal static void Bytes_of_a_picture_wait_for_credit()
        {
            using var shown = Ui.Main.Show(() => new Canvas { Name = "Wide", Width = 1_000, Height = 1_000 });
            using var client = Client.Open();
            client.Grants = false;
            var id = client.Ask(Method.Render, new RenderParams { Handle = client.Named("Wide"), Scale = 1 }.Write);
            Check.Equal(4_000_000u, client.Answer(id).Blob ?? 0);
            client.Until(() => client.BlobBytesSoFar(id) == Session.FirstCredit, "the first bytes do not come");
            client.Call(Method.Health, new HealthParams { ProbeMs = 100 }.Write);
            Check.Equal(Session.FirstCredit, client.BlobBytesSoFar(id), "it does not wait");
            client.Credit(id, 10);
            client.Until(() => client.BlobBytesSoFar(id) == Session.FirstCredit + 10, "ten bytes more do not come");
            client.Credit(id, 4_000_000);
            Check.Equal(4_000_000, client.Blob(id).Length);
            id = client.Ask(Method.Render, new RenderParams { Handle = client.Named("Wide"), Scale = 1 }.Write);
            client.Until(() => client.BlobBytesSoFar(id) == Session.FirstCredit, "the first bytes do not come");
            client.Cancel(id);
            Check.Equal(Session.FirstCredit, client.Blob(id).LongLength, "one that is taken back ends");
        }

        [Test]
        internal static void A_mark_is_seen_takes_no_input_and_goes_in_time()
        {
            using var shown = Ui.Main.Show(Squares);
            using var client = Client.Open();
            var handle = client.Named("s10");
            AdornResult Marked(AdornParams asked) => AdornResult.Read(client.Call(Method.Adorn, asked.Write));
            int Adorners() => shown.Ui.Do(() =>
            {
                var square = ((Canvas)shown.Window.Content).Children[0];
                return AdornerLayer.GetAdornerLayer(square)!.GetAdorners(square)?.Length ?? 0;
            });
            var before = client.Walk(Walks.All()).Nodes.Count;
            var marked = Marked(new AdornParams { Handle = handle, Color = "#00FF00", Ms = 60_000 });
            Check.Equal(("adorner", 1u), (marked.Surface, marked.Marks));
            Check.Equal(1, Adorners());
            var plain = Render(client, new RenderParams { Handle = handle, Scale = 1 });
            var with = Render(client, new RenderParams { Handle = handle, Scale = 1, Adorners = true });
            Check.Equal(((255, 0, 0, 255), (0, 255, 0, 255)), (Wide(At(plain, 1, 10)), Wide(At(with, 1, 10))), "the frame");
            Check.True(shown.Ui.Do(() =>
            {
                var square = (UIElement)((Canvas)shown.Window.Content).Children[0];
                return shown.Window.InputHitTest(square.TranslatePoint(new Point(5, 5), shown.Window)) == square;
            }), "the mark takes input");
            Check.Equal(before, client.Walk(Walks.All()).Nodes.Count, "the mark is told as part of the application");
            Check.Equal(0u, Marked(new AdornParams { Color = "Red", Ms = 1 }).Marks);
            Check.Equal(0, Adorners());
            Marked(new AdornParams { Handle = handle, Color = "Red", Ms = 50 });
            Check.Soon(() => Adorners() == 0, "the mark stays");
            Check.Equal(0u, client.Session.Context.Hooks.Count);
            Check.Refused(ErrorCode.ConvertFailed, () => Marked(new AdornParams { Handle = handle, Color = "Reddish", Ms = 1 }));
            Check.Refused(
                ErrorCode.BadRequest, () => Marked(new AdornParams { Handle = handle, Color = "Red", Ms = Limits.MarkTimeCapMs + 1 }));
            Marked(new AdornParams { Handle = handle, Color = "Red", Ms = Limits.MarkTimeCapMs });
            client.Dispose();
            Check.Soon(() => Adorners() == 0, "the mark stays after the session");
        }

        [Test]
        internal static void Marks_have_a_cap_and_a_popup_where_there_is_no_layer()
        {
            Popup? popup = null;
            using var shown = Ui.Main.Show(() =>
            {
                var canvas = Squares();
                popup = new Popup { Child = new Border { Name = "Bare", Width = 30, Height = 30, Background = Brushes.Red } };
                canvas.Children.Add(popup);
                return canvas;
            });
            using var client = Client.Open();
            AdornResult Marked(ulong? handle) =>
                AdornResult.Read(client.Call(Method.Adorn, new AdornParams { Handle = handle, Color = "Red", Ms = 60_000 }.Write));
            var handle = client.Named("s10");
            for (var mark = 0; mark < Limits.MarkCap; mark++)
            {
                Marked(handle);
            }
            Check.Refused(ErrorCode.Full, () => Marked(handle));
            Check.Equal(0u, Marked(null).Marks);
            var window = Ui.Another();
            using var bare = window.Show(() => new Border { Name = "Other", Background = Brushes.Red }, one =>
            {
                // A window without a layer for adorners.
                var template = new ControlTemplate(typeof(Window)) { VisualTree = new FrameworkElementFactory(typeof(ContentPresenter)) };
                one.Template = template;
            });
            var roots = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
            var other = roots.Single(root => root.Kind == RootKind.Window && !root.IsMain);
            var asked = Walks.All(other.Handle);
            asked.Find = new Find { Name = "Other" };
            Check.Equal("popup", Marked(client.Walk(asked).Nodes.Single().H).Surface);
            var after = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
            Check.Same(roots.Select(root => root.Handle), after.Select(root => root.Handle), "the mark is told as a root");
            Marked(null);
            Check.Equal(0u, client.Session.Context.Hooks.Count);
        }

        [Test]
        internal static void Layout_is_done_again_as_often_as_asked()
        {
            Counting? counting = null;
            using var shown = Ui.Main.Show(() => counting = new Counting { Name = "Counting" });
            using var client = Client.Open();
            var handle = client.Named("Counting");
            var before = shown.Ui.Do(() => (counting!.Measured, counting.Arranged, counting.Drawn));
            var result = LayoutResult.Read(client.Call(Method.Layout, new LayoutParams
            {
                Handle = handle, Measure = true, Arrange = true, Visual = true, Repeat = 3,
            }.Write));
            var after = shown.Ui.Do(() => (counting!.Measured, counting.Arranged, counting.Drawn));
            Check.Equal((before.Measured + 3, before.Arranged + 3, before.Drawn + 3), after);
            Check.True(result.Ms.Count == 3 && result.MeasureValid && result.ArrangeValid, "it is not valid");
            foreach (var repeat in new[] { 0u, (uint)Limits.RepeatCap + 1 })
            {
                Check.Refused(ErrorCode.BadRequest, () => client.Call(
                    Method.Layout, new LayoutParams { Handle = handle, Repeat = repeat }.Write));
            }
        }

        private sealed class Counting : FrameworkElement
        {
            internal int Measured { get; private set; }

            internal int Arranged { get; private set; }

            internal int Drawn { get; private set; }

            protected override Size MeasureOverride(Size availableSize)
            {
                Measured++;
                return new Size(10, 10);
            }

            protected override Size ArrangeOverride(Size finalSize)
            {
                Arranged++;
                return finalSize;
            }

            protected override void OnRender(DrawingContext drawingContext) => Drawn++;
        }

        [Test]
        internal static void Roots_of_all_threads_are_told_without_titles_for_who_may_not_read()
        {
            using var main = Ui.Main.Show(Squares);
            var another = Ui.Another();
            using var second = another.Show(() => new TextBlock(), window => window.Title = "Second");
            var hidden = Ui.Main.Do(() => new Window { Title = "Hidden", Owner = main.Window });
            using var client = Client.Open();
            var roots = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
            Check.Same(new[] { "Inspected", "Second" }, roots.Select(root => root.Title));
            Check.True(roots[0].IsMain && roots[0].IsVisible && roots[0].Kind == RootKind.Window, "the main window first");
            Check.True(roots[0].Dispatcher != roots[1].Dispatcher, "one thread");
            Check.Equal(20.0, roots[0].Bounds[0]);
            Check.Equal(400.0, roots[0].Bounds[2]);
            Check.Equal(96.0, roots[0].Dpi);
            var hwnd = main.Ui.Do(() => new System.Windows.Interop.WindowInteropHelper(main.Window).Handle);
            Check.Equal((ulong)hwnd.ToInt64(), roots[0].Hwnd);
            var all = RootsResult.Read(client.Call(Method.Roots, new RootsParams { Hidden = true }.Write)).Roots;
            var third = all.Single(root => root.Title == "Hidden");
            Check.Equal((false, roots[0].Handle), (third.IsVisible, third.Owner ?? 0));
            using var blind = Client.Open(0);
            var bare = RootsResult.Read(blind.Call(Method.Roots, new RootsParams().Write)).Roots;
            Check.True(bare.Count == 2 && bare.All(root => root.Title == null), "titles without the gate");
            Ui.Main.Do(hidden.Close);
        }

        [Test]
        internal static void Roots_have_a_cap_and_what_is_left_out_is_counted()
        {
            var another = Ui.Another();
            var sources = another.Do(() => Enumerable.Range(0, Limits.RootCap + 4).Select(_ =>
                new System.Windows.Interop.HwndSource(new System.Windows.Interop.HwndSourceParameters("many"))
                {
                    RootVisual = new Border(),
                }).ToList());
            using var client = Client.Open();
            var result = RootsResult.Read(client.Call(Method.Roots, new RootsParams { Hidden = true }.Write));
            another.Do(() => sources.ForEach(source => source.Dispose()));
            Check.Equal(Limits.RootCap, result.Roots.Count);
            Check.True(result.Cut >= 4, "left out: " + result.Cut);
        }

        [Test]
        internal static void A_modal_window_disables_others_and_can_be_looked_into()
        {
            using var main = Ui.Main.Show(Squares);
            using var client = Client.Open();
            Window? dialog = null;
            Ui.Main.Dispatcher.BeginInvoke(new Action(() =>
            {
                dialog = new Window { Title = "Dialog", Width = 200, Height = 100, Content = new TextBlock { Text = "sure?" } };
                dialog.ShowDialog();
            }));
            List<Root> Roots() => RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
            Check.Soon(() => Roots().Any(root => root.Title == "Dialog"), "no dialog");
            var roots = Roots();
            Check.True(roots.Single(root => root.IsMain).IsDisabled, "the main window is not disabled");
            var inside = client.Walk(Walks.All(roots.Single(root => root.Title == "Dialog").Handle));
            Check.True(inside.Nodes.Any(node => node.Tx == "sure?"), "the dialog's text");
            var health = HealthResult.Read(client.Call(Method.Health, new HealthParams { ProbeMs = 1_000 }.Write));
            Check.True(health.Dispatchers.Single(row => row.Id == roots[0].Dispatcher).Modal, "nothing is modal");
            Ui.Main.Do(() => dialog!.Close());
        }
    }
}
