/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-shares.h"
#include "service/model/port-table.h"

#include <string.h>

/* Publications that meet one another: any address, given in either way, and two of a family, … */
static const char *const addresses[N_FAMILIES][4] = {
	{ "", "0.0.0.0", "192.0.2.1", "192.0.2.2" },
	{ "", "::", "2001:db8::1", "2001:db8::2" },
};
static const guint8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
/* … beside, within and just so, … */
static const struct {
	guint16 first, count;
} ranges[] = { { 80, 1 }, { 81, 1 }, { 80, 3 }, { 81, 2 }, { 65535, 1 }, { 65533, 3 } };
/* … by endpoints of two groups, of another user's of the same name, of none, and by an ingress. */
static const struct {
	uid_t uid;
	const char *group;
	bool reserves;
} users[] = {
	{ 1, "a", true },  { 1, "a", false }, { 1, "a", true }, { 1, "b", false },
	{ 1, "b", false }, { 2, "a", true },  { 2, "a", true }, { 1, NULL, false },
};

#define N_ENDPOINTS G_N_ELEMENTS(users)
#define N_OWNERS (N_ENDPOINTS + 1)

typedef struct Fixture {
	PortTable *table;
	Endpoint endpoints[N_ENDPOINTS];
	GPtrArray *added; /* PortRange, owned, each with its mapping */
	GRand *random;
	guint64 sequence;
} Fixture;

static void range_free(gpointer data)
{
	PortRange *range = data;

	g_free(range->mapping);
	g_free(range);
}

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	f->table = port_table_new();
	f->added = g_ptr_array_new_with_free_func(range_free);
	f->random = g_rand_new_with_seed(g_test_rand_int());
	for (guint i = 0; i < N_ENDPOINTS; i++)
		f->endpoints[i] = (Endpoint){ .lifetime.uid = users[i].uid,
					      .port_group = (char *)users[i].group,
					      .reserves = users[i].reserves };
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	port_table_free(f->table);
	g_ptr_array_unref(f->added);
	g_rand_free(f->random);
}

static Address address_of(const char *text)
{
	Address address = {};

	if (*text && !address_parse(text, &address))
		g_error("%s is no address", text);
	return address;
}

/* The i-th of all that there are. */
#define N_RANGES (G_N_ELEMENTS(protocols) * N_FAMILIES * 4 * G_N_ELEMENTS(ranges) * N_OWNERS)

static PortRange *make_range(Fixture *f, guint i)
{
	PortRange *range = g_new0(PortRange, 1);
	guint owner = i % N_OWNERS, shape = i / N_OWNERS % G_N_ELEMENTS(ranges);

	i /= N_OWNERS * G_N_ELEMENTS(ranges);
	range->family = i / 4 % N_FAMILIES;
	range->address = address_of(addresses[range->family][i % 4]);
	range->protocol = protocols[i / 4 / N_FAMILIES];
	range->first = ranges[shape].first;
	range->count = ranges[shape].count;
	if (owner == N_ENDPOINTS)
		return range;
	range->endpoint = &f->endpoints[owner];
	range->mapping = g_new(PortMapping, 1);
	*range->mapping = (PortMapping){
		.protocol = range->protocol,
		.host_address = range->address,
		.host_port = range->first,
		.endpoint_port = 8080,
		.count = range->count,
		.sequence = ++f->sequence,
	};
	return range;
}

/* --- the plain model: what was added, looked through --- */

static bool is_any(const Address *address)
{
	return address->family == AF_UNSPEC || address_is_any(address);
}

static bool is_on_same_address(const PortRange *a, const PortRange *b)
{
	return (is_any(&a->address) && is_any(&b->address)) || address_equal(&a->address, &b->address);
}

static bool meets(const PortRange *a, const PortRange *b, guint16 port)
{
	return a->protocol == b->protocol && a->family == b->family && port >= b->first &&
	       port < (guint)b->first + b->count &&
	       (is_any(&a->address) || is_any(&b->address) || is_on_same_address(a, b));
}

static bool is_shared(const PortRange *a, const PortRange *b)
{
	return a->endpoint && b->endpoint && endpoint_shares_ports(a->endpoint, b->endpoint) && a->first == b->first &&
	       a->count == b->count && a->family == b->family && a->protocol == b->protocol && is_on_same_address(a, b);
}

static int find_overlap(const Fixture *f, const PortRange *range)
{
	for (guint port = range->first; port < (guint)range->first + range->count; port++)
		for (guint i = 0; i < f->added->len; i++)
			if (meets(range, f->added->pdata[i], port) && !is_shared(range, f->added->pdata[i]))
				return port;
	return -1;
}

static PortMapping *find_oldest(const Fixture *f, const PortRange *range)
{
	PortMapping *oldest = NULL;

	for (guint i = 0; i < f->added->len; i++) {
		const PortRange *other = f->added->pdata[i];

		if (is_shared(range, other) && (!oldest || other->mapping->sequence < oldest->sequence))
			oldest = other->mapping;
	}
	return oldest;
}

static bool find_reserving(const Fixture *f, const PortRange *range, guint16 port)
{
	for (guint i = 0; i < f->added->len; i++) {
		const PortRange *other = f->added->pdata[i];

		if (meets(range, other, port) && is_on_same_address(range, other) &&
		    (!other->endpoint || other->endpoint->reserves))
			return true;
	}
	return false;
}

static void hold(Fixture *f, const PortRange *range)
{
	PortMapping *oldest = find_oldest(f, range);
	int overlap = find_overlap(f, range);
	Endpoint *endpoint = NULL;
	guint16 port = 0;

	g_assert_cmpint(port_table_overlaps(f->table, range, &port), ==, overlap >= 0);
	if (overlap >= 0)
		g_assert_cmpuint(port, ==, overlap);
	g_assert_true(port_table_oldest(f->table, range, &endpoint) == oldest);
	if (oldest)
		g_assert_true(endpoint != range->endpoint && endpoint_shares_ports(endpoint, range->endpoint));
	for (guint i = 0; i < range->count; i++)
		g_assert_cmpint(port_table_reserves(f->table, range, range->first + i), ==,
				find_reserving(f, range, range->first + i));
}

static void hold_all(Fixture *f)
{
	for (guint i = 0; i < N_RANGES; i++) {
		PortRange *range = make_range(f, i);

		hold(f, range);
		range_free(range);
	}
}

static void add(Fixture *f, PortRange *range)
{
	port_table_add(f->table, range);
	g_ptr_array_add(f->added, range);
}

static PortRange *take_out(Fixture *f, guint index)
{
	PortRange *range = g_ptr_array_steal_index(f->added, index);

	port_table_remove(f->table, range);
	return range;
}

/* --- cases --- */

/* Each beside each. */
static void test_pairs(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	for (guint i = 0; i < N_RANGES; i++) {
		/* What is of other protocols cannot meet: one of each is enough. */
		guint step = i % (N_RANGES / G_N_ELEMENTS(protocols)) == i ? 1 : 11;

		add(f, make_range(f, i));
		for (guint j = 0; j < N_RANGES; j += step) {
			PortRange *range = make_range(f, j);

			hold(f, range);
			range_free(range);
		}
		range_free(take_out(f, 0));
		g_assert_cmpuint(f->added->len, ==, 0);
	}
	hold_all(f);
}

/* Some come, some go, and some come back as they were, which is older than what came meanwhile. */
static void test_any_order(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(range_free);
	guint n_shared = 0, n_refused = 0;

	for (guint i = 0; i < 20000; i++) {
		guint what = g_rand_int_range(f->random, 0, 8);

		if (what < 5) {
			PortRange *range =
				what < 4 || gone->len == 0
					? make_range(f, g_rand_int_range(f->random, 0, N_RANGES))
					: g_ptr_array_steal_index_fast(gone, g_rand_int_range(f->random, 0, gone->len));

			hold(f, range);
			n_shared += find_oldest(f, range) != NULL;
			if (find_overlap(f, range) >= 0) {
				n_refused++;
				range_free(range);
			} else {
				add(f, range);
			}
		} else if (f->added->len > 0) {
			g_ptr_array_add(gone, take_out(f, g_rand_int_range(f->random, 0, f->added->len)));
		}
		if (i % 1000 == 0)
			hold_all(f);
	}
	g_assert_cmpuint(n_shared, >, 50); /* of some 116, give or take 11 */
	g_assert_cmpuint(n_refused, >, 100);
	while (f->added->len > 0)
		range_free(take_out(f, g_rand_int_range(f->random, 0, f->added->len)));
	hold_all(f);
}

/* A group of many on one port, and one port on many addresses, in which each is looked for. */
static void test_many(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	enum { N = 20000 };
	g_autofree Endpoint *group = g_new(Endpoint, N);
	g_autofree PortMapping *mappings = g_new(PortMapping, N);
	PortRange range = { .protocol = IPPROTO_TCP, .first = 80, .count = 1 };
	Endpoint *endpoint;

	for (guint i = 0; i < N; i++) {
		group[i] = (Endpoint){ .lifetime.uid = 1, .port_group = (char *)"a" };
		mappings[i] = (PortMapping){ .host_port = 80, .count = 1, .sequence = i };
		range.endpoint = &group[i];
		range.mapping = &mappings[i];
		g_assert_false(port_table_overlaps(f->table, &range, &(guint16){ 0 }));
		port_table_add(f->table, &range);
	}
	for (guint i = 0; i < N; i++) {
		/* The oldest, and one from the middle. */
		guint at = i % 2 == 0 ? i / 2 : N / 2 + i / 2;

		range.endpoint = &group[at];
		range.mapping = &mappings[at];
		g_assert_true(port_table_overlaps(f->table, &range, &(guint16){ 0 }));
		port_table_remove(f->table, &range);
		g_assert_true(port_table_oldest(f->table, &range, &endpoint) == (i + 1 == N   ? NULL
										 : i + 2 == N ? &mappings[N - 1]
											      : &mappings[i / 2 + 1]));
	}
	range.endpoint = NULL;
	range.mapping = NULL;
	for (guint i = 0; i < 2 * N; i++) {
		range.address = (Address){ AF_INET, { 10, i / 250 / 250 % 250, i / 250 % 250, i % 250 + 1 } };
		if (i < N)
			port_table_add(f->table, &range);
		g_assert_cmpint(port_table_reserves(f->table, &range, 80), ==, i < N);
		g_assert_cmpint(port_table_overlaps(f->table, &range, &(guint16){ 0 }), ==, i < N);
	}
	for (guint i = 0; i < N; i++) {
		range.address = (Address){};
		g_assert_true(port_table_overlaps(f->table, &range, &(guint16){ 0 }));
		range.address = (Address){ AF_INET, { 10, i / 250 / 250 % 250, i / 250 % 250, i % 250 + 1 } };
		port_table_remove(f->table, &range);
	}
	range.address = (Address){};
	g_assert_false(port_table_overlaps(f->table, &range, &(guint16){ 0 }));
}

/* --- how many of them a user has --- */

typedef struct Publication {
	uid_t uid;
	guint8 protocol;
	guint16 first, count;
} Publication;

static guint count_plainly(const GArray *publications, uid_t uid, guint8 protocol, guint min, guint max)
{
	g_autofree bool *had = g_new0(bool, G_MAXUINT16 + 1);
	guint n = 0;

	for (guint i = 0; i < publications->len; i++) {
		const Publication *publication = &g_array_index(publications, Publication, i);

		for (guint j = 0; j < publication->count; j++)
			if (publication->uid == uid && publication->protocol == protocol)
				had[publication->first + j] = true;
	}
	for (guint port = min; port <= max; port++)
		n += had[port];
	return n;
}

static void test_shares(void)
{
	static const struct {
		guint16 min, max;
	} bounds[] = { { 32768, 60999 }, { 32770, 32771 }, { 1, 65535 }, { 65535, 65535 }, { 40000, 50000 } };
	static const Publication kinds[] = {
		{ 0, 0, 80, 1 },    { 0, 0, 32766, 5 },  { 0, 0, 32768, 1 }, { 0, 0, 60998, 4 },
		{ 0, 0, 65535, 1 }, { 0, 0, 39990, 20 }, { 0, 0, 1, 65535 }, { 0, 0, 49999, 1 },
	};
	g_autoptr(PortShares) shares = port_shares_new();
	g_autoptr(GArray) publications = g_array_new(FALSE, FALSE, sizeof(Publication));
	g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int());

	g_assert_cmpuint(port_shares_count(shares, 1, IPPROTO_TCP, 1, 65535), ==, 0);
	for (guint i = 0; i < 1500; i++) {
		guint at = i / 3 % G_N_ELEMENTS(bounds), port = g_rand_int_range(random, 1, G_MAXUINT16 + 1);
		guint8 protocol = protocols[g_rand_int_range(random, 0, G_N_ELEMENTS(protocols))];
		uid_t uid = g_rand_int_range(random, 1, 3);

		if (i < 1000 ? g_rand_int_range(random, 0, 5) < 3 : publications->len == 0) {
			Publication publication = kinds[g_rand_int_range(random, 0, G_N_ELEMENTS(kinds))];

			publication.uid = uid;
			publication.protocol = protocol;
			port_shares_add(shares, uid, protocol, publication.first, publication.count);
			g_array_append_val(publications, publication);
		} else if (publications->len > 0) {
			guint index = g_rand_int_range(random, 0, publications->len);
			Publication gone = g_array_index(publications, Publication, index);

			port_shares_remove(shares, gone.uid, gone.protocol, gone.first, gone.count);
			g_array_remove_index_fast(publications, index);
		}
		g_assert_cmpuint(port_shares_count(shares, uid, protocol, bounds[at].min, bounds[at].max), ==,
				 count_plainly(publications, uid, protocol, bounds[at].min, bounds[at].max));
		g_assert_cmpint(port_shares_has(shares, uid, protocol, port), ==,
				count_plainly(publications, uid, protocol, port, port));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/port-table/pairs", Fixture, NULL, set_up, test_pairs, tear_down);
	g_test_add("/port-table/any-order", Fixture, NULL, set_up, test_any_order, tear_down);
	g_test_add("/port-table/many", Fixture, NULL, set_up, test_many, tear_down);
	g_test_add_func("/port-table/shares", test_shares);
	return g_test_run();
}
