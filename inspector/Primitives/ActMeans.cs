// The ways in which controls are operated from inside: a control's own way first, its automation peer's pattern next, and events
// last. Each says which it was before it is used, so that it can be told even when it does not come back.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using System.Windows.Automation;
using System.Windows.Automation.Peers;
using System.Windows.Automation.Provider;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Documents;
using System.Windows.Input;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Operates controls.</summary>
    internal static class ActMeans
    {
        private static readonly MethodInfo? OnClick = typeof(ButtonBase).GetMethod(
            "OnClick", BindingFlags.NonPublic | BindingFlags.Instance, null, System.Type.EmptyTypes, null);

        internal static void Click(DependencyObject element, ActDone done)
        {
            Readiness.Require(element);
            // A click on a part of a control is a click on the control.
            var carrier = Carrier(element);
            if (carrier == null)
            {
                ActInput.RaiseClick(element, done);
                return;
            }
            if (carrier != element)
            {
                Readiness.Require(carrier);
            }
            ClickControl(carrier, done);
        }

        private static DependencyObject? Carrier(DependencyObject element)
        {
            for (DependencyObject? at = element; at != null && !(at is Window); at = Elements.Parent(at))
            {
                if (IsClickable(at))
                {
                    return at;
                }
            }
            return null;
        }

        private static bool IsClickable(DependencyObject element) =>
            element is Hyperlink || element is ButtonBase || element is MenuItem || element is ListBoxItem
            || element is TreeViewItem || element is TabItem || element is Expander || element is ComboBox
            || element is TextBoxBase || element is PasswordBox || element is DataGridCell || element is DataGridRow
            || element is Control && PatternOf(element) != null;

        private static void ClickControl(DependencyObject control, ActDone done)
        {
            switch (control)
            {
                case Hyperlink link:
                    done.Used = "DoClick";
                    link.DoClick();
                    break;
                case ButtonBase button:
                    ClickButton(button, done);
                    break;
                case MenuItem menu:
                    ClickMenu(menu, done);
                    break;
                case ListBoxItem item:
                    SelectAsClicked(item, done);
                    break;
                case TreeViewItem item:
                    Set(item, TreeViewItem.IsSelectedProperty, true, "selected", done);
                    break;
                case TabItem item:
                    Set(item, TabItem.IsSelectedProperty, true, "selected", done);
                    break;
                case DataGridCell cell:
                    Set(cell, DataGridCell.IsSelectedProperty, true, "selected", done);
                    break;
                case DataGridRow row:
                    Set(row, DataGridRow.IsSelectedProperty, true, "selected", done);
                    break;
                case Expander expander:
                    Set(expander, Expander.IsExpandedProperty, !expander.IsExpanded, "expanded", done);
                    break;
                case ComboBox box:
                    Set(box, ComboBox.IsDropDownOpenProperty, !box.IsDropDownOpen, "expanded", done);
                    break;
                case TextBoxBase _:
                case PasswordBox _:
                    Focus(control, done);
                    break;
                default:
                    ByPattern(control, done);
                    break;
            }
        }

        internal static void ClickButton(ButtonBase button, ActDone done)
        {
            if (button is ToggleButton toggle)
            {
                done.Watch("checked", () => toggle.IsChecked);
            }
            if (OnClick != null)
            {
                // Its own way, in which it toggles, executes its command and tells of the click.
                done.Used = "OnClick";
                OnClick.Invoke(button, null);
                return;
            }
            ByPattern(button, done);
        }

        private static void ClickMenu(MenuItem menu, ActDone done)
        {
            if (menu.HasItems)
            {
                Set(menu, MenuItem.IsSubmenuOpenProperty, !menu.IsSubmenuOpen, "expanded", done);
                return;
            }
            if (menu.IsCheckable)
            {
                done.Watch("checked", () => menu.IsChecked);
            }
            ByPattern(menu, done);
        }

        private static void SelectAsClicked(ListBoxItem item, ActDone done)
        {
            var owner = ItemsControl.ItemsControlFromItemContainer(item);
            var several = owner as ListBox;
            var toggles = several != null && several.SelectionMode == SelectionMode.Multiple;
            if (several != null && several.SelectionMode == SelectionMode.Extended)
            {
                several.UnselectAll();
            }
            Set(item, ListBoxItem.IsSelectedProperty, !toggles || !item.IsSelected, "selected", done);
            if (owner is ComboBox box)
            {
                box.SetCurrentValue(ComboBox.IsDropDownOpenProperty, false);
            }
        }

        /// <summary>Sets a state as the control itself does, so that a binding to it stays.</summary>
        private static void Set(DependencyObject element, DependencyProperty property, bool value, string effect, ActDone done)
        {
            done.Used = property.Name;
            done.Watch(effect, () => (bool?)element.GetValue(property));
            element.SetCurrentValue(property, value);
        }

        internal static void Focus(DependencyObject element, ActDone done)
        {
            Readiness.Require(element, true);
            if (!(element is IInputElement input))
            {
                throw new WireException(ErrorCode.WrongKind, "the object takes no input");
            }
            done.Used = "Focus";
            done.Watch("focused", () => input.IsKeyboardFocused);
            input.Focus();
        }

        internal static void ScrollIntoView(DependencyObject element, ActDone done)
        {
            done.Used = "BringIntoView";
            switch (element)
            {
                case FrameworkElement framework:
                    framework.BringIntoView();
                    break;
                case FrameworkContentElement content:
                    content.BringIntoView();
                    break;
                default:
                    throw new WireException(ErrorCode.WrongKind, "the object has no place to be brought into view");
            }
        }

        internal static void RealizeItem(DependencyObject element, uint index, ActDone done)
        {
            if (!(element is ItemsControl control))
            {
                throw new WireException(ErrorCode.WrongKind, "the element is no items control");
            }
            if (index >= control.Items.Count)
            {
                throw WireException.Bad("index is " + index + ", where there are " + control.Items.Count + " items");
            }
            var at = (int)index;
            bool? IsRealized() => control.ItemContainerGenerator.ContainerFromIndex(at) != null;
            done.Watch("realized", IsRealized);
            if (Elements.ItemsHost(control) is VirtualizingPanel panel)
            {
                done.Used = "BringIndexIntoView";
                panel.BringIndexIntoViewPublic(at);
            }
            else
            {
                done.Used = "BringIntoView";
            }
            control.UpdateLayout();
            done.Item = control.ItemContainerGenerator.ContainerFromIndex(at);
            (done.Item as FrameworkElement)?.BringIntoView();
        }

        internal static void Expand(DependencyObject element, bool expand, ActDone done)
        {
            Readiness.Require(element);
            switch (element)
            {
                case Expander _:
                    Set(element, Expander.IsExpandedProperty, expand, "expanded", done);
                    break;
                case TreeViewItem _:
                    Set(element, TreeViewItem.IsExpandedProperty, expand, "expanded", done);
                    break;
                case ComboBox _:
                    Set(element, ComboBox.IsDropDownOpenProperty, expand, "expanded", done);
                    break;
                case MenuItem _:
                    Set(element, MenuItem.IsSubmenuOpenProperty, expand, "expanded", done);
                    break;
                default:
                    var pattern = Pattern<IExpandCollapseProvider>(element, PatternInterface.ExpandCollapse)
                        ?? throw NoMeans(element, "expanded or collapsed");
                    done.Used = "ExpandCollapsePattern";
                    done.Watch("expanded", () => pattern.ExpandCollapseState != ExpandCollapseState.Collapsed);
                    Called(expand ? (Action)pattern.Expand : pattern.Collapse);
                    break;
            }
        }

        internal static void Select(DependencyObject element, uint? index, ActDone done)
        {
            Readiness.Require(element);
            if (index != null)
            {
                SelectAt(element, index.Value, done);
                return;
            }
            switch (element)
            {
                case ListBoxItem _:
                    Set(element, ListBoxItem.IsSelectedProperty, true, "selected", done);
                    break;
                case TreeViewItem _:
                    Set(element, TreeViewItem.IsSelectedProperty, true, "selected", done);
                    break;
                case TabItem _:
                    Set(element, TabItem.IsSelectedProperty, true, "selected", done);
                    break;
                case DataGridRow _:
                    Set(element, DataGridRow.IsSelectedProperty, true, "selected", done);
                    break;
                case DataGridCell _:
                    Set(element, DataGridCell.IsSelectedProperty, true, "selected", done);
                    break;
                case RadioButton radio:
                    ClickButton(radio, done);
                    break;
                default:
                    var pattern = Pattern<ISelectionItemProvider>(element, PatternInterface.SelectionItem)
                        ?? throw NoMeans(element, "selected");
                    done.Used = "SelectionItemPattern";
                    done.Watch("selected", () => pattern.IsSelected);
                    Called(pattern.Select);
                    break;
            }
        }

        private static void SelectAt(DependencyObject element, uint index, ActDone done)
        {
            if (!(element is Selector selector))
            {
                throw NoMeans(element, "told which of its items is selected");
            }
            if (index >= selector.Items.Count)
            {
                throw WireException.Bad("index is " + index + ", where there are " + selector.Items.Count + " items");
            }
            done.Used = "SelectedIndex";
            done.Watch("selected", () => selector.SelectedIndex == index);
            selector.SetCurrentValue(Selector.SelectedIndexProperty, (int)index);
        }

        internal static void SetText(DependencyObject element, string text, ActDone done)
        {
            Readiness.Require(element);
            if (element is TextBoxBase { IsReadOnly: true } || element is ComboBox { IsReadOnly: true })
            {
                throw new WireException(ErrorCode.ReadOnly, "the control takes no text");
            }
            if (element is RichTextBox rich)
            {
                done.Used = "TextRange";
                var whole = new TextRange(rich.Document.ContentStart, rich.Document.ContentEnd);
                done.Tell("textChanged", null, true);
                whole.Text = text;
                return;
            }
            var pattern = Pattern<IValueProvider>(element, PatternInterface.Value) ?? throw NoMeans(element, "given a text");
            if (pattern.IsReadOnly)
            {
                throw new WireException(ErrorCode.ReadOnly, "the control takes no text");
            }
            done.Used = "ValuePattern";
            // A password box does not tell its text through its peer.
            var before = element is PasswordBox ? null : pattern.Value;
            Called(() => pattern.SetValue(text));
            done.Tell("textChanged", null, before == null ? (bool?)null : before != pattern.Value);
        }

        internal static void Close(DependencyObject element, ActDone done)
        {
            switch (element)
            {
                case Window window:
                    Readiness.Require(window);
                    done.Used = "Close";
                    done.Watch("closed", () => !window.IsLoaded || PresentationSource.FromVisual(window) == null);
                    window.Close();
                    break;
                case Popup popup:
                    done.Used = "IsOpen";
                    done.Watch("closed", () => !popup.IsOpen);
                    popup.SetCurrentValue(Popup.IsOpenProperty, false);
                    break;
                case ContextMenu menu:
                    done.Used = "IsOpen";
                    done.Watch("closed", () => !menu.IsOpen);
                    menu.SetCurrentValue(ContextMenu.IsOpenProperty, false);
                    break;
                default:
                    throw NoMeans(element, "closed");
            }
        }

        /// <summary>What a click does by the element's automation peer.</summary>
        private static void ByPattern(DependencyObject element, ActDone done)
        {
            switch (PatternOf(element))
            {
                case IInvokeProvider invoke:
                    done.Used = "InvokePattern";
                    Called(invoke.Invoke);
                    break;
                case IToggleProvider toggle:
                    done.Used = "TogglePattern";
                    done.Watch("checked", () => toggle.ToggleState == ToggleState.On);
                    Called(toggle.Toggle);
                    break;
                case ISelectionItemProvider selection:
                    done.Used = "SelectionItemPattern";
                    done.Watch("selected", () => selection.IsSelected);
                    Called(selection.Select);
                    break;
                case IExpandCollapseProvider expansion:
                    done.Used = "ExpandCollapsePattern";
                    done.Watch("expanded", () => expansion.ExpandCollapseState != ExpandCollapseState.Collapsed);
                    var isOpen = expansion.ExpandCollapseState == ExpandCollapseState.Expanded;
                    Called(isOpen ? (Action)expansion.Collapse : expansion.Expand);
                    break;
                default:
                    throw NoMeans(element, "clicked");
            }
        }

        private static object? PatternOf(DependencyObject element)
        {
            return Pattern<IInvokeProvider>(element, PatternInterface.Invoke)
                ?? Pattern<IToggleProvider>(element, PatternInterface.Toggle)
                ?? Pattern<ISelectionItemProvider>(element, PatternInterface.SelectionItem)
                ?? (object?)Pattern<IExpandCollapseProvider>(element, PatternInterface.ExpandCollapse);
        }

        private static T? Pattern<T>(DependencyObject element, PatternInterface pattern)
            where T : class
        {
            return FacetState.Peer(element)?.GetPattern(pattern) as T;
        }

        /// <summary>Calls a pattern; one that finds its element disabled says so in our words.</summary>
        private static void Called(Action call)
        {
            try
            {
                call();
            }
            catch (ElementNotEnabledException)
            {
                throw Readiness.Refused("disabled");
            }
        }

        private static WireException NoMeans(DependencyObject element, string doing) => new WireException(
            ErrorCode.WrongKind, TypeNumbers.Short(element.GetType()) + " cannot be " + doing);
    }
}
