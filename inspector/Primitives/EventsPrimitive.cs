// `events`: reads what subscriptions have kept, after a number that the server has seen. Reading takes nothing away.
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads events.</summary>
    internal static class EventsPrimitive
    {
        internal static EventsResult Run(Context context, Turn _, EventsParams asked)
        {
            Caps.Ask("max", asked.Max, Limits.EventCap);
            Caps.Ask("subscriptions", asked.Subscriptions.Count, Limits.SubscriptionCap);
            return Subscriptions.Of(context).Read(asked);
        }
    }
}
