// `layout`: has an element measured, arranged or drawn again, and tells how long the application's layout took for it.
using System.Diagnostics;
using System.Windows;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Lays elements out.</summary>
    internal static class LayoutPrimitive
    {
        internal static LayoutResult Run(Context context, Turn turn, LayoutParams asked)
        {
            if (asked.Repeat < 1 || asked.Repeat > Limits.RepeatCap)
            {
                throw WireException.Bad("repeat is " + asked.Repeat + ", where 1 to " + Limits.RepeatCap + " are allowed");
            }
            return context.Turns.Run(context.ThreadOf(asked.Handle), turn, () =>
            {
                if (Turns.IsNested)
                {
                    throw new WireException(ErrorCode.NotReady, "other work of the session is not done on this thread");
                }
                var element = context.Element<UIElement>(asked.Handle);
                var table = context.Table();
                var result = new LayoutResult { Ty = table.Of(element.GetType()) };
                for (var time = 0; time < asked.Repeat; time++)
                {
                    var clock = Stopwatch.StartNew();
                    if (asked.Measure)
                    {
                        element.InvalidateMeasure();
                    }
                    if (asked.Arrange)
                    {
                        element.InvalidateArrange();
                    }
                    if (asked.Visual)
                    {
                        element.InvalidateVisual();
                    }
                    element.UpdateLayout();
                    result.Ms.Add(clock.Elapsed.TotalMilliseconds);
                }
                result.MeasureValid = element.IsMeasureValid;
                result.ArrangeValid = element.IsArrangeValid;
                result.Types = table.Rows;
                return result;
            });
        }
    }
}
