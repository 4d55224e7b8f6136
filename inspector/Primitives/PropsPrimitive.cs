// `props`: dependency properties of elements: their values, where those come from, and what is declared of them. Nothing is
// concluded from them here.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads properties.</summary>
    internal sealed class PropsPrimitive
    {
        private readonly Context context;
        private readonly PropsParams asked;
        private readonly TypeTable types;
        private readonly Values values;
        private readonly PropsResult result = new PropsResult();
        private int rows;

        private PropsPrimitive(Context context, PropsParams asked)
        {
            this.context = context;
            this.asked = asked;
            types = context.Table();
            values = new Values(context, types, asked.Text, asked.Handles) { From = asked.TextFrom };
        }

        internal static PropsResult Run(Context context, Turn turn, PropsParams asked)
        {
            Caps.Ask("items", asked.Items.Count, Limits.PropsItemCap);
            Caps.Ask("text", asked.Text, Limits.TextCap);
            foreach (var item in asked.Items)
            {
                Caps.Ask("names", item.Names.Count, Limits.PropsNameCap);
            }
            return new PropsPrimitive(context, asked).All(turn);
        }

        private PropsResult All(Turn turn)
        {
            // An element that is gone has no thread, and an answer of its own.
            var answers = new PropsRows[asked.Items.Count];
            var alive = new List<(int Place, Dispatcher Dispatcher)>();
            for (var at = 0; at < answers.Length; at++)
            {
                try
                {
                    alive.Add((at, context.Handles.DispatcherOf(asked.Items[at].Handle)));
                }
                catch (WireException e)
                {
                    answers[at] = new PropsRows { Handle = asked.Items[at].Handle, Error = e.ToError() };
                }
            }
            context.Turns.Each(
                alive, turn, one => one.Dispatcher, one => answers[one.Place] = Read(asked.Items[one.Place]));
            result.Items.AddRange(answers);
            result.Types = types.Rows;
            return result;
        }

        private PropsRows Read(PropsItem item)
        {
            var answer = new PropsRows { Handle = item.Handle };
            try
            {
                var element = context.Handles.Resolve<DependencyObject>(item.Handle);
                var seen = new HashSet<DependencyProperty>();
                foreach (var name in item.Names)
                {
                    var search = PropertyFinder.Search(element, name);
                    if (search.Found == null)
                    {
                        answer.Missing.Add(new MissingProperty
                        {
                            Name = name, Candidates = search.Candidates, Ambiguous = search.IsAmbiguous,
                        });
                    }
                    else if (seen.Add(search.Found))
                    {
                        Add(answer, element, search.Found);
                    }
                }
                foreach (var property in Set(element, item.Set))
                {
                    if (seen.Add(property))
                    {
                        Add(answer, element, property);
                    }
                }
            }
            catch (Exception e)
            {
                answer.Error = Turns.Translate(e).ToError();
            }
            return answer;
        }

        private static List<DependencyProperty> Set(DependencyObject element, PropertySet? set)
        {
            var found = new List<DependencyProperty>();
            if (set == null)
            {
                return found;
            }
            if (set == PropertySet.All)
            {
                found.AddRange(PropertyFinder.Of(element.GetType()).Values);
            }
            // What is set and declared elsewhere belongs to all, too.
            var locals = element.GetLocalValueEnumerator();
            while (locals.MoveNext())
            {
                found.Add(locals.Current.Property);
            }
            found.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
            return found;
        }

        private void Add(PropsRows answer, DependencyObject element, DependencyProperty property)
        {
            if (rows == Limits.PropsRowCap)
            {
                result.Cut++;
                return;
            }
            rows++;
            answer.Rows.Add(Row(element, property));
        }

        private PropRow Row(DependencyObject element, DependencyProperty property)
        {
            var source = DependencyPropertyHelper.GetValueSource(element, property);
            var local = element.ReadLocalValue(property);
            var kind = Values.KindOf(local);
            return new PropRow
            {
                Name = PropertyFinder.NameOn(element, property),
                Value = Value(element, property),
                Source = source.BaseValueSource.ToString(),
                IsExpression = source.IsExpression,
                IsAnimated = source.IsAnimated,
                IsCoerced = source.IsCoerced,
                IsCurrent = source.IsCurrent,
                Local = kind == LocalKind.Unset ? null
                    : kind == LocalKind.Value ? values.Of(element, property, local)
                    : values.Of(local),
                LocalKind = kind,
                Meta = asked.Meta ? Meta(element, property) : null,
            };
        }

        private Val Value(DependencyObject element, DependencyProperty property)
        {
            try
            {
                return values.Of(element, property, element.GetValue(property));
            }
            catch (Exception e) when (!(e is WireException))
            {
                return values.Error(e);
            }
        }

        private PropertyMeta Meta(DependencyObject element, DependencyProperty property)
        {
            var meta = property.GetMetadata(element);
            var framework = meta as FrameworkPropertyMetadata;
            return new PropertyMeta
            {
                Default = values.OfMember(property.Name, meta.DefaultValue),
                Ty = types.Of(property.PropertyType),
                Owner = types.Of(property.OwnerType),
                IsReadOnly = property.ReadOnly,
                IsAttached = PropertyFinder.IsAttached(property),
                Coerces = meta.CoerceValueCallback != null,
                Notifies = meta.PropertyChangedCallback != null,
                AffectsMeasure = framework?.AffectsMeasure ?? false,
                AffectsArrange = framework?.AffectsArrange ?? false,
                AffectsRender = framework?.AffectsRender ?? false,
                Inherits = framework?.Inherits ?? false,
                CanBind = framework?.IsDataBindingAllowed ?? !property.ReadOnly,
                BindsTwoWay = framework?.BindsTwoWayByDefault ?? false,
            };
        }
    }
}
