// Where elements lie on the screen, in physical pixels. Whether somebody can see them there is not judged here.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Interop;
using System.Windows.Media;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Something that the inspector itself shows in the application, and that is no part of it.</summary>
    internal interface IOurs
    {
    }

    /// <summary>Turns places of elements into places on the screen; what belongs to a whole window is asked once.</summary>
    internal sealed class Places
    {
        private readonly Dictionary<Visual, Matrix?> roots = new Dictionary<Visual, Matrix?>();

        /// <summary>The element's rectangle; none where it is not shown.</summary>
        internal List<double>? Of(DependencyObject element)
        {
            if (!(element is UIElement { IsVisible: true } shown))
            {
                return null;
            }
            return Of(shown, new Rect(shown.RenderSize));
        }

        /// <summary>A rectangle of the element; none where it is in no window.</summary>
        internal List<double>? Of(Visual element, Rect rect)
        {
            var root = PresentationSource.FromVisual(element)?.RootVisual;
            if (root == null || !(ToScreen(root) is { } screen))
            {
                return null;
            }
            var inRoot = element == root ? rect : element.TransformToAncestor(root).TransformBounds(rect);
            return Numbers(Rect.Transform(inRoot, screen));
        }

        /// <summary>Left, top, width, height, to a hundredth of a pixel; numbers that JSON can write.</summary>
        internal static List<double> Numbers(Rect rect) => new List<double>
        {
            Finite(rect.X), Finite(rect.Y), Finite(rect.Width), Finite(rect.Height),
        };

        internal static double Finite(double value) =>
            double.IsNaN(value) || double.IsInfinity(value) ? 0 : Math.Round(value, 2);

        /// <summary>Physical pixels for one unit of the visual; 1 where it is in no window.</summary>
        internal static double ScaleOf(Visual visual) =>
            PresentationSource.FromVisual(visual)?.CompositionTarget is { } target ? target.TransformToDevice.M11 : 1;

        /// <summary>The system's window of a source; zero for none.</summary>
        internal static IntPtr WindowOf(PresentationSource? source) =>
            source is HwndSource { IsDisposed: false } hwnd ? hwnd.Handle : IntPtr.Zero;

        /// <summary>The system's window that shows the element; none for what is in no window.</summary>
        internal static Within? Within(DependencyObject element)
        {
            var source = element is Visual visual ? PresentationSource.FromVisual(visual) : null;
            var hwnd = WindowOf(source);
            return hwnd == IntPtr.Zero ? null : new Within { Hwnd = (ulong)hwnd.ToInt64(), IsRoot = source!.RootVisual == element };
        }

        private Matrix? ToScreen(Visual root)
        {
            if (!roots.TryGetValue(root, out var known))
            {
                known = Asked(root);
                roots.Add(root, known);
            }
            return known;
        }

        private static Matrix? Asked(Visual root)
        {
            try
            {
                var origin = root.PointToScreen(default);
                var unit = root.PointToScreen(new Point(100, 100));
                var (x, y) = ((unit.X - origin.X) / 100, (unit.Y - origin.Y) / 100);
                return new Matrix(x, 0, 0, y, origin.X, origin.Y);
            }
            catch (InvalidOperationException)
            {
                // Its window is gone.
                return null;
            }
        }
    }
}
