// SPDX-License-Identifier: Apache-2.0
// The door to libyaml. The event's payload is a C union; the inline helpers read the member that the event's
// type says is there, so that Swift never touches the union. Only YAML/YAMLEventReader.swift calls them.
#ifndef MODELD_CYAML_H
#define MODELD_CYAML_H

#include <stddef.h>
#include <yaml.h>

static inline const unsigned char *cyaml_scalar_text(const yaml_event_t *event) {
    return event->data.scalar.value;
}
static inline size_t cyaml_scalar_length(const yaml_event_t *event) { return event->data.scalar.length; }
static inline int cyaml_scalar_is_plain(const yaml_event_t *event) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static inline int cyaml_has_anchor(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.anchor != NULL;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.anchor != NULL;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.anchor != NULL;
    default: return 0;
    }
}

static inline int cyaml_has_tag(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.tag != NULL;
    default: return 0;
    }
}

#endif
