// Failures of bindings as WPF tells them: with the binding itself where the runtime has that, else by the source that WPF traces
// to. Its messages hold values of the application, so that none of them leaves; what failed is told by its number and name.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Windows;
using System.Windows.Data;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Listens for failures of bindings.</summary>
    internal sealed class BindingFailures
    {
        // Microsoft's published source of PresentationFramework: System/Windows/Diagnostics/BindingDiagnostics.cs, of .NET 5 and
        // later. It tells nothing unless diagnostics were on when the process began.
        private static readonly Type? Diagnostics =
            typeof(FrameworkElement).Assembly.GetType("System.Windows.Diagnostics.BindingDiagnostics", false);
        private static readonly EventInfo? Failed = Diagnostics?.GetEvent("BindingFailed", BindingFlags.Public | BindingFlags.Static);
        private static readonly PropertyInfo? IsOn = Diagnostics?.GetProperty(
            "IsEnabled", BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Static);

        /// <summary>What WPF's numbers of failures mean; AvTraceMessages.txt of PresentationFramework.</summary>
        private static readonly Dictionary<int, string> Names = new Dictionary<int, string>
        {
            [1] = "NoDefaultConverter", [2] = "NoMentor", [3] = "NoDataContext", [4] = "NoSource", [5] = "BadValueForTarget",
            [6] = "ConverterFailed", [7] = "ConvertBackFailed", [8] = "SourceUpdateFailed", [10] = "NoValue",
            [11] = "FallbackFailed", [12] = "NullValueFailed", [17] = "GetterThrew", [19] = "SourceUpdateFailed",
            [22] = "ConversionFailed", [23] = "ConversionFailed", [35] = "MissingDataItem", [36] = "MissingInfo",
            [39] = "NullDataItem", [40] = "PathError", [41] = "NullItemOnPath",
        };

        /// <summary>What a message tells. Made with the first one, which most applications never send.</summary>
        private static class Message
        {
            // The end of every message of TraceData.cs: what is bound, by its path, and what to, by type, name and property.
            internal static readonly Regex Bound = new Regex(
                "BindingExpression:Path=(?<path>[^;]*); .*target element is '(?<type>[^']*)' \\(Name='(?<name>[^']*)'\\);"
                + " target property is '(?<property>[^']*)'",
                RegexOptions.CultureInvariant | RegexOptions.Singleline, TimeSpan.FromMilliseconds(50));
        }

        private readonly Reading reading;
        private readonly Action<Event> tell;
        private static readonly object Guard = new object();
        private static int listening;
        private static SourceLevels levelBefore;
        private Listener? listener;
        private Delegate? handler;

        internal BindingFailures(Reading reading, Action<Event> tell)
        {
            this.reading = reading;
            this.tell = tell;
        }

        /// <summary>Whether this runtime tells failures with the binding itself.</summary>
        internal static bool HasDiagnostics => Failed != null && IsOn?.GetValue(null) as bool? == true;

        internal void Listen()
        {
            if (HasDiagnostics)
            {
                var method = typeof(BindingFailures).GetMethod(nameof(OnFailed), BindingFlags.NonPublic | BindingFlags.Instance)!;
                handler = Delegate.CreateDelegate(Failed!.EventHandlerType!, this, method);
                Failed.AddEventHandler(null, handler);
                return;
            }
            lock (Guard)
            {
                // Without this WPF traces nothing unless a debugger was there when it began.
                PresentationTraceSources.Refresh();
                var source = PresentationTraceSources.DataBindingSource;
                if (listening++ == 0)
                {
                    levelBefore = source.Switch.Level;
                }
                source.Switch.Level |= SourceLevels.Error;
                listener = new Listener(this);
                source.Listeners.Add(listener);
            }
        }

        internal void Stop()
        {
            if (handler != null)
            {
                Failed!.RemoveEventHandler(null, handler);
            }
            lock (Guard)
            {
                if (listener == null)
                {
                    return;
                }
                var source = PresentationTraceSources.DataBindingSource;
                source.Listeners.Remove(listener);
                listener = null;
                if (--listening == 0)
                {
                    source.Switch.Level = levelBefore;
                }
            }
        }

        private void OnFailed(object sender, EventArgs e)
        {
            var type = e.GetType();
            var binding = type.GetProperty("Binding")?.GetValue(e) as BindingExpressionBase;
            Tell(type.GetProperty("Code")?.GetValue(e) as int? ?? 0, binding);
        }

        private void Tell(int number, BindingExpressionBase? binding)
        {
            try
            {
                var told = Trouble(number);
                if (binding?.Target is { } element)
                {
                    told.Handle = reading.Of(element);
                    told.TypeName = TypeNumbers.Short(element.GetType());
                    told.ElementName = Elements.Name(element);
                }
                told.Name = binding?.TargetProperty?.Name;
                var path = (binding as BindingExpression)?.ParentBinding.Path?.Path;
                told.Value = path == null ? null : reading.Text(path);
                tell(told);
            }
            catch (Exception)
            {
                // The event is lost; the application goes on as it would without us.
            }
        }

        /// <summary>Of a message the names alone are told: the rest of it may hold values.</summary>
        private void Tell(int number, string message)
        {
            try
            {
                var told = Trouble(number);
                var found = Message.Bound.Match(message);
                if (found.Success)
                {
                    told.TypeName = found.Groups["type"].Value;
                    told.ElementName = found.Groups["name"].Length == 0 ? null : found.Groups["name"].Value;
                    told.Name = found.Groups["property"].Value;
                    told.Value = reading.Text(found.Groups["path"].Value);
                }
                tell(told);
            }
            catch (Exception)
            {
                // The event is lost; the application goes on as it would without us.
            }
        }

        private static Event Trouble(int number)
        {
            var name = Names.TryGetValue(number, out var known) ? known : "Other";
            return new Event
            {
                Kind = EventKind.Binding, Detail = name + " (" + number.ToString(CultureInfo.InvariantCulture) + ")",
            };
        }

        /// <summary>Hears what WPF traces of bindings, on the thread on which it happens.</summary>
        private sealed class Listener : TraceListener
        {
            private readonly BindingFailures owner;

            internal Listener(BindingFailures owner)
            {
                this.owner = owner;
            }

            public override bool IsThreadSafe => true;

            public override void TraceEvent(
                TraceEventCache eventCache, string source, TraceEventType eventType, int id, string format, params object[] args)
            {
                if (eventType > TraceEventType.Error)
                {
                    return;
                }
                owner.Tell(id, format);
            }

            public override void TraceEvent(
                TraceEventCache eventCache, string source, TraceEventType eventType, int id, string message)
            {
                if (eventType <= TraceEventType.Error)
                {
                    owner.Tell(id, message);
                }
            }

            public override void Write(string message)
            {
            }

            public override void WriteLine(string message)
            {
            }
        }
    }
}
