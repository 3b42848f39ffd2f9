/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/vendor.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/schema.h"

#define WORDS_MAX 4

/*
 * In a path %c is the channel from 1, %2 the same with two digits, %z a folder named by the channel from 0 where one was written. one:
 * there is no other channel than the first. Rebrands are under the names on their boxes.
 */
static const struct vendor {
	const char *name, *main, *sub;
	bool one;
} vendors[] = {
	{"amcrest", "/cam/realmonitor?channel=%c&subtype=0", "/cam/realmonitor?channel=%c&subtype=1", false},
	{"annke", "/Streaming/Channels/%c01", "/Streaming/Channels/%c02", false},
	{"axis", "/axis-media/media.amp?videocodec=h264&camera=%c", "/axis-media/media.amp?videocodec=h264&resolution=640x360&camera=%c", false},
	{"bosch", "/?line=%c&inst=1", "/?line=%c&inst=2", false},
	{"dahua", "/cam/realmonitor?channel=%c&subtype=0", "/cam/realmonitor?channel=%c&subtype=1", false},
	{"foscam", "/videoMain", "/videoSub", true},
	{"hanwha", "%z/profile2/media.smp", "%z/profile3/media.smp", false},
	{"hikvision", "/Streaming/Channels/%c01", "/Streaming/Channels/%c02", false},
	{"hilook", "/Streaming/Channels/%c01", "/Streaming/Channels/%c02", false},
	{"i-pro", "/MediaInput/h264/stream_1", "/MediaInput/h264/stream_2", true},
	{"lorex", "/cam/realmonitor?channel=%c&subtype=0", "/cam/realmonitor?channel=%c&subtype=1", false},
	{"reolink", "/h264Preview_%2_main", "/h264Preview_%2_sub", false},
	{"sony", "/media/video1", "/media/video2", true},
	{"tapo", "/stream1", "/stream2", true},
	{"uniview", "/unicast/c%c/s0/live", "/unicast/c%c/s1/live", false},
	{"vivotek", "/live.sdp", "/live2.sdp", true},
};

struct word {
	const char *s;
	size_t n;
};

static bool is(struct word w, const char *s)
{
	return strlen(s) == w.n && !memcmp(w.s, s, w.n);
}

bool vendor_is(const char *s, size_t n)
{
	const char *blank = memchr(s, ' ', n), *colon = blank ? memchr(s, ':', (size_t)(blank - s)) : NULL;

	return blank && !colon;
}

/* Only blanks are between words; false for more of them than there can be. */
static bool split(const char *s, size_t n, struct word word[WORDS_MAX], unsigned *ret)
{
	unsigned count = 0;

	for (size_t i = 0; i < n;) {
		size_t from = i;

		while (i < n && s[i] != ' ')
			i++;
		if (i > from && count == WORDS_MAX)
			return false;
		if (i > from)
			word[count++] = (struct word){s + from, i - from};
		i += i < n;
	}
	*ret = count;
	return true;
}

static const struct vendor *find(struct word w, char why[VENDOR_WHY])
{
	const struct vendor *best = NULL;
	unsigned least = (unsigned)(w.n < 24 ? w.n : 24) / 3 + 1;
	char name[80];
	size_t len;

	for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
		unsigned d = schema_distance(w.s, w.n, vendors[i].name, strlen(vendors[i].name));

		if (is(w, vendors[i].name))
			return &vendors[i];
		if (d <= least && (!best || d < least)) {
			least = d;
			best = &vendors[i];
		}
	}
	text_escape(w.s, w.n, name, sizeof name);
	if (best) {
		snprintf(why, VENDOR_WHY, "no vendor \"%s\" is known: did you mean \"%s\"?", name, best->name);
		return NULL;
	}
	len = (size_t)snprintf(why, VENDOR_WHY, "no vendor \"%.40s\" is known: write the camera's address, or one of", name);
	for (size_t i = 0; i < sizeof vendors / sizeof *vendors && len < VENDOR_WHY; i++)
		len += (size_t)snprintf(why + len, VENDOR_WHY - len, "%s %s", i ? "," : "", vendors[i].name);
	return NULL;
}

/* What a letter stands for; channel 0: none was written. */
static int write_channel(char letter, unsigned channel, char *out, size_t room)
{
	if (letter == 'z')
		return channel ? snprintf(out, room, "/%u", channel - 1) : 0;
	return snprintf(out, room, letter == '2' ? "%02u" : "%u", channel ? channel : 1);
}

/* The address with its scheme, and the path behind it. */
static int write_url(struct word address, const char *path, unsigned channel, char ret[VENDOR_URL])
{
	bool tls = address.n > 8 && !memcmp(address.s, "rtsps://", 8);
	int n = snprintf(ret, VENDOR_URL, "%s%.*s", tls ? "" : "rtsp://", (int)address.n, address.s);

	for (; *path && n < VENDOR_URL; path++) {
		size_t room = VENDOR_URL - (size_t)n;

		n += *path == '%' ? write_channel(*++path, channel, ret + n, room) : snprintf(ret + n, room, "%c", *path);
	}
	return n < VENDOR_URL ? 0 : -EINVAL;
}

/* The words behind the address. */
static int take_options(const struct word *word, unsigned n, uint64_t *channel, bool *sub, char why[VENDOR_WHY])
{
	unsigned i = 0;
	char text[80];

	if (i < n && !text_u64(word[i].s, word[i].n, VENDOR_CHANNEL_MAX, channel) && *channel)
		i++;
	if (i < n && (is(word[i], "main") || is(word[i], "sub")))
		*sub = is(word[i++], "sub");
	if (i == n)
		return 0;
	text_escape(word[i].s, word[i].n, text, sizeof text);
	snprintf(why, VENDOR_WHY, "\"%s\" is neither a channel, 1 to %d, nor main or sub: VENDOR ADDRESS [CHANNEL] [main|sub]", text, VENDOR_CHANNEL_MAX);
	return -EINVAL;
}

int vendor_url(const char *s, size_t n, char ret[VENDOR_URL], char why[VENDOR_WHY])
{
	struct word word[WORDS_MAX];
	const struct vendor *v;
	uint64_t channel = 0;
	bool sub = false;
	unsigned count;

	if (!split(s, n, word, &count) || count < 2) {
		snprintf(why, VENDOR_WHY, "what is wanted is VENDOR ADDRESS [CHANNEL] [main|sub]");
		return -EINVAL;
	}
	v = find(word[0], why);
	if (!v || take_options(word + 2, count - 2, &channel, &sub, why))
		return -EINVAL;
	if (channel > 1 && v->one) {
		snprintf(why, VENDOR_WHY, "of %s only one channel is known: write the camera's address", v->name);
		return -EINVAL;
	}
	if (!write_url(word[1], sub ? v->sub : v->main, (unsigned)channel, ret))
		return 0;
	snprintf(why, VENDOR_WHY, "the address is too long");
	return -EINVAL;
}

bool vendor_row(unsigned i, const char **name, char main[VENDOR_URL], char sub[VENDOR_URL])
{
	static const struct word address = {"ADDRESS", 7};

	if (i >= sizeof vendors / sizeof *vendors)
		return false;
	*name = vendors[i].name;
	return !write_url(address, vendors[i].main, 0, main) && !write_url(address, vendors[i].sub, 0, sub);
}
