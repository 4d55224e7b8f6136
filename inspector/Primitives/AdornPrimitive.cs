// `adorn`: marks elements on the screen for a while, by an adorner where there is a layer for it, else by a popup over the
// element. A mark takes no input, and goes by itself, with the session, or when all are taken away.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Documents;
using System.Windows.Media;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Marks elements.</summary>
    internal sealed class AdornPrimitive : IPart
    {
        private const double Line = 2;
        private const byte FillOpacity = 48;

        private readonly Context context;
        private readonly object guard = new object();
        private readonly HashSet<Hook> marks = new HashSet<Hook>();

        private AdornPrimitive(Context context)
        {
            this.context = context;
        }

        internal static AdornResult Run(Context context, Turn turn, AdornParams asked) =>
            context.Part(made => new AdornPrimitive(made)).Run(turn, asked);

        /// <summary>The marks are hooks, and go with them.</summary>
        public void End()
        {
        }

        private AdornResult Run(Turn turn, AdornParams asked)
        {
            Caps.Ask("ms", asked.Ms, Limits.MarkTimeCapMs);
            if (asked.Handle == null)
            {
                Clear(turn);
                return new AdornResult { Marks = Count };
            }
            var color = Parsed(asked.Color);
            return context.Turns.Run(context.ThreadOf(asked.Handle), turn, () =>
            {
                var element = context.Handles.Resolve<UIElement>(asked.Handle.Value);
                if (Count >= Limits.MarkCap)
                {
                    throw new WireException(ErrorCode.Full, Limits.MarkCap + " marks are on the screen, which are the most");
                }
                var surface = Mark(element, color, asked.Ms);
                var table = context.Table();
                return new AdornResult
                {
                    Surface = surface, Ty = table.Of(element.GetType()), Marks = Count, Types = table.Rows,
                };
            });
        }

        private uint Count
        {
            get
            {
                lock (guard)
                {
                    return (uint)marks.Count;
                }
            }
        }

        private static Color Parsed(string text)
        {
            Conversion.RefuseWhatIsLoaded(text, typeof(Color));
            try
            {
                if (ColorConverter.ConvertFromString(text) is Color color)
                {
                    return color;
                }
            }
            catch (Exception e) when (e is FormatException || e is NotSupportedException)
            {
            }
            throw new WireException(
                ErrorCode.ConvertFailed,
                "color is none that XAML knows, as in `Red` or `#80FF0000`",
                ("targetType", Json.Of("System.Windows.Media.Color")));
        }

        private string Mark(UIElement element, Color color, uint ms)
        {
            if (!element.IsVisible)
            {
                throw new WireException(
                    ErrorCode.NotReady, "the element is not visible", ("blockers", Json.Of(new[] { "notVisible" })));
            }
            var pen = new Pen(Frozen(color), Line);
            pen.Freeze();
            var fill = Frozen(Color.FromArgb(FillOpacity, color.R, color.G, color.B));
            if (element is FrameworkElement && AdornerLayer.GetAdornerLayer(element) is { } layer)
            {
                var mark = new MarkAdorner(element, pen, fill);
                layer.Add(mark);
                Keep(element.Dispatcher, () => layer.Remove(mark), ms);
                return "adorner";
            }
            var popup = new MarkPopup
            {
                PlacementTarget = element,
                Placement = PlacementMode.Relative,
                AllowsTransparency = true,
                StaysOpen = true,
                Focusable = false,
                IsHitTestVisible = false,
                Child = new Border
                {
                    Width = element.RenderSize.Width, Height = element.RenderSize.Height, BorderThickness = new Thickness(Line),
                    BorderBrush = pen.Brush, Background = fill, IsHitTestVisible = false,
                },
            };
            popup.IsOpen = true;
            Keep(element.Dispatcher, () => popup.IsOpen = false, ms);
            return "popup";
        }

        private static Brush Frozen(Color color)
        {
            var brush = new SolidColorBrush(color);
            brush.Freeze();
            return brush;
        }

        /// <summary>Writes the mark down, and has it removed when its time is over. On its thread.</summary>
        private void Keep(Dispatcher dispatcher, Action remove, uint ms)
        {
            Hook? hook = null;
            var timer = new DispatcherTimer(DispatcherPriority.Normal, dispatcher)
            {
                Interval = TimeSpan.FromMilliseconds(Math.Max(1, ms)),
            };
            hook = context.Hooks.Add(dispatcher, () =>
            {
                timer.Stop();
                lock (guard)
                {
                    marks.Remove(hook!);
                }
                remove();
            });
            lock (guard)
            {
                if (!hook.IsRemoved)
                {
                    marks.Add(hook);
                }
            }
            timer.Tick += (_, __) => context.Hooks.RemoveHere(hook);
            timer.Start();
        }

        private void Clear(Turn turn)
        {
            List<Hook> all;
            lock (guard)
            {
                all = new List<Hook>(marks);
            }
            context.Hooks.Remove(all, turn.LeftMs);
        }

        /// <summary>A frame over an element, which takes no input.</summary>
        private sealed class MarkAdorner : Adorner, IOurs
        {
            private readonly Pen pen;
            private readonly Brush fill;

            internal MarkAdorner(UIElement element, Pen pen, Brush fill)
                : base(element)
            {
                this.pen = pen;
                this.fill = fill;
                IsHitTestVisible = false;
            }

            protected override void OnRender(DrawingContext drawing)
            {
                var inside = new Rect(AdornedElement.RenderSize);
                if (inside.Width > Line && inside.Height > Line)
                {
                    inside.Inflate(-Line / 2, -Line / 2);
                }
                drawing.DrawRectangle(fill, pen, inside);
            }
        }

        /// <summary>A window of its own over an element that has no layer for adorners.</summary>
        private sealed class MarkPopup : Popup, IOurs
        {
        }
    }
}
