// `walk`: elements along an axis, in turns that let the application go on, within levels, nodes, time and bytes. What is left
// out is told with its reason. What is told of one element is read elsewhere.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Walks trees.</summary>
    internal sealed class WalkPrimitive
    {
        /// <summary>What of a frame is left to the types and the envelope.</summary>
        private const int EnvelopeBytes = 512 * 1024;
        /// <summary>Characters of a name or text that is looked for.</summary>
        private const int WantedCap = 8_192;

        private readonly WalkParams asked;
        private readonly WalkResult result = new WalkResult();
        private readonly NodeReader reader;
        private readonly Stopwatch onThread = new Stopwatch();
        private readonly Stack<Place> open = new Stack<Place>();
        private readonly List<object> children = new List<object>();
        private bool isFull;

        private WalkPrimitive(Context context, WalkParams asked, TypeTable types)
        {
            this.asked = asked;
            reader = new NodeReader(context, asked, types);
        }

        internal static WalkResult Run(Context context, Turn turn, WalkParams asked)
        {
            Check(asked);
            var types = context.Table();
            var walk = new WalkPrimitive(context, asked, types);
            foreach (var (dispatcher, from) in Beginnings(context, asked))
            {
                if (walk.isFull)
                {
                    break;
                }
                var begun = false;
                context.Turns.Steps(dispatcher, turn, slice =>
                {
                    if (!begun)
                    {
                        begun = true;
                        walk.Begin(context, from);
                    }
                    return walk.Go(slice);
                });
            }
            foreach (var node in walk.result.Nodes)
            {
                // Until here it counted those that are listed.
                node.Om = asked.Find != null || node.Cc < node.Om ? 0 : node.Cc - node.Om;
            }
            walk.result.Types = types.Rows;
            return walk.result;
        }

        private static void Check(WalkParams asked)
        {
            Caps.Ask("from", asked.From.Count, Limits.FromCap);
            Caps.Ask("depth", asked.Depth, Limits.DepthCap);
            Caps.Ask("max", asked.Max, Limits.NodeCap);
            Caps.Ask("maxChildren", asked.MaxChildren, Limits.ChildCap);
            Caps.Ask("props", asked.Props.Count, Limits.NodePropsCap);
            Caps.Ask("visit", asked.Visit, Limits.VisitCap);
            Caps.Ask("ms", asked.Ms, Limits.WalkTimeCapMs);
            Caps.Ask("text", asked.Text, Limits.TextCap);
            if (asked.Find is { } find)
            {
                Caps.Ask("find.types", find.Types.Count, Limits.FromCap);
                foreach (var text in new[] { find.Name, find.AutomationId, find.Property, find.Value, find.Query })
                {
                    Caps.Ask("a text of find", text?.Length ?? 0, WantedCap);
                }
                if (find.Value != null && find.Property == null)
                {
                    throw WireException.Bad("find.value needs find.property");
                }
            }
        }

        /// <summary>Where it begins, in order, those that follow each other on one thread together.</summary>
        private static IEnumerable<(Dispatcher Dispatcher, List<ulong?> From)> Beginnings(Context context, WalkParams asked)
        {
            if (asked.From.Count == 0)
            {
                yield return (context.ThreadOf(null), new List<ulong?> { null });
                yield break;
            }
            List<ulong?>? group = null;
            Dispatcher? last = null;
            foreach (var handle in asked.From)
            {
                var dispatcher = context.Handles.DispatcherOf(handle);
                if (group != null && dispatcher != last)
                {
                    yield return (last!, group);
                    group = null;
                }
                (group ??= new List<ulong?>()).Add(handle);
                last = dispatcher;
            }
            if (group != null)
            {
                yield return (last!, group);
            }
        }

        private void Begin(Context context, List<ulong?> from)
        {
            // The first is on top of the stack, and so comes first.
            for (var at = from.Count - 1; at >= 0; at--)
            {
                var element = context.Element<DependencyObject>(from[at]);
                open.Push(new Place(element, element, null, null, 0));
                if (asked.Axis == Axis.Visual && asked.From.Count <= 1)
                {
                    result.Within = Places.Within(element);
                }
            }
        }

        /// <summary>Goes on for a while; true when there is nothing left to look at.</summary>
        private bool Go(Slice slice)
        {
            onThread.Start();
            reader.GoOn();
            try
            {
                while (open.Count > 0 && !isFull)
                {
                    Visit(open.Pop());
                    if (slice.IsOver)
                    {
                        break;
                    }
                }
                return open.Count == 0 || isFull;
            }
            finally
            {
                onThread.Stop();
            }
        }

        private void Visit(Place place)
        {
            if (result.Visited >= asked.Visit)
            {
                Full(CutReason.Visits);
                return;
            }
            if (onThread.ElapsedMilliseconds >= asked.Ms)
            {
                Full(CutReason.Time);
                return;
            }
            result.Visited++;
            var isWanted = asked.Find == null || reader.Fits(place.Target, place.Owner, asked.Find);
            uint? index = null;
            Node? node = null;
            if (isWanted)
            {
                if (result.Nodes.Count >= asked.Max)
                {
                    Full(CutReason.Nodes);
                    return;
                }
                node = reader.Read(place.Target, place.Owner);
                if (reader.Bytes > Limits.FrameCap - EnvelopeBytes)
                {
                    Full(CutReason.Bytes);
                    return;
                }
                node.D = place.Depth;
                if (asked.Find == null)
                {
                    node.P = place.Parent;
                    index = (uint)result.Nodes.Count;
                    if (place.Parent is { } parent)
                    {
                        result.Nodes[(int)parent].Om++;
                    }
                }
                result.Nodes.Add(node);
            }
            if (place.Target is DependencyObject element)
            {
                Go(place, element, node, index);
            }
        }

        /// <summary>What comes after an element: its parent, or its children.</summary>
        private void Go(Place place, DependencyObject element, Node? node, uint? index)
        {
            if (asked.Axis == Axis.Ancestors || asked.Axis == Axis.LogicalAncestors)
            {
                if (!(Trees.Parent(element, asked.Axis) is { } parent))
                {
                    return;
                }
                if (place.Depth >= asked.Depth)
                {
                    Cut(CutReason.Depth);
                    return;
                }
                open.Push(new Place(parent, place.Top, null, null, place.Depth + 1));
                return;
            }
            var isDeepest = place.Depth >= asked.Depth;
            var count = Children(element, place.Top, isDeepest ? 0 : (int)asked.MaxChildren);
            if (node != null)
            {
                node.Cc = (uint)count;
            }
            if (count > children.Count && asked.Axis != Axis.Items)
            {
                Cut(isDeepest ? CutReason.Depth : CutReason.Children);
            }
            else if (asked.Axis == Axis.Items && children.Count == asked.MaxChildren && count > children.Count)
            {
                Cut(CutReason.Children);
            }
            for (var at = children.Count - 1; at >= 0; at--)
            {
                open.Push(new Place(children[at], place.Top, element, index, place.Depth + 1));
            }
        }

        /// <summary>The children, those that there were when code of the application threw at the question.</summary>
        private int Children(DependencyObject element, DependencyObject top, int cap)
        {
            try
            {
                return Trees.Children(element, asked.Axis, top, cap, children);
            }
            catch (Exception e) when (!(e is WireException))
            {
                return children.Count;
            }
        }

        private void Full(CutReason reason)
        {
            isFull = true;
            open.Clear();
            Cut(reason);
        }

        private void Cut(CutReason reason)
        {
            if (!result.Cut.Contains(reason))
            {
                result.Cut.Add(reason);
            }
        }

        /// <summary>Something that is still to be looked at.</summary>
        private readonly struct Place
        {
            internal Place(object target, DependencyObject top, DependencyObject? owner, uint? parent, uint depth)
            {
                Target = target;
                Top = top;
                Owner = owner;
                Parent = parent;
                Depth = depth;
            }

            internal object Target { get; }

            internal DependencyObject Top { get; }

            /// <summary>The element whose child it is; none for a beginning, and on the way up.</summary>
            internal DependencyObject? Owner { get; }

            internal uint? Parent { get; }

            internal uint Depth { get; }
        }
    }
}
