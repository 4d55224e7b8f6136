// `render`: an element as pixels, as the application draws it now, with secrets covered. The pixels are copied and turned into
// the blob's form off the application's thread; pictures are encoded elsewhere, and no file is written.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls.Primitives;
using System.Windows.Documents;
using System.Windows.Interop;
using System.Windows.Media;
using System.Windows.Media.Imaging;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Draws elements.</summary>
    internal static class RenderPrimitive
    {
        private const double UnitsPerInch = 96;
        /// <summary>How far a cover reaches over the edge of what it covers, in the element's units.</summary>
        private const double CoverEdge = 1;

        internal static RenderResult Run(Context context, Turn turn, RenderParams asked)
        {
            if (asked.Scale is { } scale && !(scale > 0 && scale <= Limits.ScaleCap))
            {
                throw WireException.Bad("scale must be above 0 and at most " + Limits.ScaleCap);
            }
            var (result, picture) = context.Turns.Run(context.ThreadOf(asked.Handle), turn, () => Draw(context, asked));
            if (picture != null)
            {
                turn.Blob = Straight(picture);
            }
            return result;
        }

        private static (RenderResult Result, BitmapSource? Picture) Draw(Context context, RenderParams asked)
        {
            var element = context.Element<UIElement>(asked.Handle);
            // A window's own size has its frame in it, which WPF does not draw.
            var drawn = element is Window && VisualTreeHelper.GetChildrenCount(element) > 0
                && VisualTreeHelper.GetChild(element, 0) is UIElement content ? content : element;
            var size = drawn.RenderSize;
            var scale = asked.Scale ?? Math.Min(Places.ScaleOf(drawn), Limits.ScaleCap);
            var frame = new Frame(drawn);
            var (width, height) = (Math.Ceiling(frame.Part.Width * scale), Math.Ceiling(frame.Part.Height * scale));
            if (!(width >= 1 && height >= 1))
            {
                throw new WireException(
                    ErrorCode.NotReady, "the element has no size", ("blockers", Json.Of(new[] { "noSize" })));
            }
            if (width * height > Limits.PixelCap)
            {
                throw new WireException(
                    ErrorCode.TooLarge, "the picture would have more than " + Limits.PixelCap + " pixels; ask for a smaller scale");
            }
            var seen = new Seen(drawn, frame);
            var table = context.Table();
            var result = new RenderResult
            {
                Ty = table.Of(element.GetType()),
                Width = (uint)width,
                Height = (uint)height,
                Size = new List<double> { Places.Finite(size.Width), Places.Finite(size.Height) },
                Bounds = new Places().Of(drawn),
                Airspace = seen.Airspace,
                HasPopups = HasPopups(),
                Covered = (uint)seen.Secrets.Count,
                Types = table.Rows,
            };
            return (result, asked.SizeOnly ? null : Picture(drawn, frame, scale, asked.Adorners, seen));
        }

        private static BitmapSource Picture(UIElement drawn, Frame frame, double scale, bool withAdorners, Seen seen)
        {
            var whole = new Rect(frame.Part.Size);
            var visual = new DrawingVisual();
            using (var drawing = visual.RenderOpen())
            {
                drawing.PushClip(new RectangleGeometry(whole));
                drawing.DrawRectangle(Brush(drawn, frame.Part), null, whole);
                if (withAdorners && AdornerLayer.GetAdornerLayer(drawn) is { } layer
                    && Transform(drawn, layer) is { } place)
                {
                    var onLayer = place.TransformBounds(new Rect(drawn.RenderSize));
                    drawing.DrawRectangle(Brush(layer, new Frame(layer).InParent(onLayer)), null, whole);
                }
                foreach (var secret in seen.Secrets)
                {
                    drawing.DrawRectangle(Brushes.Gray, null, secret);
                }
                drawing.Pop();
            }
            var (width, height) = ((int)Math.Ceiling(whole.Width * scale), (int)Math.Ceiling(whole.Height * scale));
            var picture = new RenderTargetBitmap(
                width, height, UnitsPerInch * scale, UnitsPerInch * scale, PixelFormats.Pbgra32);
            picture.Render(visual);
            picture.Freeze();
            return picture;
        }

        private static GeneralTransform? Transform(Visual from, Visual to)
        {
            try
            {
                return from.TransformToVisual(to);
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }

        private static VisualBrush Brush(Visual visual, Rect part) => new VisualBrush(visual)
        {
            ViewboxUnits = BrushMappingMode.Absolute,
            Viewbox = part,
            Stretch = Stretch.Fill,
            AlignmentX = AlignmentX.Left,
            AlignmentY = AlignmentY.Top,
        };

        /// <summary>Whether a popup of this thread is open, other than the inspector's own.</summary>
        private static bool HasPopups()
        {
            var here = Dispatcher.CurrentDispatcher;
            foreach (var source in Dispatchers.Sources())
            {
                if (source.Dispatcher == here && source.RootVisual is { } root
                    && LogicalTreeHelper.GetParent(root) is Popup popup && !(popup is IOurs))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>The pixels with straight alpha, as pictures have it: blue, green, red, alpha, top row first.</summary>
        private static byte[] Straight(BitmapSource picture)
        {
            var stride = picture.PixelWidth * 4;
            var pixels = new byte[stride * picture.PixelHeight];
            picture.CopyPixels(pixels, stride, 0);
            for (var at = 0; at < pixels.Length; at += 4)
            {
                var alpha = pixels[at + 3];
                if (alpha == 255 || alpha == 0)
                {
                    continue;
                }
                for (var channel = 0; channel < 3; channel++)
                {
                    pixels[at + channel] = (byte)Math.Min(255, ((pixels[at + channel] * 255) + (alpha / 2)) / alpha);
                }
            }
            return pixels;
        }

        /// <summary>
        /// The part of its parent that a visual is drawn in. A brush of a visual takes it as its parent sees it: at its place,
        /// and turned where it is turned.
        /// </summary>
        private sealed class Frame
        {
            private readonly GeneralTransform? place;

            internal Frame(UIElement element)
            {
                place = VisualTreeHelper.GetParent(element) is Visual parent ? Transform(element, parent) : null;
                Part = InParent(new Rect(element.RenderSize));
            }

            internal Rect Part { get; }

            /// <summary>A rectangle of the visual, as the parent sees it.</summary>
            internal Rect InParent(Rect rect) => place == null ? rect : place.TransformBounds(rect);

            /// <summary>A rectangle of the visual, in the picture.</summary>
            internal Rect InPicture(Rect rect)
            {
                var found = InParent(rect);
                found.Offset(-Part.X, -Part.Y);
                return found;
            }
        }

        /// <summary>What of a visual tree a picture must know: where secrets are, and what is drawn by others.</summary>
        private sealed class Seen
        {
            private readonly UIElement top;
            private readonly Frame frame;
            private int visited;

            internal Seen(UIElement top, Frame frame)
            {
                this.top = top;
                this.frame = frame;
                if (Redaction.IsSecretElement(top))
                {
                    Secrets.Add(frame.InPicture(new Rect(top.RenderSize)));
                    return;
                }
                Look(top);
            }

            /// <summary>Where secrets are, in the picture.</summary>
            internal List<Rect> Secrets { get; } = new List<Rect>();

            internal uint Airspace { get; private set; }

            private void Look(DependencyObject first)
            {
                var open = new Stack<DependencyObject>();
                open.Push(first);
                while (open.Count > 0)
                {
                    var at = open.Pop();
                    // What was not looked at may be a secret, so that nothing is drawn.
                    if (++visited > Limits.VisitCap)
                    {
                        throw new WireException(
                            ErrorCode.TooLarge, "the element has more than " + Limits.VisitCap + " parts; draw one of them");
                    }
                    if (at is HwndHost { IsVisible: true })
                    {
                        Airspace++;
                    }
                    if (at is UIElement element && element != top && Redaction.IsSecretElement(element))
                    {
                        Cover(element);
                        continue;
                    }
                    for (var child = 0; child < VisualTreeHelper.GetChildrenCount(at); child++)
                    {
                        open.Push(VisualTreeHelper.GetChild(at, child));
                    }
                }
            }

            private void Cover(UIElement element)
            {
                if (!element.IsVisible)
                {
                    return;
                }
                // What lies on a surface in space has no rectangle in the picture, so that all of it is covered.
                var rect = Transform(element, top) is { } place
                    ? place.TransformBounds(new Rect(element.RenderSize))
                    : new Rect(top.RenderSize);
                rect.Inflate(CoverEdge, CoverEdge);
                Secrets.Add(frame.InPicture(rect));
            }
        }
    }
}
