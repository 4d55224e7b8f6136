// `capture`: keeps local values, members and the keyboard's place under tokens. Nothing of the application changes.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Input;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Keeps what is.</summary>
    internal sealed class CapturePrimitive
    {
        private readonly Context context;
        private readonly Reading reading;
        private readonly Tokens tokens;

        private CapturePrimitive(Context context, Reading reading)
        {
            this.context = context;
            this.reading = reading;
            tokens = Tokens.Of(context);
        }

        internal static CaptureResult Run(Context context, Turn turn, CaptureParams asked)
        {
            long wanted = asked.FocusOf == null ? 0 : 1;
            foreach (var item in asked.Items)
            {
                wanted += item.Names.Count;
            }
            foreach (var item in asked.Objects)
            {
                wanted += item.Members.Count;
            }
            Caps.Ask("names", wanted, Limits.TokenCap);
            Caps.Ask("items", asked.Items.Count, Limits.TokenCap);
            Caps.Ask("objects", asked.Objects.Count, Limits.TokenCap);
            Caps.Ask("forget", asked.Forget.Count, Limits.SessionTokenCap);
            var reading = new Reading(context, asked.Text);
            var capture = new CapturePrimitive(context, reading);
            capture.tokens.Forget(asked.Forget);
            var works = new List<(Dispatcher Thread, Func<List<TokenRow>> Work)>();
            foreach (var item in asked.Items)
            {
                works.Add((Targets.ThreadOf(context, item.Handle), () => capture.Properties(item)));
            }
            foreach (var item in asked.Objects)
            {
                works.Add((Targets.ThreadOf(context, item.Object.Handle), () => capture.OfObject(item)));
            }
            if (asked.FocusOf != null)
            {
                works.Add((Targets.ThreadOf(context, asked.FocusOf), () => new List<TokenRow> { capture.Focus() }));
            }
            var result = new CaptureResult();
            foreach (var rows in context.Turns.Each(works, turn, one => one.Thread, one => one.Work()))
            {
                result.Tokens.AddRange(rows);
            }
            result.Types = reading.TypeRows;
            return result;
        }

        private List<TokenRow> Properties(CaptureItem item)
        {
            var rows = new List<TokenRow>();
            foreach (var name in item.Names)
            {
                var row = new TokenRow { Handle = item.Handle, Name = name, Value = new Val { K = ValKind.Unset } };
                rows.Add(row);
                Fill(row, () =>
                {
                    var element = context.Handles.Resolve<DependencyObject>(item.Handle);
                    var property = PropertyFinder.Find(element, name);
                    row.Name = PropertyFinder.NameOn(element, property);
                    row.LocalKind = Values.KindOf(element.ReadLocalValue(property));
                    row.Value = reading.Property(element, property);
                    row.Source = DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString();
                    var token = new PropertyToken(element, item.Handle, property);
                    row.Restorable = token.IsRestorable;
                    row.Token = tokens.Add(token);
                });
            }
            return rows;
        }

        private List<TokenRow> OfObject(CaptureObject item)
        {
            var rows = new List<TokenRow>();
            foreach (var name in item.Members)
            {
                var row = new TokenRow { Name = name, IsMember = true, Value = new Val { K = ValKind.Unset } };
                rows.Add(row);
                Fill(row, () =>
                {
                    var (named, owner, member) = Targets.Member(context, item.Object, name);
                    row.Handle = context.Handles.Of(owner);
                    row.LocalKind = LocalKind.Value;
                    if (!member.CanRead)
                    {
                        throw new WireException(ErrorCode.Unsupported, "the property cannot be read, so that nothing can be kept of it");
                    }
                    var value = member.Read(owner);
                    row.Value = named.IsSecret && value != null ? reading.Redacted(value) : reading.Named(value, null, name);
                    row.Restorable = member.CanWrite;
                    row.Token = tokens.Add(new MemberToken(owner, row.Handle.Value, member, value, named.IsSecret));
                });
            }
            return rows;
        }

        private TokenRow Focus()
        {
            var row = new TokenRow { Value = new Val { K = ValKind.Null } };
            Fill(row, () =>
            {
                if (!(Keyboard.FocusedElement is DependencyObject focused))
                {
                    throw WireException.NotFound("no element of this thread has the keyboard", Array.Empty<string>());
                }
                row.Handle = context.Handles.Of(focused);
                row.LocalKind = LocalKind.Value;
                row.Value = reading.NamedWithHandle(focused);
                row.Restorable = focused is IInputElement;
                row.Token = tokens.Add(new FocusToken(focused, row.Handle.Value));
            });
            return row;
        }

        private static void Fill(TokenRow row, Action fill)
        {
            try
            {
                fill();
            }
            catch (Exception e)
            {
                row.Token = null;
                row.Restorable = false;
                row.Error = Turns.Translate(e).ToError();
            }
        }
    }
}
