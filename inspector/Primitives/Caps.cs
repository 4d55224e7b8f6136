// The caps of lists and numbers of a request, asked again inside the application. The caps themselves are the protocol's.
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Refuses what is past its cap.</summary>
    internal static class Caps
    {
        internal static void Ask(string field, long found, long cap)
        {
            if (found > cap)
            {
                throw WireException.Over(field, found, cap);
            }
        }
    }
}
