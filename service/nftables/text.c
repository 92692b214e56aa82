/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/private.h"

#include "service/nftables/translate.h"

/* Elements one after the other as nft loads them: a command for each set. */
static void append_elements(const char *table, const GArray *elements, GString *text)
{
	for (guint i = 0; i < elements->len; i++) {
		const Element *element = &g_array_index(elements, Element, i);

		if (i > 0 && element[-1].set == element->set)
			g_string_append(text, ", ");
		else
			g_string_append_printf(text, "%sadd element %s %s %s { ", i > 0 ? " }; " : "",
					       nft_family(element->family), table, set_info(element->set)->name);
		element_append_text(element, text);
	}
	g_string_append(text, " }");
}

bool nftables_describe(const Backend *backend, const Rule *rule, RuleText *ret)
{
	const Nftables *nftables = (const Nftables *)backend;
	g_autoptr(GArray) elements = translate_to_array(rule);
	GString *text;

	if (elements->len == 0)
		return false;
	text = g_string_new(NULL);
	append_elements(nftables->table, elements, text);
	*ret = (RuleText){ nftables->table, set_info(g_array_index(elements, Element, 0).set)->name,
			   g_string_free(text, FALSE) };
	return true;
}

typedef struct Listing {
	const char *table;
	GHashTable *seen;      /* a set of Element */
	GString *sets[N_SETS]; /* NULL: nothing in it */
	gsize heads[N_SETS];   /* how long what a line of it begins with is */
} Listing;

static void begin_line(Listing *listing, const Element *element)
{
	GString *text = listing->sets[element->set];

	if (text) {
		g_string_append_len(text, text->str, listing->heads[element->set]);
		return;
	}
	text = g_string_new(NULL);
	g_string_append_printf(text, "add element %s %s %s { ", nft_family(element->family), listing->table,
			       set_info(element->set)->name);
	listing->heads[element->set] = text->len;
	listing->sets[element->set] = text;
}

static void list_element(const Element *element, void *userdata)
{
	Listing *listing = userdata;

	if (!g_hash_table_add(listing->seen, g_memdup2(element, element_memory(element))))
		return;
	begin_line(listing, element);
	element_append_text(element, listing->sets[element->set]);
	g_string_append(listing->sets[element->set], " }\n");
}

/* Whether it is said of what is to be listed that it stands by itself. */
static bool has_table(const Ruleset *ruleset, enum family family)
{
	const GPtrArray *base = ruleset_place(ruleset, family, PLACE_ACCEPT_EXISTS);

	for (guint i = 0; i < base->len; i++)
		if (((const RulesetEntry *)base->pdata[i])->references > 0)
			return true;
	return false;
}

char *nftables_text(const Backend *backend, const Ruleset *ruleset, enum family family)
{
	Listing listing = { ((const Nftables *)backend)->table };
	GString *text = g_string_new(NULL);

	listing.seen = g_hash_table_new_full(element_hash, element_equal, g_free, NULL);
	if (has_table(ruleset, family))
		skeleton_append_text(text, family, listing.table,
				     ruleset_forward_policy(ruleset, family) == TARGET_DROP);
	for (enum place place = 0; place < N_PLACES; place++) {
		const GPtrArray *entries = ruleset_place(ruleset, family, place);

		for (guint i = 0; i < entries->len; i++) {
			const RulesetEntry *entry = entries->pdata[i];

			if (entry->references > 0)
				translate(&entry->rule, list_element, &listing);
		}
	}
	for (enum set set = 0; set < N_SETS; set++) {
		if (!listing.sets[set])
			continue;
		g_string_append_len(text, listing.sets[set]->str, listing.sets[set]->len);
		g_string_free(listing.sets[set], TRUE);
	}
	g_hash_table_unref(listing.seen);
	return g_string_free(text, FALSE);
}
