/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "media/sei.h"
#include "seal/media_key.h"
#include "server/sign_media.h"

static struct sign_media s;
static struct buf key, certificate, root;
static struct msg_sei sei;

static int file_of(const struct buf *b)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	cr_assert(fd >= 0 && io_write_all(fd, buf_data(b), b->len) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int read_files(const struct buf *a, const struct buf *b, const char **why)
{
	int fds[2] = {file_of(a), file_of(b)}, rc = sign_media_read(&s, "museum.example/north", fds[0], fds[1], why);

	close(fds[0]);
	close(fds[1]);
	return rc;
}

static void setup(void)
{
	const char *why = "";

	secret_begin(1 << 16);
	buf_init(&key, 8192);
	buf_init(&certificate, 8192);
	buf_init(&root, 8192);
	cr_assert_eq(media_key_generate("museum.example", &key, &certificate, &root), 0);
	memset(&s, 0, sizeof s);
	cr_assert_eq(read_files(&key, &certificate, &why), 0, "%s", why);
}

static void teardown(void)
{
	sign_media_free(&s);
	buf_free(&key);
	buf_free(&certificate);
	buf_free(&root);
}

TestSuite(sign_media, .init = setup, .fini = teardown, .timeout = 60);

static struct msg_sei_ask ask_of(uint32_t gop)
{
	return (struct msg_sei_ask){.camera = 7, .rendition = 2, .gop = gop, .nals = 50, .start_us = 1795361400040000, .end_us = 1795361402040000,
		.hash = {1, 2, 3}, .linked = {4}, .camera_name = "gate-1", .rendition_name = "720p"};
}

static bool holds(const void *what, size_t n)
{
	return memmem(sei.nal, sei.nal_len, what, n) != NULL;
}

/* The signature is the last tag: its length is at a fixed place from the end, its tag may have been escaped. */
static bool signature_is_good(void)
{
	static const uint8_t tag[] = {3, 0, 75, 1, 0};
	const uint8_t *at = memmem(sei.nal + sei.nal_len - 90, 90, tag, sizeof tag), *end;
	BIO *bio = BIO_new_mem_buf(buf_data(&certificate), (int)certificate.len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	cr_assert(at && x);
	end = at[-1] == 3 && at[-2] == 0 && at[-3] == 0 ? at - 1 : at;
	good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
		EVP_DigestVerify(ctx, at + 6, at[5], sei.nal, (size_t)(end - sei.nal)) == 1;
	EVP_MD_CTX_free(ctx);
	X509_free(x);
	BIO_free(bio);
	return good;
}

Test(sign_media, writes_the_whole_message_with_the_names_and_signs_it)
{
	struct msg_sei_ask ask = ask_of(1);

	cr_assert_eq(sign_media_answer(&s, &ask, 0, &sei), 0);
	cr_expect(sei.camera == 7 && sei.rendition == 2 && sei.gop == 1 && sei.start_us == ask.start_us);
	cr_expect(holds("camera gate-1 rendition 720p", 28));
	cr_expect(holds(sei_uuid_onvif, SEI_UUID_BYTES));
	cr_expect_not(holds("BEGIN CERTIFICATE", 17));
	cr_expect(signature_is_good());
	sei.nal[40] ^= 1;
	cr_expect_not(signature_is_good());
}

Test(sign_media, the_certificates_come_alone_and_with_each_eighth_group)
{
	for (uint32_t gop = 0; gop <= 17; gop++) {
		struct msg_sei_ask ask = ask_of(gop);

		cr_assert_eq(sign_media_answer(&s, &ask, 0, &sei), 0);
		cr_expect_eq(holds("BEGIN CERTIFICATE", 17), gop % 8 == 0, "group %u", gop);
		cr_expect_eq(holds("museum.example/north", 20), gop % 8 == 0);
		cr_expect(signature_is_good(), "group %u", gop);
	}
}

Test(sign_media, what_makes_no_message_is_not_signed)
{
	struct msg_sei_ask ask = ask_of(1);

	ask.nals = 0;
	cr_expect_eq(sign_media_answer(&s, &ask, 0, &sei), -EINVAL);
	sign_media_free(&s);
	cr_expect_eq(sign_media_answer(&s, &ask, 0, &sei), -ENOENT);
}

Test(sign_media, signs_so_many_in_a_second_and_no_more)
{
	struct msg_sei_ask ask = ask_of(1);

	s.signed_in_it = SIGN_MEDIA_PER_S - 1;
	s.second = 5;
	cr_expect_eq(sign_media_answer(&s, &ask, 5500000, &sei), 0);
	cr_expect_eq(sign_media_answer(&s, &ask, 5999999, &sei), -EBUSY);
	cr_expect_eq(sign_media_answer(&s, &ask, 6000000, &sei), 0);
}

Test(sign_media, takes_no_files_that_do_not_belong_together)
{
	const char *why = "";

	sign_media_free(&s);
	cr_expect(read_files(&certificate, &certificate, &why) == -EINVAL && strstr(why, "private key"));
	cr_expect(read_files(&key, &root, &why) == -EINVAL && strstr(why, "not the key's"));
	cr_expect_null(s.key);
}
