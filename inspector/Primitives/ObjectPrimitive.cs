// The primitive `object`: the public properties of an object behind an element. A getter is code of the application, so it is
// called only when its property was named, or when all were asked for; one that is slow or throws is told.
using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Windows;
using System.Windows.Input;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads an object.</summary>
    internal sealed class ObjectPrimitive
    {
        /// <summary>From how many milliseconds on a getter is told to be slow.</summary>
        private const int SlowMs = 20;
        /// <summary>How long getters may take together; those that are left are not called.</summary>
        private const int TimeCapMs = 1_000;

        private readonly Reading reading;
        private readonly ObjectParams asked;
        private readonly ObjectResult result = new ObjectResult();
        private readonly Stopwatch spent = new Stopwatch();
        private NamedObject target = new NamedObject(null, false, null);

        private ObjectPrimitive(Reading reading, ObjectParams asked)
        {
            this.reading = reading;
            this.asked = asked;
        }

        internal static ObjectResult Run(Context context, Turn turn, ObjectParams asked)
        {
            Caps.Ask("max", asked.Max, Limits.MemberCap);
            Caps.Ask("members", asked.Members.Count, Limits.MemberCap);
            Caps.Ask("items", asked.Items, Limits.ItemCap);
            var reading = new Reading(context, asked.Text);
            var read = new ObjectPrimitive(reading, asked);
            context.Turns.Run(context.ThreadOf(asked.Object.Handle), turn, () => read.Read(Targets.Object(context, asked.Object)));
            read.result.Types = reading.TypeRows;
            return read.result;
        }

        private void Read(NamedObject named)
        {
            target = named;
            var value = named.Value;
            result.Value = Show(value, null);
            if (value == null)
            {
                return;
            }
            result.Ty = reading.Type(value.GetType());
            result.Notifies = value is INotifyPropertyChanged;
            result.TellsErrors = value is INotifyDataErrorInfo || value is IDataErrorInfo;
            if (asked.Members.Count > 0)
            {
                ReadNamed(value);
            }
            else
            {
                ReadAll(value);
            }
            ReadItems(value);
        }

        private void ReadNamed(object owner)
        {
            foreach (var name in asked.Members)
            {
                var member = Members.Find(owner, name);
                if (member == null)
                {
                    result.Missing.Add(name);
                }
                else
                {
                    Add(owner, member);
                }
            }
        }

        private void ReadAll(object owner)
        {
            foreach (var member in Members.Of(owner))
            {
                Add(owner, member);
            }
        }

        private void Add(object owner, Member member)
        {
            var isCommand = typeof(ICommand).IsAssignableFrom(member.Type);
            // Only what is declared as a command, or as something that may hold one, is looked at for commands.
            if (asked.Commands && !isCommand && member.Type != typeof(object))
            {
                return;
            }
            if (result.Members.Count >= asked.Max || spent.ElapsedMilliseconds >= TimeCapMs)
            {
                result.Cut++;
                return;
            }
            var row = new MemberRow
            {
                Name = member.Name,
                Ty = reading.Type(member.Type),
                CanRead = member.CanRead,
                CanWrite = member.CanWrite,
                IsCommand = isCommand,
                Value = new Val { K = ValKind.Null },
            };
            if (member.CanRead)
            {
                ReadMember(owner, member, row);
            }
            if (!asked.Commands || row.IsCommand)
            {
                result.Members.Add(row);
            }
        }

        private void ReadMember(object owner, Member member, MemberRow row)
        {
            var clock = Stopwatch.StartNew();
            spent.Start();
            try
            {
                var value = member.Get(owner);
                // Not even whether there is one.
                row.Value = Redaction.IsSecretMember(owner, member.Name)
                    ? reading.Redacted(value, member.Type) : Show(value, member.Name);
                if (value is ICommand command)
                {
                    row.IsCommand = true;
                    row.CanExecute = FacetState.CanExecute(command, null, target.Via as IInputElement);
                }
            }
            catch (MemberThrewException threw)
            {
                row.Value = reading.Error(threw.Thrown);
            }
            finally
            {
                spent.Stop();
            }
            if (clock.ElapsedMilliseconds >= SlowMs)
            {
                row.SlowMs = (uint)clock.ElapsedMilliseconds;
            }
        }

        private void ReadItems(object owner)
        {
            if (!(owner is IEnumerable items) || owner is string || owner is DependencyObject)
            {
                return;
            }
            if (owner is ICollection counted)
            {
                result.Count = (uint)counted.Count;
            }
            if (asked.Items == 0)
            {
                return;
            }
            try
            {
                foreach (var item in items)
                {
                    if (result.Items.Count >= asked.Items || spent.ElapsedMilliseconds >= TimeCapMs)
                    {
                        break;
                    }
                    spent.Start();
                    result.Items.Add(Show(item, null));
                    spent.Stop();
                }
            }
            catch (Exception e)
            {
                // Code of the application: a collection that cannot be gone through says so in place of the next item.
                result.Items.Add(reading.Error(e));
            }
        }

        private Val Show(object? value, string? name)
        {
            if (target.IsSecret && value != null)
            {
                return reading.Redacted(value);
            }
            return reading.NamedWithHandle(value, name);
        }
    }
}
