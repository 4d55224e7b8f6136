// `bye`: takes everything out of the application that the session put into it, and ends the session after its answer.
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Ends a session.</summary>
    internal static class ByePrimitive
    {
        /// <summary>How long threads are waited for; what is left goes when they answer.</summary>
        private const int WaitMs = 1_000;

        internal static ByeResult Run(Context context, Turn turn, ByeParams _)
        {
            turn.EndsSession = true;
            var (removed, left) = context.End(System.Math.Min(WaitMs, turn.LeftMs));
            return new ByeResult { Removed = removed, Left = left };
        }
    }
}
