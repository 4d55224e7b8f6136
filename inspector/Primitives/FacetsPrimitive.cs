// The primitive `facets`: facts of several kinds about elements. It only hands out the kinds; each is read in a file of its own.
using System;
using System.Collections.Generic;
using System.Windows;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads facets.</summary>
    internal static class FacetsPrimitive
    {
        internal static FacetsResult Run(Context context, Turn turn, FacetsParams asked)
        {
            Caps.Ask("handles", asked.Handles.Count, Limits.FacetHandleCap);
            Caps.Ask("facets", asked.Facets.Count, Enum.GetValues(typeof(Facet)).Length);
            if (asked.Facets.Contains(Facet.Handlers) && string.IsNullOrEmpty(asked.Event))
            {
                throw WireException.Bad("event is missing, which names the event of the facet handlers");
            }
            var reading = new Reading(context, asked.Text);
            var rows = context.Turns.Each(
                asked.Handles, turn, handle => Targets.ThreadOf(context, handle), handle => Row(context, reading, handle, asked));
            return new FacetsResult { Items = new List<FacetsRow>(rows), Types = reading.TypeRows };
        }

        private static FacetsRow Row(Context context, Reading reading, ulong handle, FacetsParams asked)
        {
            var row = new FacetsRow { Handle = handle };
            try
            {
                var element = context.Handles.Resolve<DependencyObject>(handle);
                row.Ty = reading.Type(element.GetType());
                foreach (var facet in asked.Facets)
                {
                    Fill(reading, row, element, facet, asked);
                }
            }
            catch (Exception e)
            {
                row.Error = Turns.Translate(e).ToError();
            }
            return row;
        }

        private static void Fill(
            Reading reading, FacetsRow row, DependencyObject element, Facet facet, FacetsParams asked)
        {
            switch (facet)
            {
                case Facet.Layout: row.Layout = FacetPlaces.Layout(element); break;
                case Facet.Clip: row.Clip = FacetPlaces.Clip(reading, element); break;
                case Facet.Scroll: row.Scroll = FacetPlaces.Scroll(reading, element); break;
                case Facet.Focus: row.Focus = FacetState.Focus(reading, element); break;
                case Facet.Command: row.Command = FacetState.Command(reading, element); break;
                case Facet.Validation: row.Validation = FacetState.Validation(reading, element); break;
                case Facet.Automation: row.Automation = FacetState.Automation(reading, element); break;
                case Facet.Style: row.Style = FacetStyle.Styles(reading, element); break;
                case Facet.Triggers: row.Triggers = new FacetTriggers(reading, asked.Resolve).Of(element); break;
                case Facet.Template: row.Template = FacetState.Template(reading, element); break;
                case Facet.Handlers: row.Handlers = FacetHandlers.Of(element, asked.Event ?? ""); break;
                case Facet.Items: row.Items = FacetState.Items(element); break;
                case Facet.DataContext: row.DataContext = FacetState.DataContext(reading, element); break;
            }
        }
    }
}
