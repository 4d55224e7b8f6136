// Where the loader enters: one static method that takes and returns what the runtime's hosting interface allows. Only the
// way in may live here; what the inspector does is in other files.

namespace Portcullis.Inspector
{
    /// <summary>The entry that a host calls by name, through <c>ExecuteInDefaultAppDomain</c>.</summary>
    public static class Bootstrap
    {
        /// <summary>The string is not a parameter block.</summary>
        public const int NotAParameterBlock = 2;

        /// <summary>Starts the inspector in this process.</summary>
        /// <param name="parameters">A parameter block as the loader writes it.</param>
        /// <returns>0 when it runs, else a number that says why not.</returns>
        public static int Start(string parameters)
        {
            return NotAParameterBlock;
        }
    }
}
