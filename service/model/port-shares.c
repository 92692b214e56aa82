/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-shares.h"

/* The ports that one user has published. */
typedef struct Share {
	GHashTable *ports; /* make_key() → how often it is published */
	guint16 min, max;
	guint16 within[256]; /* from min to max, by protocol */
} Share;

struct PortShares {
	GHashTable *by_uid; /* uid → Share */
};

static void share_free(gpointer data)
{
	Share *share = data;

	g_hash_table_unref(share->ports);
	g_free(share);
}

PortShares *port_shares_new(void)
{
	PortShares *shares = g_new(PortShares, 1);

	shares->by_uid = g_hash_table_new_full(NULL, NULL, NULL, share_free);
	return shares;
}

void port_shares_free(PortShares *shares)
{
	if (!shares)
		return;
	g_hash_table_unref(shares->by_uid);
	g_free(shares);
}

static Share *find(const PortShares *shares, uid_t uid)
{
	return g_hash_table_lookup(shares->by_uid, GUINT_TO_POINTER(uid));
}

static gpointer make_key(guint8 protocol, guint16 port)
{
	return GUINT_TO_POINTER((guint)protocol << 16 | port);
}

static void count(Share *share, guint8 protocol, guint16 port, int by)
{
	if (port >= share->min && port <= share->max)
		share->within[protocol] += by;
}

void port_shares_add(PortShares *shares, uid_t uid, guint8 protocol, guint16 first, guint16 n)
{
	Share *share = find(shares, uid);

	if (!share) {
		share = g_new0(Share, 1);
		share->ports = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(shares->by_uid, GUINT_TO_POINTER(uid), share);
	}
	for (guint i = 0; i < n; i++) {
		gpointer key = make_key(protocol, first + i);
		guint times = GPOINTER_TO_UINT(g_hash_table_lookup(share->ports, key));

		g_hash_table_insert(share->ports, key, GUINT_TO_POINTER(times + 1));
		if (times == 0)
			count(share, protocol, first + i, 1);
	}
}

void port_shares_remove(PortShares *shares, uid_t uid, guint8 protocol, guint16 first, guint16 n)
{
	Share *share = find(shares, uid);

	for (guint i = 0; i < n; i++) {
		gpointer key = make_key(protocol, first + i);
		guint times = GPOINTER_TO_UINT(g_hash_table_lookup(share->ports, key));

		if (times > 1) {
			g_hash_table_insert(share->ports, key, GUINT_TO_POINTER(times - 1));
			continue;
		}
		g_hash_table_remove(share->ports, key);
		count(share, protocol, first + i, -1);
	}
	if (g_hash_table_size(share->ports) == 0)
		g_hash_table_remove(shares->by_uid, GUINT_TO_POINTER(uid));
}

static void set_bounds(Share *share, guint16 min, guint16 max)
{
	GHashTableIter iter;
	gpointer key;

	for (gsize i = 0; i < G_N_ELEMENTS(share->within); i++)
		share->within[i] = 0;
	share->min = min;
	share->max = max;
	g_hash_table_iter_init(&iter, share->ports);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		count(share, GPOINTER_TO_UINT(key) >> 16, GPOINTER_TO_UINT(key) & G_MAXUINT16, 1);
}

guint port_shares_count(PortShares *shares, uid_t uid, guint8 protocol, guint16 min, guint16 max)
{
	Share *share = find(shares, uid);

	if (!share)
		return 0;
	if (share->min != min || share->max != max)
		set_bounds(share, min, max);
	return share->within[protocol];
}

bool port_shares_has(const PortShares *shares, uid_t uid, guint8 protocol, guint16 port)
{
	const Share *share = find(shares, uid);

	return share && g_hash_table_contains(share->ports, make_key(protocol, port));
}
