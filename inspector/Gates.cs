// Which gates each request needs, as the server's types say it. Asked again here, before anything of the application is
// touched, so that a server that forgets a gate opens none. What a gate is for is said in the owner's configuration.
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector
{
    /// <summary>The gates of each primitive.</summary>
    internal static class Gates
    {
        internal const uint None = 0;

        internal static uint Of(HelloParams _) => None;

        internal static uint Of(HealthParams _) => None;

        internal static uint Of(RootsParams _) => None;

        internal static uint Of(ByeParams _) => None;

        internal static uint Of(UnsubscribeParams _) => None;

        internal static uint Of(WalkParams _) => Limits.SensitiveReads;

        internal static uint Of(PropsParams _) => Limits.SensitiveReads;

        internal static uint Of(ResourceParams _) => Limits.SensitiveReads;

        internal static uint Of(DescribeParams _) => Limits.SensitiveReads;

        internal static uint Of(EventsParams _) => Limits.SensitiveReads;

        internal static uint Of(ObjectParams _) => Limits.ViewModel;

        internal static uint Of(RenderParams _) => Limits.Screenshots;

        internal static uint Of(LayoutParams _) => Limits.Destructive;

        internal static uint Of(AdornParams _) => Limits.Destructive;

        internal static uint Of(FacetsParams asked)
        {
            var context = asked.Resolve || asked.Facets.Contains(Facet.DataContext);
            var other = asked.Facets.Count == 0 || asked.Facets.Exists(facet => facet != Facet.DataContext);
            return (other ? Limits.SensitiveReads : None) | (context ? Limits.ViewModel : None);
        }

        internal static uint Of(BindingsParams asked) =>
            Limits.SensitiveReads | (asked.Resolve ? Limits.ViewModel : None);

        internal static uint Of(CaptureParams asked) =>
            Limits.Destructive | Limits.SensitiveReads | (asked.Objects.Count > 0 ? Limits.ViewModel : None);

        internal static uint Of(WriteParams asked)
        {
            var needed = Limits.Destructive;
            foreach (var op in asked.Ops)
            {
                needed |= op.Kind switch
                {
                    WriteKind.UpdateSource => None,
                    WriteKind.UpdateTarget => None,
                    WriteKind.SetMember => Limits.ViewModel,
                    _ => Limits.SensitiveReads,
                };
            }
            return needed;
        }

        internal static uint Of(ActParams asked) =>
            Limits.Destructive | (asked.Kind == ActKind.Command ? Limits.ViewModel : None);

        internal static uint Of(SubscribeParams asked) =>
            asked.Kind == EventKind.Member ? Limits.ViewModel : Limits.SensitiveReads;

        internal static uint Of(DiagParams asked) =>
            Limits.SensitiveReads | (asked.Collect ? Limits.Destructive : None);

        /// <summary>The gates by their names in the owner's configuration.</summary>
        internal static string Names(uint gates)
        {
            var names = "";
            foreach (var (bit, name) in new[]
            {
                (Limits.SensitiveReads, "sensitive_reads"),
                (Limits.Screenshots, "screenshots"),
                (Limits.ViewModel, "viewmodel"),
                (Limits.Destructive, "destructive"),
            })
            {
                if ((gates & bit) != 0)
                {
                    names += (names.Length == 0 ? "" : ", ") + name;
                }
            }
            return names.Length == 0 ? "none" : names;
        }
    }
}
