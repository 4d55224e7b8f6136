// Whether an element can be acted on as a person could: what keeps it from that is told by name, and nothing is done.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Interop;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Refuses acts on what is in no state for them.</summary>
    internal static class Readiness
    {
        /// <exception cref="WireException">It is disabled, hidden, not loaded, or behind a modal window.</exception>
        internal static void Require(DependencyObject element, bool needsFocus = false)
        {
            var blockers = new List<string>();
            var input = element as IInputElement;
            if (input != null && !input.IsEnabled)
            {
                blockers.Add("disabled");
            }
            var shown = Shown(element);
            if (shown != null && !shown.IsVisible)
            {
                blockers.Add("hidden");
            }
            if (!IsLoaded(element))
            {
                blockers.Add("notLoaded");
            }
            if (needsFocus && input != null && !input.Focusable)
            {
                blockers.Add("notFocusable");
            }
            if (shown != null && PresentationSource.FromVisual(shown) is HwndSource source && source.Handle != IntPtr.Zero
                && !Native.IsWindowEnabled(source.Handle))
            {
                blockers.Add("modal");
            }
            if (blockers.Count > 0)
            {
                throw Refused(blockers.ToArray());
            }
        }

        internal static WireException Refused(params string[] blockers) => new WireException(
            ErrorCode.NotReady, "the element is in no state for it: " + string.Join(", ", blockers), ("blockers", Json.Of(blockers)));

        private static bool IsLoaded(DependencyObject element) =>
            element is FrameworkElement framework ? framework.IsLoaded
            : element is FrameworkContentElement content ? content.IsLoaded : true;

        /// <summary>The element itself, or what shows it.</summary>
        private static UIElement? Shown(DependencyObject element)
        {
            for (DependencyObject? at = element; at != null; at = Elements.Parent(at))
            {
                if (at is UIElement shown)
                {
                    return shown;
                }
            }
            return null;
        }
    }
}
