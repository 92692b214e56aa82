/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/compare.h"

#include "service/iptables/layout.h"

void iptables_compare(Iptables *iptables, Snapshot *snapshot, const Ruleset *ruleset, enum family family,
		      enum chain chain)
{
	layout_read_chain(ruleset, family, chain, iptables->wanted);
	snapshot_read_chain(snapshot, iptables->names[chain], iptables->found);
	diff_chain(iptables->diff, &(DiffInput){
					   .family = family,
					   .owned = !chain_info(chain)->builtin,
					   .names = iptables->names,
					   .wanted = iptables->wanted,
					   .found = (FoundEntry *)iptables->found->data,
					   .n_found = iptables->found->len,
				   });
}
