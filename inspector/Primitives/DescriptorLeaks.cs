// Bindings to plain properties: WPF listens to such a property through the descriptor of its type, which holds the object for as
// long as that, so that an object whose binding is gone stays in memory. The tables are the runtime's own, read by reflection.
using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Reflection;
using System.Windows;
using System.Windows.Media;
using System.Windows.Data;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>What the descriptor of one property keeps.</summary>
    internal sealed class KeptByDescriptor
    {
        internal KeptByDescriptor(Type type, string property)
        {
            Type = type;
            Property = property;
        }

        internal Type Type { get; }

        internal string Property { get; }

        /// <summary>Objects that the descriptor keeps.</summary>
        internal uint Objects { get; set; }

        /// <summary>Those of them that no binding listens to any more, or of elements that are in no window.</summary>
        internal uint Dead { get; set; }

        /// <summary>Bindings that listen.</summary>
        internal uint Alive { get; set; }
    }

    /// <summary>Reads the tables.</summary>
    internal static class DescriptorLeaks
    {
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Public;
        private const BindingFlags HiddenStatic = BindingFlags.NonPublic | BindingFlags.Static;
        /// <summary>Tries to read a table that threads of the application may be writing.</summary>
        private const int Tries = 3;

        // Microsoft's published sources: ReflectTypeDescriptionProvider.cs and PropertyDescriptor.cs, whose fields have other
        // names in .NET Framework; ValueChangedEventManager.cs and WeakEventManager.cs of WPF.
        private static readonly Type? Provider =
            typeof(TypeDescriptor).Assembly.GetType("System.ComponentModel.ReflectTypeDescriptionProvider");
        private static readonly FieldInfo? Cache =
            Provider?.GetField("s_propertyCache", HiddenStatic) ?? Provider?.GetField("_propertyCache", HiddenStatic);
        private static readonly FieldInfo? Handlers =
            typeof(PropertyDescriptor).GetField("_valueChangedHandlers", Hidden)
            ?? typeof(PropertyDescriptor).GetField("valueChangedHandlers", Hidden);
        private static readonly Type? Record =
            typeof(FrameworkElement).Assembly.GetType("MS.Internal.Data.ValueChangedEventManager+ValueChangedRecord");
        private static readonly FieldInfo? Listeners = Record?.GetField("_listeners", Hidden);
        private static readonly Type? ListenerList = typeof(WeakEventManager).GetNestedType("ListenerList", Hidden);
        private static readonly PropertyInfo? Count = ListenerList?.GetProperty("Count", Hidden);
        private static readonly MethodInfo? Listener = ListenerList?.GetMethod("GetListener", Hidden);
        private static readonly PropertyInfo? Target = Listener?.ReturnType.GetProperty("Target", Hidden);

        // PropertyPathWorker.cs and BindingWorker.cs: who listens knows the binding, and that its element.
        private static readonly FieldInfo? Host = typeof(FrameworkElement).Assembly
            .GetType("MS.Internal.Data.PropertyPathWorker")?.GetField("_host", Hidden);
        private static readonly PropertyInfo? Parent = Host?.FieldType.GetProperty("ParentBindingExpression", Hidden);

        /// <summary>Whether this runtime has the tables as known.</summary>
        internal static bool IsSupported { get; } =
            Cache != null && Handlers != null && Listeners != null && Count != null && Listener != null && Target != null;

        /// <summary>What descriptors keep now. Read on a thread with a dispatcher, since bindings listen there.</summary>
        internal static List<KeptByDescriptor> Read()
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return ReadOnce();
                }
                catch (InvalidOperationException) when (tries < Tries)
                {
                    // A thread of the application has just added a type.
                }
            }
        }

        private static List<KeptByDescriptor> ReadOnce()
        {
            var found = new List<KeptByDescriptor>();
            if (!(Cache!.GetValue(null) is IDictionary cache))
            {
                return found;
            }
            foreach (var descriptors in cache.Values)
            {
                foreach (var descriptor in descriptors as PropertyDescriptor[] ?? Array.Empty<PropertyDescriptor>())
                {
                    if (Handlers!.GetValue(descriptor) is IDictionary handlers && handlers.Count > 0)
                    {
                        Add(found, descriptor, handlers);
                    }
                }
            }
            return found;
        }

        private static void Add(List<KeptByDescriptor> found, PropertyDescriptor descriptor, IDictionary handlers)
        {
            var kept = new KeptByDescriptor(descriptor.ComponentType, descriptor.Name);
            foreach (var handler in handlers.Values)
            {
                var isBinding = false;
                uint alive = 0, shown = 0;
                foreach (var one in (handler as Delegate)?.GetInvocationList() ?? Array.Empty<Delegate>())
                {
                    if (one.Target != null && one.Target.GetType() == Record)
                    {
                        isBinding = true;
                        alive += AliveIn(Listeners!.GetValue(one.Target), ref shown);
                    }
                }
                if (isBinding)
                {
                    kept.Objects++;
                    kept.Alive += alive;
                    kept.Dead += shown == 0 ? 1u : 0u;
                }
            }
            if (kept.Objects > 0)
            {
                found.Add(kept);
            }
        }

        private static uint AliveIn(object? listeners, ref uint shown)
        {
            uint alive = 0;
            var count = listeners == null ? 0 : (int)Count!.GetValue(listeners)!;
            for (var i = 0; i < count; i++)
            {
                var listener = Listener!.Invoke(listeners, new object[] { i });
                var target = Target!.GetValue(listener);
                if (target != null)
                {
                    alive++;
                    shown += IsLost(target) ? 0u : 1u;
                }
            }
            return alive;
        }

        /// <summary>
        /// Whether the element of a binding was taken out of every window. The descriptor keeps its source, and a source that
        /// knows the element keeps that: it listens for ever and is never seen again.
        /// </summary>
        private static bool IsLost(object listener)
        {
            if (Host == null || listener.GetType() != Host.DeclaringType || !(Host.GetValue(listener) is { } worker)
                || !((Parent?.GetValue(worker) as BindingExpression)?.Target is FrameworkElement element) || !element.CheckAccess())
            {
                return false;
            }
            DependencyObject top = element;
            for (var above = Elements.Parent(top); above != null; above = Elements.Parent(top))
            {
                top = above;
            }
            return !(top is Window) && (!(top is Visual visual) || PresentationSource.FromVisual(visual) == null);
        }
    }
}
