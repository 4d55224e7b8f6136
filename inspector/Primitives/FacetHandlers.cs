// The facet handlers: who listens to a routed event at an element, and for all elements of its type. WPF keeps both lists to
// itself, so they are read by reflection, and where this runtime has none it is said.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Lists handlers of routed events, and finds events by their names.</summary>
    internal static class FacetHandlers
    {
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;

        // Microsoft's published source of PresentationCore: UIElement.cs, ContentElement.cs, EventHandlersStore.cs,
        // GlobalEventManager.cs, RoutedEventHandlerInfo.cs.
        private static readonly PropertyInfo? ElementStore = typeof(UIElement).GetProperty("EventHandlersStore", Hidden);
        private static readonly PropertyInfo? ContentStore = typeof(ContentElement).GetProperty("EventHandlersStore", Hidden);
        private static readonly MethodInfo? OfStore = ElementStore?.PropertyType.GetMethod(
            "GetRoutedEventHandlers", Hidden | BindingFlags.Public, null, new[] { typeof(RoutedEvent) }, null);
        private static readonly MethodInfo? ClassListeners =
            typeof(UIElement).Assembly.GetType("System.Windows.GlobalEventManager")?.GetMethod(
                "GetDTypedClassListeners", BindingFlags.NonPublic | BindingFlags.Static, null,
                new[] { typeof(DependencyObjectType), typeof(RoutedEvent) }, null);
        private static readonly FieldInfo? ListenerHandlers =
            typeof(UIElement).Assembly.GetType("System.Windows.RoutedEventHandlerInfoList")?.GetField("Handlers", Hidden);
        private static readonly FieldInfo? ListenerNext =
            typeof(UIElement).Assembly.GetType("System.Windows.RoutedEventHandlerInfoList")?.GetField("Next", Hidden);

        /// <summary>Whether this runtime lets the handlers of an element be listed.</summary>
        internal static bool IsSupported { get; } = OfStore != null;

        internal static HandlersFacet Of(DependencyObject element, string name)
        {
            var routed = FindEvent(element, name);
            var facet = new HandlersFacet
            {
                Event = NameOf(routed),
                Strategy = routed.RoutingStrategy.ToString(),
                Supported = IsSupported,
            };
            if (!IsSupported)
            {
                return facet;
            }
            foreach (var handler in OwnHandlers(element, routed))
            {
                Add(facet, handler, false);
            }
            foreach (var handler in ClassHandlers(element, routed))
            {
                Add(facet, handler, true);
            }
            return facet;
        }

        private static void Add(HandlersFacet facet, RoutedEventHandlerInfo info, bool isClass)
        {
            if (facet.Handlers.Count >= Limits.FacetRowCap)
            {
                return;
            }
            var method = info.Handler.Method;
            facet.Handlers.Add(new HandlerRow
            {
                Handler = TypeNumbers.Short(info.Handler.GetType()),
                Target = TypeNumbers.Full(info.Handler.Target?.GetType() ?? method.DeclaringType ?? typeof(object)),
                Method = method.Name,
                IsClass = isClass,
                HandledToo = info.InvokeHandledEventsToo,
            });
        }

        /// <summary>Whether an element itself has a handler of an event.</summary>
        internal static bool Has(DependencyObject element, RoutedEvent routed)
        {
            foreach (var _ in OwnHandlers(element, routed))
            {
                return true;
            }
            return false;
        }

        private static IEnumerable<RoutedEventHandlerInfo> OwnHandlers(DependencyObject element, RoutedEvent routed)
        {
            var store = element is UIElement ? ElementStore!.GetValue(element)
                : element is ContentElement ? ContentStore?.GetValue(element) : null;
            return store == null || !(OfStore!.Invoke(store, new object[] { routed }) is RoutedEventHandlerInfo[] found)
                ? Array.Empty<RoutedEventHandlerInfo>() : found;
        }

        private static List<RoutedEventHandlerInfo> ClassHandlers(DependencyObject element, RoutedEvent routed)
        {
            var found = new List<RoutedEventHandlerInfo>();
            if (ClassListeners == null || ListenerHandlers == null || ListenerNext == null)
            {
                return found;
            }
            var type = DependencyObjectType.FromSystemType(element.GetType());
            var list = ClassListeners.Invoke(null, new object[] { type, routed });
            for (; list != null && found.Count < Limits.FacetRowCap; list = ListenerNext.GetValue(list))
            {
                if (ListenerHandlers.GetValue(list) is RoutedEventHandlerInfo[] handlers)
                {
                    found.AddRange(handlers);
                }
            }
            return found;
        }

        /// <summary>`ButtonBase.Click`.</summary>
        internal static string NameOf(RoutedEvent routed)
        {
            return routed.OwnerType.Name + "." + routed.Name;
        }

        /// <summary>
        /// The routed event of a name: `Click`, `ButtonBase.Click`, or with the full name of its owner. A plain name means the
        /// one that the element's own type has, or else the only one of that name.
        /// </summary>
        internal static RoutedEvent FindEvent(DependencyObject element, string name)
        {
            var dot = name.LastIndexOf('.');
            var (owner, plain) = dot < 0 ? ("", name) : (name.Substring(0, dot), name.Substring(dot + 1));
            var named = new List<RoutedEvent>();
            foreach (var routed in EventManager.GetRoutedEvents())
            {
                if (routed.Name != plain)
                {
                    continue;
                }
                if (owner.Length == 0 || routed.OwnerType.Name == owner || routed.OwnerType.FullName == owner)
                {
                    named.Add(routed);
                }
            }
            for (Type? type = element.GetType(); type != null && named.Count > 1; type = type.BaseType)
            {
                foreach (var routed in named)
                {
                    if (routed.OwnerType == type || OwnsToo(type, routed))
                    {
                        return routed;
                    }
                }
            }
            if (named.Count == 1)
            {
                return named[0];
            }
            throw named.Count > 1
                ? WireException.NotFound("several routed events have that name; write the type before it", named.ConvertAll(NameOf))
                : WireException.NotFound("no routed event has that name", Nearest(OfType(element), plain));
        }

        private static List<string> Nearest(List<RoutedEvent> events, string plain)
        {
            var names = new List<string>();
            foreach (var name in PropertyFinder.Nearest(events.ConvertAll(routed => routed.Name), plain))
            {
                foreach (var routed in events)
                {
                    if (routed.Name == name && !names.Contains(NameOf(routed)))
                    {
                        names.Add(NameOf(routed));
                    }
                }
            }
            return names;
        }

        private static bool OwnsToo(Type type, RoutedEvent routed)
        {
            foreach (var owned in OfOwner(type))
            {
                if (owned == routed)
                {
                    return true;
                }
            }
            return false;
        }

        private static RoutedEvent[] OfOwner(Type type)
        {
            return EventManager.GetRoutedEventsForOwner(type) ?? Array.Empty<RoutedEvent>();
        }

        private static List<RoutedEvent> OfType(DependencyObject element)
        {
            var found = new List<RoutedEvent>();
            for (Type? type = element.GetType(); type != null; type = type.BaseType)
            {
                found.AddRange(OfOwner(type));
            }
            return found;
        }
    }
}
