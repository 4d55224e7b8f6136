// `hello`: who answers, and what this runtime has. Nothing of the application's content is told here.
using System;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Windows;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Begins a session.</summary>
    internal static class HelloPrimitive
    {
        // What is the same for every session is made once, and before the first one asks.
        private static readonly string Build = Version(typeof(HelloPrimitive).Assembly);
        private static readonly string Wpf = Version(typeof(FrameworkElement).Assembly);
        private static readonly string Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        private static readonly InspectorHas Has = Mechanisms();

        internal static HelloResult Run(Context context, Turn turn, HelloParams asked)
        {
            var highest = Math.Min(asked.ProtocolMax, Limits.ProtocolMax);
            var common = highest >= Limits.ProtocolMin && highest >= asked.ProtocolMin ? (uint?)highest : null;
            turn.EndsSession = common == null;
            var result = new HelloResult
            {
                Protocol = common,
                ProtocolMin = Limits.ProtocolMin,
                ProtocolMax = Limits.ProtocolMax,
                Build = Build,
                Process = Native.GetCurrentProcessId(),
                Started = Native.OwnStart(),
                Architecture = Architecture,
                Runtime = RuntimeInformation.FrameworkDescription,
                Wpf = Wpf,
                Has = Has,
            };
            foreach (var dispatcher in context.Dispatchers.All())
            {
                result.Dispatchers.Add(new DispatcherRow
                {
                    Id = (uint)context.Dispatchers.IdOf(dispatcher),
                    Thread = Dispatchers.ThreadOf(dispatcher),
                    IsApplication = Application.Current?.Dispatcher == dispatcher,
                });
            }
            return result;
        }

        private static string Version(Assembly assembly) =>
            assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version
            ?? assembly.GetName().Version?.ToString() ?? "";

        private static InspectorHas Mechanisms()
        {
            var trees = typeof(UIElement).Assembly.GetType("System.Windows.Diagnostics.VisualDiagnostics", false);
            return new InspectorHas
            {
                BindingDiagnostics = BindingFailures.HasDiagnostics,
                Handlers = FacetHandlers.IsSupported,
                DragEvents = ActInput.CanDrag,
                TreeChanges = trees?.GetEvent("VisualTreeChanged") != null,
            };
        }
    }
}
