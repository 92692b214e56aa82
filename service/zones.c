/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/zones.h"

#include "service/journal/facts.h"
#include "service/service.h"

#include <string.h>

GHashTable *service_zones(const Service *service)
{
	return service->zones;
}

/* Between commits. Without a file, before the start, the checkpoint to come has it. */
static void write_down(Service *service, const char *interface, const char *zone)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autoptr(GError) error = NULL;

	if (!service->journal || !journal_has_file(service->journal) || journal_is_begun(service->journal))
		return;
	encode_zone(batch, interface, zone ?: "");
	if (journal_begin(service->journal, batch, 0, &(JournalEffect){}, &error))
		journal_commit(service->journal, service->generation, NULL);
	else
		g_warning("%s", error->message);
}

void service_note_zone(Service *service, const char *interface, const char *zone)
{
	if (g_strcmp0(g_hash_table_lookup(service->zones, interface), zone) == 0)
		return;
	write_down(service, interface, zone);
	if (zone)
		g_hash_table_replace(service->zones, g_strdup(interface), g_strdup(zone));
	else
		g_hash_table_remove(service->zones, interface);
}

void service_set_firewalld_runs(Service *service, bool runs)
{
	service->firewalld_runs = runs;
}

void service_look_at_zones(const Service *service)
{
	service->observer.zones_doubted(service->observer.userdata);
}

void service_encode_zones(const Service *service, GByteArray *to)
{
	GHashTableIter iter;
	gpointer interface, zone;

	g_hash_table_iter_init(&iter, service->zones);
	while (g_hash_table_iter_next(&iter, &interface, &zone))
		encode_zone(to, interface, zone);
}
