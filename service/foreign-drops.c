/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/foreign-drops.h"

#include "service/service.h"

#define FIREWALLD "inet firewalld "

/* A firewalld that runs lets pass what comes from its zones, or it is said why a network is in none. */
static bool heeds_zones(const Service *service, const char *drop)
{
	if (!service->firewalld_runs || !g_str_has_prefix(drop, FIREWALLD))
		return false;
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next)
		if (*((const Network *)i->data)->zone == '\0')
			return false;
	return true;
}

static bool find(const Service *service, char ***ret, GError **error)
{
	GPtrArray *drops;

	if (!firewall_find_forward_drops(service->firewall, &drops, error))
		return false;
	for (guint i = drops->len; i-- > 0;)
		if (heeds_zones(service, drops->pdata[i]))
			g_ptr_array_remove_index(drops, i);
	g_ptr_array_add(drops, NULL);
	*ret = (char **)g_ptr_array_free(drops, FALSE);
	return true;
}

const char *const *service_foreign_drops(const Service *service)
{
	return (const char *const *)service->foreign_drops;
}

static bool has(char *const *drops, const char *drop)
{
	return g_strv_contains((const char *const *)drops, drop);
}

/* Who made it so, as the end of a sentence; what firewalld's stops hangs on more than its rules. The caller's. */
static char *by_whom(const Service *service, const char *drop)
{
	g_autofree char *author =
		g_str_has_prefix(drop, FIREWALLD) ? NULL : firewall_author_of(service->firewall, drop);

	return author ? g_strdup_printf("; %s made it so", author) : g_strdup("");
}

/* Takes over what there is now, and says what was told already only where that is asked for. */
static void tell(Service *service, char **now, bool again)
{
	g_auto(GStrv) before = g_steal_pointer(&service->foreign_drops);

	service->foreign_drops = now;
	for (char **drop = now; *drop; drop++) {
		g_autofree char *author = has(before, *drop) ? g_strdup("") : by_whom(service, *drop);

		if (again || !has(before, *drop))
			g_warning("Chain %s stops what is forwarded to endpoints and from them, whatever the rules of "
				  "this service accept%s",
				  cut(*drop), author);
	}
	for (char **drop = before; *drop; drop++) {
		g_autofree char *author = has(now, *drop) ? NULL : by_whom(service, *drop);

		if (author)
			g_message("Chain %s stops nothing any more that the rules of this service accept%s", cut(*drop),
				  author);
	}
	firewall_drop_authors(service->firewall);
}

void service_warn_of_foreign_drops(Service *service)
{
	GError *error = NULL;
	char **now;

	if (find(service, &now, &error))
		tell(service, now, true);
	else
		error_warn(error);
}

bool service_look_for_foreign_drops(Service *service)
{
	g_autoptr(GError) error = NULL;
	char **now;
	bool same;

	if (!find(service, &now, &error)) {
		/* Who changes them is heard of again. */
		if (g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_BUSY))
			return false;
		error_warn(g_steal_pointer(&error));
		return true;
	}
	same = g_strv_equal((const char *const *)service->foreign_drops, (const char *const *)now);
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
