// What the primitives ask of an element whatever its class: its name, its parents, the panel of its items. Walking whole trees
// lives with the primitive that does it.
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Media;
using System.Windows.Media.Media3D;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Questions about one element.</summary>
    internal static class Elements
    {
        /// <summary>Elements that are looked at for the panel of an items control.</summary>
        private const int HostSearchCap = 512;

        /// <summary>`x:Name`; none where there is none.</summary>
        internal static string? Name(DependencyObject? element)
        {
            var name = element is FrameworkElement framework ? framework.Name
                : element is FrameworkContentElement content ? content.Name : null;
            return string.IsNullOrEmpty(name) ? null : name;
        }

        /// <summary>The parent in the visual tree, and the logical one where that ends.</summary>
        internal static DependencyObject? Parent(DependencyObject element) => Trees.Parent(element, Axis.Ancestors);

        /// <summary>The parent by which resources are looked up: the logical one, and the visual one where there is none.</summary>
        internal static DependencyObject? ResourceParent(DependencyObject element)
        {
            var logical = LogicalParent(element);
            if (logical != null)
            {
                return logical;
            }
            return element is Visual || element is Visual3D ? VisualTreeHelper.GetParent(element) : null;
        }

        private static DependencyObject? LogicalParent(DependencyObject element)
        {
            switch (element)
            {
                case FrameworkElement framework: return framework.Parent ?? framework.TemplatedParent;
                case FrameworkContentElement content: return content.Parent ?? content.TemplatedParent;
                case ContentElement other: return ContentOperations.GetParent(other);
                default: return null;
            }
        }

        internal static DependencyObject? TemplatedParent(DependencyObject element)
        {
            return element is FrameworkElement framework ? framework.TemplatedParent
                : (element as FrameworkContentElement)?.TemplatedParent;
        }

        /// <summary>The panel that the items of a control lie in; none before its template is there.</summary>
        internal static Panel? ItemsHost(ItemsControl control)
        {
            var waiting = new Queue<DependencyObject>();
            waiting.Enqueue(control);
            for (var seen = 0; waiting.Count > 0 && seen < HostSearchCap; seen++)
            {
                var at = waiting.Dequeue();
                if (at is Panel panel && panel.IsItemsHost && ItemsControl.GetItemsOwner(panel) == control)
                {
                    return panel;
                }
                // The items' own content is no place to look in.
                if (at is Panel other && other.IsItemsHost)
                {
                    continue;
                }
                var count = VisualTreeHelper.GetChildrenCount(at);
                for (var i = 0; i < count && waiting.Count < HostSearchCap; i++)
                {
                    waiting.Enqueue(VisualTreeHelper.GetChild(at, i));
                }
            }
            return null;
        }

        /// <summary>What lies directly below an element: its visual children, then its logical ones that are none of these.</summary>
        internal static IEnumerable<DependencyObject> Children(DependencyObject element)
        {
            var isVisual = element is Visual || element is Visual3D;
            var count = isVisual ? VisualTreeHelper.GetChildrenCount(element) : 0;
            for (var i = 0; i < count; i++)
            {
                yield return VisualTreeHelper.GetChild(element, i);
            }
            if (!(element is FrameworkElement) && !(element is FrameworkContentElement))
            {
                yield break;
            }
            foreach (var child in LogicalTreeHelper.GetChildren(element))
            {
                // A visual child of something is met there; one that hangs in no visual tree, such as the page of a tab
                // that was never shown, is met here, and so is what a popup shows in a window of its own.
                if (!(element is Popup) && child is Visual visual && VisualTreeHelper.GetParent(visual) != null)
                {
                    continue;
                }
                if (child is DependencyObject other)
                {
                    yield return other;
                }
            }
        }
    }
}
