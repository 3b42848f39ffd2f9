/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_XML_H
#define NET_XML_H
/*
 * Just enough of XML to find a value in a camera's SOAP reply: elements by their
 * local name, whatever the prefix. No entities, no namespaces, no nesting of an
 * element in one of its own name; a document that is not well-formed finds nothing,
 * or something harmless: values are checked by whoever takes them. Pure; linear.
 */
#include "net/span.h"

/*
 * The next element of that name at or below *in; *in is moved behind its start tag. ret_attributes (its start tag's rest)
 * and ret_body (all up to its end tag; empty for one that is closed at once) may be NULL.
 */
bool xml_element(struct span *in, const char *name, struct span *ret_attributes, struct span *ret_body);
/* The value of an attribute without prefix, as written between its quotes. */
bool xml_attribute(struct span attributes, const char *name, struct span *ret);

#endif
