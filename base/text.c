/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int text_u64(const char *s, size_t n, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || (n > 1 && s[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned char)s[i] - (unsigned)'0';

		if (d > 9)
			return -EINVAL;
		if (v > (UINT64_MAX - d) / 10)
			return -ERANGE;
		v = v * 10 + d;
	}
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

void hex_encode(const void *in, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *p = in;

	for (size_t i = 0; i < n; i++) {
		*out++ = digit[p[i] >> 4];
		*out++ = digit[p[i] & 15];
	}
	*out = 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *s, size_t n, uint8_t *out, size_t nout)
{
	if (n != 2 * nout)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (hex_digit(s[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < nout; i++)
		out[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 | hex_digit(s[2 * i + 1]));
	return 0;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *in, size_t n, char *out)
{
	const uint8_t *p = in;
	char *o = out;

	for (; n >= 3; n -= 3, p += 3) {
		*o++ = b64[p[0] >> 2];
		*o++ = b64[(p[0] & 3) << 4 | p[1] >> 4];
		*o++ = b64[(p[1] & 15) << 2 | p[2] >> 6];
		*o++ = b64[p[2] & 63];
	}
	if (n) {
		unsigned second = n == 2 ? p[1] : 0;

		*o++ = b64[p[0] >> 2];
		*o++ = b64[(p[0] & 3) << 4 | second >> 4];
		*o++ = n == 2 ? b64[(second & 15) << 2] : '=';
		*o++ = '=';
	}
	*o = 0;
	return (size_t)(o - out);
}

static int b64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(const char *s, size_t n, uint8_t *out, size_t max, size_t *ret_n)
{
	size_t pad = 0, nout;
	uint32_t v = 0;

	if (n % 4)
		return -EINVAL;
	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	nout = n / 4 * 3 - pad;
	if (nout > max)
		return -ENOBUFS;
	for (size_t i = 0; i < n - pad; i++)
		if (b64_digit(s[i]) < 0)
			return -EINVAL;
	if (pad && (b64_digit(s[n - 1 - pad]) & (pad == 2 ? 15 : 3)))
		return -EINVAL;
	for (size_t i = 0, o = 0; i < n; i++) {
		v = v << 6 | (uint32_t)(i < n - pad ? b64_digit(s[i]) : 0);
		if (i % 4 == 3) {
			for (int k = 2; k >= 0 && o < nout; k--)
				out[o++] = (uint8_t)(v >> 8 * k);
			v = 0;
		}
	}
	*ret_n = nout;
	return 0;
}

void text_escape(const void *s, size_t n, char *out, size_t cap)
{
	const uint8_t *p = s;
	size_t o = 0;

	if (cap == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		bool plain = p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\';
		size_t need = plain ? 1 : 4;

		if (o + need + 4 > cap) {
			for (const char *dots = "..."; *dots && o + 1 < cap; dots++)
				out[o++] = *dots;
			break;
		}
		if (plain)
			out[o++] = (char)p[i];
		else
			o += (size_t)snprintf(out + o, cap - o, "\\x%02x", p[i]);
	}
	out[o] = 0;
}

bool text_is_name(const char *s, size_t n)
{
	if (n < 1 || n > 32)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
			return false;
	return true;
}

bool text_same_secret(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}
