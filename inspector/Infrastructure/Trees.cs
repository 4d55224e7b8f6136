// The ways through the trees of an application: children and parents on each axis. What is told of an element is not said
// here; what the inspector itself shows is on none of the ways.
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Media;
using System.Windows.Media.Media3D;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Goes through trees, on the thread of the elements.</summary>
    internal static class Trees
    {
        /// <summary>
        /// The children of an element on an axis that goes down, at most `cap` of them, and how many there are in all. `top` is
        /// where the walk began, whose template an axis may keep to.
        /// </summary>
        internal static int Children(DependencyObject element, Axis axis, DependencyObject top, int cap, List<object> found)
        {
            found.Clear();
            switch (axis)
            {
                case Axis.Visual:
                    return Visual(element, null, cap, found);
                case Axis.Template:
                    return Visual(element, top, cap, found);
                case Axis.Logical:
                    return Logical(element, cap, found);
                case Axis.Items:
                    return element == top ? Items(element, cap, found) : 0;
                default:
                    return 0;
            }
        }

        /// <summary>The next element upwards; none at the top.</summary>
        internal static DependencyObject? Parent(DependencyObject element, Axis axis)
        {
            if (axis == Axis.LogicalAncestors)
            {
                return LogicalTreeHelper.GetParent(element);
            }
            var visual = element is Visual || element is Visual3D ? VisualTreeHelper.GetParent(element) : null;
            return visual ?? LogicalTreeHelper.GetParent(element)
                ?? (element as FrameworkContentElement)?.TemplatedParent ?? ContentOperations(element);
        }

        /// <summary>What a content element was put into, where that is neither of the trees.</summary>
        private static DependencyObject? ContentOperations(DependencyObject element) =>
            element is ContentElement content ? System.Windows.ContentOperations.GetParent(content) : null;

        private static int Visual(DependencyObject element, DependencyObject? templateOf, int cap, List<object> found)
        {
            if (!(element is Visual) && !(element is Visual3D))
            {
                return 0;
            }
            var count = VisualTreeHelper.GetChildrenCount(element);
            var fit = 0;
            for (var at = 0; at < count; at++)
            {
                var child = VisualTreeHelper.GetChild(element, at);
                if (child is IOurs || (templateOf != null && (child as FrameworkElement)?.TemplatedParent != templateOf))
                {
                    continue;
                }
                fit++;
                if (found.Count < cap)
                {
                    found.Add(child);
                }
            }
            return fit;
        }

        private static int Logical(DependencyObject element, int cap, List<object> found)
        {
            var count = 0;
            foreach (var child in LogicalTreeHelper.GetChildren(element))
            {
                if (child == null || child is IOurs)
                {
                    continue;
                }
                count++;
                if (found.Count < cap)
                {
                    found.Add(child);
                }
                else if (count >= Limits.ChildCap)
                {
                    break;
                }
            }
            return count;
        }

        private static int Items(DependencyObject element, int cap, List<object> found)
        {
            if (!(element is ItemsControl control))
            {
                throw new WireException(
                    ErrorCode.WrongKind, "the element is no ItemsControl", ("type", Json.Of(element.GetType().Name)));
            }
            var count = control.Items.Count;
            // Containers are asked for by their places; of a long list only those that are made exist.
            for (var at = 0; at < count && at < Limits.VisitCap && found.Count < cap; at++)
            {
                if (control.ItemContainerGenerator.ContainerFromIndex(at) is { } container)
                {
                    found.Add(container);
                }
            }
            return count;
        }
    }
}
