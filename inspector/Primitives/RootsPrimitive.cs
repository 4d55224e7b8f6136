// `roots`: where all trees of the application begin: windows, open popups, and WPF content in windows of other kinds, on every
// thread. A thread that hangs keeps its own roots back and nobody else's.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Windows;
using System.Windows.Controls.Primitives;
using System.Windows.Media;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Lists roots.</summary>
    internal static class RootsPrimitive
    {
        /// <summary>How long one thread may keep the others' roots waiting.</summary>
        private const int ThreadMs = 1_000;

        internal static RootsResult Run(Context context, Turn turn, RootsParams asked)
        {
            var operations = new List<(Dispatcher Dispatcher, Operation<List<Found>> Operation)>();
            foreach (var dispatcher in context.Dispatchers.All())
            {
                if (!dispatcher.HasShutdownStarted)
                {
                    operations.Add((dispatcher, context.Turns.Begin(dispatcher, turn, () => Here(context, asked.Hidden))));
                }
            }
            var clock = Stopwatch.StartNew();
            var budget = Math.Min(ThreadMs, turn.LeftMs * 3L / 4);
            var found = new List<Found>();
            var answered = 0;
            foreach (var (_, operation) in operations)
            {
                var left = (int)Math.Max(0, budget - clock.ElapsedMilliseconds);
                if (operation.Wait(left, turn.Cancelled))
                {
                    answered++;
                    found.AddRange(operation.Result());
                }
                else
                {
                    operation.TakeBack();
                }
            }
            if (answered == 0 && operations.Count > 0)
            {
                throw context.Turns.Busy(operations[0].Dispatcher, "does not answer");
            }
            return Told(context, found);
        }

        /// <summary>Windows first, the main window first of them; what is equal stays in its order.</summary>
        private static RootsResult Told(Context context, List<Found> found)
        {
            var result = new RootsResult();
            var table = context.Table();
            for (var rank = 0; rank < 3; rank++)
            {
                foreach (var one in found)
                {
                    var own = one.Row.IsMain ? 0 : one.Row.Kind == RootKind.Window ? 1 : 2;
                    if (own != rank)
                    {
                        continue;
                    }
                    if (result.Roots.Count == Limits.RootCap)
                    {
                        result.Cut++;
                        continue;
                    }
                    one.Row.Ty = table.Of(one.Type);
                    result.Roots.Add(one.Row);
                }
            }
            result.Types = table.Rows;
            return result;
        }

        /// <summary>The roots of this thread.</summary>
        private static List<Found> Here(Context context, bool withHidden)
        {
            var here = Dispatcher.CurrentDispatcher;
            var found = new List<Found>();
            var seen = new HashSet<Visual>();
            foreach (var source in Dispatchers.Sources())
            {
                if (source.Dispatcher != here)
                {
                    continue;
                }
                try
                {
                    if (source.RootVisual is { } root && seen.Add(root) && !IsOurs(root))
                    {
                        Add(context, found, root, source, withHidden);
                    }
                }
                catch (InvalidOperationException)
                {
                    // It is being closed, and so is no root any more.
                }
            }
            if (withHidden && Application.Current is { } application && application.Dispatcher == here)
            {
                foreach (Window? window in application.Windows)
                {
                    if (window != null && seen.Add(window))
                    {
                        Add(context, found, window, null, true);
                    }
                }
            }
            return found;
        }

        internal static bool IsOurs(Visual root) => LogicalTreeHelper.GetParent(root) is IOurs;

        private static void Add(
            Context context, List<Found> found, Visual root, PresentationSource? source, bool withHidden)
        {
            var isVisible = (root as UIElement)?.IsVisible ?? true;
            if (!isVisible && !withHidden)
            {
                return;
            }
            var window = root as Window;
            // The root of a popup is a type that WPF keeps to itself; its logical parent is the popup.
            var popup = window == null ? LogicalTreeHelper.GetParent(root) as Popup : null;
            var hwnd = Places.WindowOf(source);
            found.Add(new Found(root.GetType(), new Root
            {
                Handle = context.Handles.Of(root),
                Dispatcher = (uint)context.Dispatchers.IdOf(root.Dispatcher),
                Kind = window != null ? RootKind.Window : popup != null ? RootKind.Popup : RootKind.HwndSource,
                Hwnd = (ulong)hwnd.ToInt64(),
                Title = window != null && context.Holds(Limits.SensitiveReads)
                    ? Values.Cut(window.Title ?? "", Limits.TextCap)
                    : null,
                IsMain = window != null && IsMain(window),
                IsActive = window != null && window.IsActive,
                IsVisible = isVisible,
                IsDisabled = hwnd != IntPtr.Zero && !Native.IsWindowEnabled(hwnd),
                Owner = context.Handles.OfOrNone(window != null ? window.Owner : popup == null ? null : Window.GetWindow(popup)),
                Bounds = BoundsOf(hwnd),
                Dpi = Math.Round(96 * Places.ScaleOf(root), 2),
            }));
        }

        private static bool IsMain(Window window) =>
            Application.Current is { } application && application.Dispatcher == window.Dispatcher
            && application.MainWindow == window;

        private static List<double> BoundsOf(IntPtr hwnd) =>
            hwnd != IntPtr.Zero && Native.GetWindowRect(hwnd, out var edges)
                ? new List<double> { edges.Left, edges.Top, edges.Right - edges.Left, edges.Bottom - edges.Top }
                : new List<double> { 0, 0, 0, 0 };

        private sealed class Found
        {
            internal Found(Type type, Root row)
            {
                Type = type;
                Row = row;
            }

            internal Type Type { get; }

            internal Root Row { get; }
        }
    }
}
