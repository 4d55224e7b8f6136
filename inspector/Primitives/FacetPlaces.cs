// The facets layout, clip and scroll: where an element lies, what cuts it off, and how it scrolls, as WPF's own calls tell it.
// Numbers alone; what follows from them is the server's to say.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Sizes, clips and scrolling of one element.</summary>
    internal static class FacetPlaces
    {
        /// <summary>Elements of a template that are looked at for a scroll viewer.</summary>
        private const int TemplateSearchCap = 256;
        /// <summary>What is smaller than this, in units, is no cut.</summary>
        private const double Slack = 0.01;

        internal static LayoutFacet? Layout(DependencyObject element)
        {
            if (!(element is UIElement shown))
            {
                return null;
            }
            var facet = new LayoutFacet
            {
                Desired = Pair(shown.DesiredSize.Width, shown.DesiredSize.Height),
                Render = Pair(shown.RenderSize.Width, shown.RenderSize.Height),
                Actual = Pair(shown.RenderSize.Width, shown.RenderSize.Height),
                Wanted = new List<double?> { null, null },
                Min = Pair(0, 0),
                Max = new List<double?> { null, null },
                Margin = new List<double> { 0, 0, 0, 0 },
                Alignment = new List<string> { "Stretch", "Stretch" },
                Visibility = shown.Visibility.ToString(),
                Opacity = Finite(shown.Opacity),
                MeasureValid = shown.IsMeasureValid,
                ArrangeValid = shown.IsArrangeValid,
                InParent = InParent(shown),
                InWindow = BoundsOrNone(InRoot(shown)),
                OnScreen = new Places().Of(shown),
            };
            if (shown is FrameworkElement framework)
            {
                facet.Actual = Pair(framework.ActualWidth, framework.ActualHeight);
                facet.Wanted = new List<double?> { FiniteOrNone(framework.Width), FiniteOrNone(framework.Height) };
                facet.Min = Pair(framework.MinWidth, framework.MinHeight);
                facet.Max = new List<double?> { FiniteOrNone(framework.MaxWidth), FiniteOrNone(framework.MaxHeight) };
                facet.Margin = Sides(framework.Margin);
                facet.Alignment = new List<string>
                {
                    framework.HorizontalAlignment.ToString(), framework.VerticalAlignment.ToString(),
                };
            }
            facet.Padding = Padding(shown);
            return facet;
        }

        internal static ClipFacet? Clip(Reading reading, DependencyObject element)
        {
            if (!(element is UIElement shown))
            {
                return null;
            }
            var bounds = InRoot(shown);
            var facet = new ClipFacet
            {
                Bounds = BoundsOrNone(bounds),
                ClipToBounds = shown.ClipToBounds,
                Clip = BoundsOrNone(VisualTreeHelper.GetClip(shown)?.Bounds),
                LayoutClip = shown is FrameworkElement own ? BoundsOrNone(LayoutInformation.GetLayoutClip(own)?.Bounds) : null,
            };
            if (bounds == null)
            {
                return facet;
            }
            for (DependencyObject? at = shown; at is Visual; at = VisualTreeHelper.GetParent(at))
            {
                if (facet.By.Count >= Limits.FacetRowCap)
                {
                    break;
                }
                if (at is UIElement cutter)
                {
                    AddCuts(reading, facet, cutter, bounds.Value);
                }
            }
            return facet;
        }

        private static void AddCuts(Reading reading, ClipFacet facet, UIElement cutter, Rect bounds)
        {
            foreach (var (by, clip) in Clips(cutter))
            {
                var there = ToRoot(cutter, clip);
                if (there == null)
                {
                    continue;
                }
                var left = Rect.Intersect(bounds, there.Value);
                var cuts = left.IsEmpty || left.Width < bounds.Width - Slack || left.Height < bounds.Height - Slack;
                if (!cuts || facet.By.Count >= Limits.FacetRowCap)
                {
                    continue;
                }
                facet.By.Add(new ClipRow
                {
                    Handle = reading.Of(cutter),
                    Ty = reading.Type(cutter.GetType()),
                    Name = Elements.Name(cutter),
                    By = by,
                    Leaves = left.IsEmpty ? Numbers(bounds.X, bounds.Y, 0, 0) : Box(left),
                });
            }
        }

        private static IEnumerable<(string By, Rect Clip)> Clips(UIElement cutter)
        {
            if (cutter.Clip != null)
            {
                yield return ("clip", cutter.Clip.Bounds);
            }
            var layout = cutter is FrameworkElement framework ? LayoutInformation.GetLayoutClip(framework) : null;
            if (cutter is ScrollContentPresenter)
            {
                yield return ("viewport", new Rect(cutter.RenderSize));
            }
            else if (cutter.ClipToBounds)
            {
                yield return ("clipToBounds", new Rect(cutter.RenderSize));
            }
            else if (layout != null)
            {
                yield return ("layoutClip", layout.Bounds);
            }
            if (VisualTreeHelper.GetParent(cutter) == null)
            {
                yield return ("window", new Rect(cutter.RenderSize));
            }
        }

        internal static ScrollFacet? Scroll(Reading reading, DependencyObject element)
        {
            var viewer = element as ScrollViewer ?? InTemplate(element);
            var isAncestor = false;
            for (var at = Elements.Parent(element); viewer == null && at != null; at = Elements.Parent(at))
            {
                viewer = at as ScrollViewer;
                isAncestor = viewer != null;
            }
            if (viewer == null)
            {
                return null;
            }
            var items = element as ItemsControl ?? viewer.TemplatedParent as ItemsControl;
            return new ScrollFacet
            {
                Handle = reading.Of(viewer),
                IsAncestor = isAncestor,
                Extent = Pair(viewer.ExtentWidth, viewer.ExtentHeight),
                Viewport = Pair(viewer.ViewportWidth, viewer.ViewportHeight),
                Offset = Pair(viewer.HorizontalOffset, viewer.VerticalOffset),
                Visibility = new List<string>
                {
                    viewer.HorizontalScrollBarVisibility.ToString(), viewer.VerticalScrollBarVisibility.ToString(),
                },
                Computed = new List<string>
                {
                    viewer.ComputedHorizontalScrollBarVisibility.ToString(),
                    viewer.ComputedVerticalScrollBarVisibility.ToString(),
                },
                ByItem = viewer.CanContentScroll
                    && (items == null || VirtualizingPanel.GetScrollUnit(items) == ScrollUnit.Item),
            };
        }

        /// <summary>The first scroll viewer that the element's own template made.</summary>
        private static ScrollViewer? InTemplate(DependencyObject element)
        {
            if (!(element is Control))
            {
                return null;
            }
            var waiting = new Queue<DependencyObject>();
            waiting.Enqueue(element);
            for (var seen = 0; waiting.Count > 0 && seen < TemplateSearchCap; seen++)
            {
                var at = waiting.Dequeue();
                if (at is ScrollViewer viewer && viewer.TemplatedParent == element)
                {
                    return viewer;
                }
                if (at != element && (at as FrameworkElement)?.TemplatedParent != element)
                {
                    continue;
                }
                var count = VisualTreeHelper.GetChildrenCount(at);
                for (var i = 0; i < count && waiting.Count < TemplateSearchCap; i++)
                {
                    waiting.Enqueue(VisualTreeHelper.GetChild(at, i));
                }
            }
            return null;
        }

        private static List<double>? InParent(UIElement element)
        {
            if (!(VisualTreeHelper.GetParent(element) is Visual parent))
            {
                return null;
            }
            try
            {
                var at = element.TransformToAncestor(parent).Transform(new Point());
                return Pair(at.X, at.Y);
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }

        /// <summary>The element's bounds in the visual at the root of its tree; none where it has no place.</summary>
        private static Rect? InRoot(UIElement element)
        {
            return ToRoot(element, new Rect(element.RenderSize));
        }

        private static Rect? ToRoot(Visual from, Rect bounds)
        {
            if (bounds.IsEmpty)
            {
                return null;
            }
            var root = PresentationSource.FromVisual(from)?.RootVisual;
            if (root == null)
            {
                return null;
            }
            if (root == from)
            {
                return bounds;
            }
            try
            {
                return from.TransformToAncestor(root).TransformBounds(bounds);
            }
            catch (InvalidOperationException)
            {
                // It hangs in no tree, or a transform on the way has no inverse.
                return null;
            }
        }

        private static List<double>? Padding(UIElement element)
        {
            switch (element)
            {
                case Control control: return Sides(control.Padding);
                case Border border: return Sides(border.Padding);
                case TextBlock text: return Sides(text.Padding);
                default: return null;
            }
        }

        internal static List<double> Pair(double first, double second)
        {
            return Numbers(first, second);
        }

        private static List<double> Box(Rect bounds)
        {
            return Numbers(bounds.X, bounds.Y, bounds.Width, bounds.Height);
        }

        private static List<double>? BoundsOrNone(Rect? bounds)
        {
            return bounds == null || bounds.Value.IsEmpty ? null : Box(bounds.Value);
        }

        private static List<double> Sides(Thickness sides)
        {
            return Numbers(sides.Left, sides.Top, sides.Right, sides.Bottom);
        }

        private static List<double> Numbers(params double[] numbers)
        {
            var list = new List<double>(numbers.Length);
            foreach (var number in numbers)
            {
                list.Add(Finite(number));
            }
            return list;
        }

        /// <summary>JSON has no number for NaN and infinity.</summary>
        private static double Finite(double number)
        {
            if (double.IsNaN(number))
            {
                return 0;
            }
            return double.IsInfinity(number) ? (number > 0 ? double.MaxValue : double.MinValue) : number;
        }

        private static double? FiniteOrNone(double number)
        {
            return double.IsNaN(number) || double.IsInfinity(number) ? (double?)null : number;
        }
    }
}
