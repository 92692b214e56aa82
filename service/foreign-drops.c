/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/foreign-drops.h"

#include "service/service.h"

#include <linux/netfilter.h>

static bool is_firewallds(const ForeignChain *drop)
{
	return !drop->mechanism && drop->family == NFPROTO_INET && g_str_equal(drop->table, "firewalld");
}

/* A firewalld that runs lets pass what comes from its zones, or it is said why a network is in none. */
static bool heeds_zones(const Service *service, const ForeignChain *drop)
{
	if (!service->firewalld_runs || !is_firewallds(drop))
		return false;
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next)
		if (*((const Network *)i->data)->zone == '\0')
			return false;
	return true;
}

static bool find(const Service *service, GPtrArray **ret, GError **error)
{
	if (!firewall_find_forward_drops(service->firewall, ret, error))
		return false;
	for (guint i = (*ret)->len; i-- > 0;)
		if (heeds_zones(service, (*ret)->pdata[i]))
			g_ptr_array_remove_index(*ret, i);
	return true;
}

char **service_foreign_drops(const Service *service)
{
	const GPtrArray *drops = service->foreign_drops;
	char **names = g_new0(char *, drops->len + 1);

	for (guint i = 0; i < drops->len; i++)
		names[i] = foreign_chain_name(drops->pdata[i]);
	return names;
}

static bool has(GPtrArray *drops, const ForeignChain *drop)
{
	return g_ptr_array_find_with_equal_func(drops, drop, foreign_chain_equal, NULL);
}

static bool is_same(const GPtrArray *a, const GPtrArray *b)
{
	if (a->len != b->len)
		return false;
	for (guint i = 0; i < a->len; i++)
		if (!foreign_chain_equal(a->pdata[i], b->pdata[i]))
			return false;
	return true;
}

/* Who made it so, as the end of a sentence; what firewalld's stops hangs on more than its rules. The caller's. */
static char *by_whom(const Service *service, const ForeignChain *drop)
{
	g_autofree char *author = is_firewallds(drop) ? NULL : firewall_author_of(service->firewall, drop);

	return author ? g_strdup_printf("; %s made it so", author) : g_strdup("");
}

static void tell_of(const ForeignChain *drop, const char *author)
{
	g_autofree char *name = foreign_chain_name(drop);

	g_warning("Chain %s stops what is forwarded to endpoints and from them, whatever the rules of this service "
		  "accept%s",
		  cut(name), author);
}

static void tell_end_of(const ForeignChain *drop, const char *author)
{
	g_autofree char *name = foreign_chain_name(drop);

	g_message("Chain %s stops nothing any more that the rules of this service accept%s", cut(name), author);
}

/* Takes over what there is now, and says what was told already only where that is asked for. */
static void tell(Service *service, GPtrArray *now, bool again)
{
	g_autoptr(GPtrArray) before = g_steal_pointer(&service->foreign_drops);

	service->foreign_drops = now;
	for (guint i = 0; i < now->len; i++) {
		const ForeignChain *drop = now->pdata[i];
		g_autofree char *author = has(before, drop) ? g_strdup("") : by_whom(service, drop);

		if (again || !has(before, drop))
			tell_of(drop, author);
	}
	for (guint i = 0; i < before->len; i++) {
		const ForeignChain *drop = before->pdata[i];
		g_autofree char *author = has(now, drop) ? NULL : by_whom(service, drop);

		if (author)
			tell_end_of(drop, author);
	}
	firewall_drop_authors(service->firewall);
}

void service_warn_of_foreign_drops(Service *service)
{
	GError *error = NULL;
	GPtrArray *now;

	if (find(service, &now, &error))
		tell(service, now, true);
	else
		error_warn(error);
}

bool service_look_for_foreign_drops(Service *service)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *now;
	bool same;

	if (!find(service, &now, &error)) {
		/* Who changes them is heard of again. */
		if (g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_BUSY))
			return false;
		error_warn(g_steal_pointer(&error));
		return true;
	}
	same = is_same(service->foreign_drops, now);
	tell(service, now, false);
	return !same;
}

int service_listen_to_others(Service *service)
{
	return firewall_listen_to_others(service->firewall);
}

void service_stop_listening(Service *service)
{
	firewall_stop_listening(service->firewall);
}

bool service_heard_of_others(Service *service)
{
	return firewall_heard_of_others(service->firewall);
}
