/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/http_response.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_9999_END_S 253402300799

const char *http_reason(unsigned status)
{
	static const struct { unsigned status; const char *reason; } table[] = {
		{200, "OK"}, {204, "No Content"}, {206, "Partial Content"}, {303, "See Other"}, {304, "Not Modified"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
		{408, "Request Timeout"}, {410, "Gone"}, {411, "Length Required"}, {413, "Content Too Large"}, {414, "URI Too Long"},
		{412, "Precondition Failed"}, {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {421, "Misdirected Request"}, {429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Unknown";
}

int http_response_begin(struct buf *b, unsigned status)
{
	return buf_append_fmt(b, "HTTP/1.1 %u %s\r\n", status, http_reason(status));
}

int http_response_field(struct buf *b, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	uint8_t *to;

	if (memchr(value, '\r', value_len) || memchr(value, '\n', value_len))
		return -EINVAL;
	to = buf_reserve(b, name_len + value_len + 4);
	if (!to)
		return -ENOBUFS;
	memcpy(to, name, name_len);
	memcpy(to + name_len, ": ", 2);
	memcpy(to + name_len + 2, value, value_len);
	memcpy(to + name_len + 2 + value_len, "\r\n", 2);
	buf_commit(b, name_len + value_len + 4);
	return 0;
}

int http_response_number(struct buf *b, const char *name, uint64_t value)
{
	char text[21];

	snprintf(text, sizeof text, "%" PRIu64, value);
	return http_response_field(b, name, text);
}

int http_response_end(struct buf *b)
{
	return buf_append(b, "\r\n", 2);
}

void http_date(int64_t wall_us, char out[HTTP_DATE])
{
	static const char day[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char month[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t s = wall_us / 1000000;
	time_t t = s < 0 ? 0 : s > YEAR_9999_END_S ? YEAR_9999_END_S : s;
	struct tm tm;
	char text[64];

	gmtime_r(&t, &tm);
	snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", day[tm.tm_wday], tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(out, text, HTTP_DATE - 1);
	out[HTTP_DATE - 1] = 0;
}
