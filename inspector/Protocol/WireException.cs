// An error on its way to the server: thrown where it is noticed, answered at one place. Its message names rules and fields,
// never a value of the application.
using System;
using System.Collections.Generic;

namespace Portcullis.Inspector.Protocol
{
    /// <summary>Why a request has no result.</summary>
    internal sealed class WireException : Exception
    {
        /// <summary>Characters of a message. It may name what the server sent, which is as long as the server likes.</summary>
        internal const int MessageCap = 500;

        internal WireException(ErrorCode code, string message, params (string Name, Json Value)[] facts)
            : base(message.Length <= MessageCap ? message : message.Substring(0, MessageCap) + "…")
        {
            Code = code;
            Facts = facts;
        }

        internal ErrorCode Code { get; }

        /// <summary>What the code's description promises as `data`.</summary>
        internal IReadOnlyList<(string Name, Json Value)> Facts { get; }

        internal static WireException Bad(string message) => new WireException(ErrorCode.BadRequest, message);

        internal static WireException Secret(string message) => new WireException(ErrorCode.Secret, message);

        /// <summary>A list or number past its cap.</summary>
        internal static WireException Over(string field, long found, long cap) =>
            Bad(field + " is " + found + ", where " + cap + " are the most");

        /// <summary>Something that was named and is not there.</summary>
        internal static WireException NotFound(string message, IEnumerable<string> candidates) =>
            new WireException(ErrorCode.NotFound, message, ("candidates", Json.Of(candidates)));

        internal WireError ToError()
        {
            var error = new WireError { Code = Code, Message = Message };
            if (Facts.Count > 0)
            {
                var data = new Dictionary<string, Json>(StringComparer.Ordinal);
                foreach (var (name, value) in Facts)
                {
                    data[name] = value;
                }
                error.Data = Json.Of(data);
            }
            return error;
        }
    }
}
