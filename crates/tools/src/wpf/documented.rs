//! The result fields that wpf-devtools-mcp documents for each tool, against the schemas of our answers. A field that we do not
//! tell stands here by name, and `docs/wpf-parity.md` says in its tool's row why.

use super::tools;
use serde_json::Value;

/// A tool; the fields of its answer that we tell, those in a list with the list's name before a dot; those that we do not.
const FIELDS: &[(&str, &str, &str)] = &[
    (
        "get_processes",
        "processes.processId processes.processName processes.windowTitle processes.secondaryWindowTitle processes.architecture processes.dotNetVersion processes.runtime processes.isElevated processes.requiresElevationToConnect processes.canConnectFromCurrentServer processes.connectionWarning redactedTargetCount message",
        "",
    ),
    (
        "connect",
        "processId processName windowTitle connectionSource reusedExistingHost autoDiscovered autoSelected selectionReason candidateCount redactedCandidateCount workingSetBytes",
        "processes",
    ),
    ("select_active_process", "processId message", ""),
    ("get_active_process", "hasActiveProcess processId selectedAtUtc", ""),
    ("ping_inspector", "status processId latencyMs", "lastActivity"),
    (
        "get_visual_tree",
        "tree format columns nodes depthSufficiencyHint.isSufficient depthSufficiencyHint.reasonCode depthSufficiencyHint.currentDepth depthSufficiencyHint.recommendedDepth depthSufficiencyHint.suggestion returnedNodeCount omittedNodeCount truncated appliedOptions",
        "",
    ),
    (
        "get_logical_tree",
        "tree format columns nodes depthSufficiencyHint returnedNodeCount omittedNodeCount truncated appliedOptions",
        "",
    ),
    ("get_template_tree", "tree returnedNodeCount omittedNodeCount truncated", ""),
    (
        "compare_trees",
        "visualChildCount logicalChildCount differenceCount differences.type differences.elementType differences.elementId",
        "",
    ),
    (
        "get_namescope",
        "hasNameScope namedElementCount namedElements.name namedElements.type namedElements.elementId traversalNodeCount maxTraversalNodes traversalTruncated",
        "",
    ),
    (
        "get_windows",
        "windowCount windows.index windows.title windows.type windows.isActive windows.isVisible windows.isMainWindow windows.elementId",
        "",
    ),
    (
        "find_elements",
        "resultCount results.elementId results.elementType results.elementName results.automationId results.matchedProperty results.matchedValue truncated truncationReason traversalNodeCount maxTraversalNodes traversalTruncated searchComplete recovery.code recovery.message recovery.retry recovery.alternative",
        "",
    ),
    ("serialize_to_xaml", "xaml", ""),
    (
        "get_bindings",
        "bindings.propertyName bindings.bindingType bindings.path bindings.bindingPaths bindings.mode bindings.updateSourceTrigger bindings.status bindings.converter bindings.currentValue bindings.elementId bindings.elementType bindingCount truncated truncationMetadata",
        "",
    ),
    (
        "get_binding_errors",
        "errorCount totalErrorCount errors.diagnosticKind errors.sourceKind errors.severity errors.timestamp errors.message errors.eventType errors.elementId errors.matchConfidence errors.propertyName errors.bindingPath truncated truncationMetadata",
        "errors.sourceId errors.suggestedElementId",
    ),
    (
        "get_binding_mismatches",
        "mismatchCount mismatches.diagnosis mismatches.severity mismatches.origin truncated scanBudget",
        "",
    ),
    (
        "get_affected_elements",
        "affectedCount affectedElements.elementId affectedElements.elementType affectedElements.elementName affectedElements.dataContextType affectedElements.propertyName affectedElements.bindingPath affectedElements.currentValue affectedElements.status affectedElements.matchConfidence affectedElements.sourceClassification unsupportedCount unsupportedElements.unsupportedReason confidence matchStrategy requiresVerification truncated scanBudget",
        "",
    ),
    ("get_binding_value_chain", "hasBinding propertyName chainLength chain", ""),
    (
        "get_datacontext_chain",
        "chain.elementId chain.elementType chain.elementName chain.dataContextType chain.hasDataContext chain.sourceKind chain.isInherited",
        "",
    ),
    ("force_binding_update", "direction propertyName message", ""),
    (
        "get_dp_value_source",
        "propertyName baseValueSource rawBaseValueSource isExpression isAnimated isCoerced isCurrent currentValue effectiveValue hadLocalValue localValueKind localValue localValueType",
        "",
    ),
    (
        "get_dp_metadata",
        "defaultValue propertyType ownerType isReadOnly hasCoerceCallback hasPropertyChangedCallback affectsArrange affectsMeasure affectsRender inherits isDataBindingAllowed",
        "",
    ),
    (
        "set_dp_value",
        "oldValue newValue requestedValue hadLocalValueBefore previousLocalValue previousBaseValueSource replacedExpression capturedRollbackExpression replacedExpressionKind baseValueSource valueType",
        "",
    ),
    ("clear_dp_value", "hadLocalValue clearedValue newValue restoredExpression expressionKind baseValueSource", ""),
    ("watch_dp_changes", "propertyName elementId message", ""),
    (
        "wait_for_dp_change",
        "changed timedOut observedChange matchedExpectedValueAtStart completionReason initialValue initialBaseValueSource currentValue baseValueSource elapsedMs",
        "pollCount",
    ),
    (
        "wait_for_dp_change_after_mutation",
        "changed timedOut observedChange matchedExpectedValueAtStart completionReason initialValue currentValue elapsedMs",
        "pollCount stateAfterTimeoutUnknown requiresReconnect",
    ),
    (
        "get_applied_styles",
        "hasStyle styles.styleType styles.type styles.targetType styles.targetTypeFullName styles.baseValueSource styles.setters styles.setterCount styles.triggerCount styles.hasBasedOn styleCount localResourceReferenceCount localResourceReferences.property localResourceReferences.expressionType localResourceReferences.valueSource notes",
        "",
    ),
    ("get_triggers", "triggerCount triggers.source triggers.triggerType triggers.conditions triggers.setters", ""),
    (
        "get_resource_chain",
        "found chain.level chain.elementType chain.resourceKey chain.resourceType chain.resourceValue",
        "",
    ),
    (
        "override_style_setter",
        "oldValue newValue hadLocalValueBefore previousLocalValue previousBaseValueSource valueType",
        "",
    ),
    (
        "trace_routed_events",
        "sessionId mode eventName requestedDuration effectiveDuration shortDurationOverrideUsed isTracing eventCount totalEventCount returnedEventCount eventsTruncated events.timestamp events.sender events.senderName events.eventName events.routingStrategy events.handled events.originalSource handlerInvocationCount resolvedElementId traceStartedAtUtc",
        "registrationCount cleanupState cleanupFailed diagnostics",
    ),
    (
        "get_event_handlers",
        "handlerCount handlers.handlerType handlers.targetType handlers.methodName handlers.isClassHandler reflectionSupported mayBeIncomplete commands",
        "",
    ),
    ("fire_routed_event", "eventName usedOnClick message", ""),
    (
        "drain_events",
        "pendingEventCount droppedEventCount pendingEvents.eventType pendingEvents.timestampUtc pendingEvents.sourceKey pendingEvents.elementId pendingEvents.propertyName pendingEvents.eventName pendingEvents.newValue pendingEvents.valueType pendingEvents.senderType pendingEvents.senderName pendingEvents.routingStrategy pendingEvents.handled pendingEvents.originalSourceType",
        "cleanupIncomplete",
    ),
    ("click_element", "elementType message", ""),
    ("get_focus_state", "focusKind focusedElementId focusedElementType windowElementId windowTitle", ""),
    ("focus_element", "focused focusKind focusedElementId", ""),
    ("scroll_to_element", "elementType", ""),
    (
        "simulate_keyboard",
        "key eventType elementType focusChanged semanticEffectObserved focusedElementIdBefore focusedElementIdAfter",
        "appliedDirectEdit",
    ),
    ("drag_and_drop", "sourceType targetType dataFormat targetHandlerHints", ""),
    (
        "element_screenshot",
        "width height sourceWidth sourceHeight scaleFactor downscaled format rendered byteLength base64Image maxInlineByteLength screenshotId resourceUri resourceRead fileName expiresAtUtc sha256",
        "localPathRedacted",
    ),
    (
        "get_layout_info",
        "actualWidth actualHeight width height minWidth minHeight maxWidth maxHeight desiredSize renderSize margin padding horizontalAlignment verticalAlignment layoutState notRenderedReason positionInParent positionInWindow",
        "",
    ),
    (
        "get_clipping_info",
        "isClipped visibleContentImpact geometricClippingSeverity visibleRatio analysisScope clippingSource clipToBounds hasClip hasEffectiveClip clipBounds effectiveClipBounds overflowAmount clippingAncestors nearestScrollContainer.extent nearestScrollContainer.viewport nearestScrollContainer.offset nearestScrollContainer.hasVisibleScrollBarChrome nearestScrollContainer.isTargetClippedByViewport nearestScrollContainer.canBringTargetIntoView suggestedFix",
        "",
    ),
    (
        "highlight_element",
        "color duration requestedDuration effectiveDuration durationCapped elementType highlightSurface",
        "",
    ),
    ("invalidate_layout", "message", ""),
    (
        "get_viewmodel",
        "typeName viewModelType implementsINotifyPropertyChanged properties.name properties.type properties.value properties.canWrite properties.canRead",
        "",
    ),
    ("get_commands", "commands.name commands.type commands.canExecute", ""),
    ("execute_command", "commandName canExecute executed", ""),
    (
        "get_validation_errors",
        "errorCount errors.elementType errors.elementName errors.errorContent errors.isRuleError errors.ruleType traversalNodeCount traversalTruncated validationErrorsTruncated",
        "",
    ),
    (
        "modify_viewmodel",
        "oldValue newValue propertyType canWrite requestedValueType convertedValueType viewModelType implementsINotifyPropertyChanged",
        "",
    ),
    (
        "get_render_stats",
        "isWarmedUp confidence sampleCount frameRate averageFrameTime minFrameTime maxFrameTime totalFrames monitoringDuration visualCount visualCountLimit visualCountTruncated sampleGuidance",
        "avgRenderTime dirtyRegionCount",
    ),
    ("find_binding_leaks", "totalTracked aliveBindings deadBindings hasLeaks potentialLeaks suspects confidence", ""),
    ("measure_element_render_time", "renderTimeMs confidence recommendedSampleCount", ""),
    ("get_visual_count", "count totalCount visualCountLimit visualCountTruncated elementType", ""),
    (
        "get_ui_summary",
        "rootElementId rootElementType rootElementName depth depthMode isCurrentlyVisible semanticNodeCount traversalNodeCount omittedSemanticNodeCount truncated truncationReasons summaryText nodes.elementId nodes.elementType nodes.elementName nodes.kind nodes.depth nodes.text nodes.annotations",
        "scopeVisibility omittedNodeCount payloadLimits navigationNodes nodes.currentValue",
    ),
    (
        "get_form_summary",
        "inputs.elementId inputs.elementType inputs.elementName inputs.label inputs.currentValue inputs.bindingPath inputs.isEmpty inputs.validationErrors commands.text commands.isPrimary commands.isReady commands.blockers summary.totalInputs summary.emptyInputs summary.errorCount summary.validationSubmittable summary.interactionSubmittable summary.isSubmittable",
        "formScope",
    ),
    (
        "get_element_snapshot",
        "elementId elementType dataContextType properties bindings validationErrors style layout",
        "",
    ),
    (
        "diagnose_visibility",
        "isUserVisible checks.key checks.value checks.passed checks.description clipping rootCause suggestedFix",
        "",
    ),
    (
        "get_interaction_readiness",
        "isReady blockers.reason blockers.message activationPath activationTarget elementState.isEnabled elementState.visibility elementState.opacity elementState.isHitTestVisible elementState.hasSize commandReadiness.hasCommand commandReadiness.sourceElementId commandReadiness.commandName commandReadiness.commandNameSource commandReadiness.canExecute commandReadiness.commandParameterKind commandReadiness.riskNotes",
        "",
    ),
    (
        "get_state_diff",
        "durationMs propertyChanges viewModelChanges validationChanges",
        "newBindingErrors resolvedBindingErrors focusChange",
    ),
    (
        "capture_state_snapshot",
        "snapshotId snapshotSummary.dependencyPropertyCount snapshotSummary.viewModelPropertyCount snapshotSummary.capturedFocus snapshotCompleteness.validationBaselineCaptured skippedDependencyProperties warnings",
        "snapshotCompleteness.bindingErrorBaselineCaptured",
    ),
    (
        "restore_state_snapshot",
        "restoredDependencyProperties.verified restoredDependencyProperties.expectedValue restoredDependencyProperties.currentValue restoredDependencyProperties.restoreDisposition restoredViewModelProperties restoredFocus warnings restoreIncomplete",
        "restoredDependencyProperties.verificationSkippedReason",
    ),
    (
        "batch_mutate",
        "executionMode stopOnError mutations.index mutations.tool mutations.label mutations.success mutations.skipped mutations.error mutations.errorCode mutations.result mutationCount successCount failureCount skippedCount snapshotId stateDiff rollback.available rollback.snapshotId rollback.tool rollback.params rollback.rollbackOnFailure rollback.attempted rollback.succeeded rollback.reason",
        "mutations.stateAfterTimeoutUnknown recovery",
    ),
];

/// Whether a schema has a field at a path, behind whatever references, alternatives and lists.
fn has(schema: &Value, whole: &Value, path: &[&str]) -> bool {
    let [first, rest @ ..] = path else { return true };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let meant = reference.strip_prefix('#').and_then(|pointer| whole.pointer(pointer));
        return meant.is_some_and(|meant| has(meant, whole, path));
    }
    let own = schema.get("properties").and_then(|all| all.get(*first));
    let of = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten();
    own.is_some_and(|own| has(own, whole, rest))
        || schema.get("items").is_some_and(|items| has(items, whole, path))
        || ["anyOf", "allOf", "oneOf"].into_iter().flat_map(of).any(|one| has(one, whole, path))
}

#[test]
fn every_documented_field_is_told_or_is_known_not_to_be() {
    let mut wrong = Vec::new();
    let all = tools();
    for tool in &all {
        let name = tool.descriptor().name;
        let Some((_, told, untold)) = FIELDS.iter().find(|(known, ..)| *known == name) else {
            wrong.push(format!("{name} has no row"));
            continue;
        };
        let schema = tool.output_schema().unwrap();
        let there = |field: &str| has(&schema, &schema, &field.split('.').collect::<Vec<_>>());
        let missing: Vec<_> = told.split_whitespace().filter(|field| !there(field)).collect();
        let there_now: Vec<_> = untold.split_whitespace().filter(|field| there(field)).collect();
        if !missing.is_empty() || !there_now.is_empty() {
            wrong.push(format!("{name} does not tell {missing:?}, and tells {there_now:?}"));
        }
    }
    assert_eq!(all.len(), FIELDS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
