// The elements and objects that a request names, with the threads on which they are touched.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Media;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>An object that was named, and whether the way to it says that it is a secret.</summary>
    internal sealed class NamedObject
    {
        internal NamedObject(object? value, bool isSecret, DependencyObject? via)
        {
            Value = value;
            IsSecret = isSecret;
            Via = via;
        }

        internal object? Value { get; }

        internal bool IsSecret { get; }

        /// <summary>The element through which it was reached.</summary>
        internal DependencyObject? Via { get; }
    }

    /// <summary>Finds what requests name.</summary>
    internal static class Targets
    {
        /// <summary>The named elements, or the main window where none is.</summary>
        internal static List<(Dispatcher Thread, DependencyObject Element)> Elements(Context context, Turn turn, List<ulong> handles)
        {
            var found = new List<(Dispatcher, DependencyObject)>();
            foreach (var handle in handles)
            {
                found.Add(Element(context, turn, handle));
            }
            if (handles.Count == 0)
            {
                found.Add(Element(context, turn, null));
            }
            return found;
        }

        /// <summary>The named element, or the main window.</summary>
        internal static (Dispatcher Thread, DependencyObject Element) Element(Context context, Turn turn, ulong? handle)
        {
            var thread = context.ThreadOf(handle);
            var element = handle != null
                ? context.Handles.Resolve<DependencyObject>(handle.Value)
                : context.Turns.Run(thread, turn, () => context.Element<DependencyObject>(null));
            return (thread, element);
        }

        /// <summary>The thread of a handle; for one whose object is gone any, so that the answer can say so.</summary>
        internal static Dispatcher ThreadOf(Context context, ulong? handle)
        {
            return context.ThreadOf(handle == null || context.Handles.TryResolve(handle.Value) == null ? null : handle);
        }

        /// <summary>What this thread shows: windows, popups and others, without what the inspector itself shows.</summary>
        internal static List<Visual> Roots()
        {
            var roots = new List<Visual>();
            foreach (var source in Dispatchers.Sources())
            {
                var isHere = source.Dispatcher == Dispatcher.CurrentDispatcher;
                if (isHere && source.RootVisual is { } root && !RootsPrimitive.IsOurs(root))
                {
                    roots.Add(root);
                }
            }
            return roots;
        }

        /// <summary>The object that a reference means. Asked on its thread.</summary>
        /// <exception cref="WireException">There is no such element, or a step of the path has no such property.</exception>
        internal static NamedObject Object(Context context, ObjectRef reference)
        {
            Caps.Ask("path", reference.Path.Count, Limits.PathCap);
            object? at = reference.Handle == null
                ? context.Element<DependencyObject>(null) : context.Handles.Resolve<object>(reference.Handle.Value);
            var via = at as DependencyObject;
            if (reference.DataContext)
            {
                at = via is FrameworkElement || via is FrameworkContentElement
                    ? via.GetValue(FrameworkElement.DataContextProperty)
                    : throw new WireException(ErrorCode.WrongKind, "the object is no element with a data context");
            }
            var isSecret = false;
            foreach (var name in reference.Path)
            {
                if (at == null)
                {
                    throw WireException.NotFound("the object before `" + name + "` is null", Array.Empty<string>());
                }
                isSecret |= Redaction.IsSecretMember(at, name);
                var member = Members.Find(at, name);
                if (member == null)
                {
                    throw WireException.NotFound(
                        TypeNumbers.Short(at.GetType()) + " has no property `" + name + "`",
                        PropertyFinder.Nearest(Members.Names(at), name));
                }
                if (!member.CanRead)
                {
                    throw new WireException(ErrorCode.NotFound, "`" + name + "` cannot be read");
                }
                at = member.Read(at);
            }
            return new NamedObject(at, isSecret || Redaction.IsSecretValue(at), via);
        }

        /// <summary>A member of the object that a reference means, with that object. Asked on its thread.</summary>
        internal static (NamedObject Named, object Owner, Member Member) Member(Context context, ObjectRef reference, string name)
        {
            var named = Object(context, reference);
            var owner = named.Value ?? throw WireException.NotFound("the object is null", Array.Empty<string>());
            var member = Members.Find(owner, name) ?? throw WireException.NotFound(
                TypeNumbers.Short(owner.GetType()) + " has no property `" + name + "`",
                PropertyFinder.Nearest(Members.Names(owner), name));
            var isSecret = named.IsSecret || Redaction.IsSecretMember(owner, name);
            return (new NamedObject(owner, isSecret, named.Via), owner, member);
        }
    }
}
