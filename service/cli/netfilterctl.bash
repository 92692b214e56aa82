# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of netfilterctl for bash. Names are the service's, if it answers.

# As the command line has it: which service is asked.
__netfilterctl() {
	netfilterctl "${_netfilterctl_host[@]}" --no-ask-password --no-pager --quiet --json=off "$@" 2>/dev/null
}

# Networks and ingresses.
__netfilterctl_names() {
	__netfilterctl --no-legend list | awk '{ print $1 }'
}

__netfilterctl_networks() {
	__netfilterctl_names | grep -v '^ingress:'
}

__netfilterctl_ingresses() {
	__netfilterctl_names | grep '^ingress:'
}

__netfilterctl_endpoints() {
	LC_ALL=C __netfilterctl --no-legend | awk '/^[|`]-/ { print network "/" substr($1, 3); next } { network = $1 }'
}

# What an endpoint or an ingress publishes, as unpublish takes it.
__netfilterctl_published() {
	__netfilterctl show "$1" | awk '/^ *Ports: / { ports = 1; print $2; next } /: / { ports = 0 } ports { print $1 }'
}

# What a verb takes besides the general options, and what follows it.
__netfilterctl_options() {
	local network='--subnet= --gateway= --bridge= --internal --no-communication --no-masquerade --source-address= --gateway-mode= --host-binding= --zone= --allow-from='

	case $1 in
	create) echo "$network --label= --timeout= --permanent" ;;
	endpoint) echo "--address= --publish= --port-group= --allow-from= --label= --timeout= --permanent" ;;
	attach) echo "--address= --publish= --port-group= --allow-from= --interface= --label= --timeout=" ;;
	ingress) echo "--gateway= --bridge= --no-masquerade --publish= --allow-from= --label= --timeout= --permanent" ;;
	run) echo "$network --network= --name= --address= --publish= --port-group= --label=" ;;
	preview) echo "$network --publish= --label= --timeout= --permanent" ;;
	rules) echo "--watch" ;;
	explain) echo "--interface=" ;;
	esac
	echo "--host= --machine= --json= --no-legend --no-pager --no-ask-password --quiet --help --version"
}

__netfilterctl_arguments() { # VERB ARGUMENT…, as far as they are there
	local verb=$1 n=$(($# - 1))

	case $verb:$n in
	:*)
		echo "list show create endpoint attach publish unpublish link unlink ingress gateways delete run rules preview explain ports monitor edit
			check reconcile reload log-level clear"
		;;
	list:0) __netfilterctl_networks ;;
	endpoint:0 | attach:0) __netfilterctl_networks | sed 's|$|/|' ;;
	attach:1) ls /run/netns 2>/dev/null ;;
	gateways:0) __netfilterctl_ingresses ;;
	publish:0 | unpublish:0) __netfilterctl_endpoints; __netfilterctl_ingresses ;;
	unpublish:*) __netfilterctl_published "$2" ;;
	link:0 | link:1 | unlink:0 | unlink:1 | explain:0) __netfilterctl_endpoints ;;
	explain:1) echo "→"; __netfilterctl_endpoints | sed 's/$/:/' ;;
	explain:2) { __netfilterctl_endpoints; __netfilterctl_ingresses; } | sed 's/$/:/' ;;
	show:* | delete:* | rules:*) __netfilterctl_names; __netfilterctl_endpoints ;;
	edit:0) __netfilterctl_names ;;
	check:*) compgen -f -- "$cur" ;;
	log-level:0) echo "emerg alert crit err warning notice info debug" ;;
	esac
}

_netfilterctl() {
	local words=() cur verb='' word previous='' arguments=() choices _netfilterctl_host=()

	# ":" and "=" part the words that bash gives; here they are parts of them.
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	cur=''
	if [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]]; then
		cur=${words[-1]}
		unset 'words[-1]'
	fi
	for word in "${words[@]:1}"; do
		case $previous:$word in
		-[HM]:* | --host:* | --machine:*) _netfilterctl_host+=("$previous" "$word") previous='' ;;
		--subnet:* | --gateway:* | --bridge:* | --source-address:* | --gateway-mode:* | --host-binding:* | --zone:* | --address:* | --publish:* | --port-group:* | --allow-from:* | --label:* | --timeout:* | --network:* | --name:* | --interface:* | --json:*)
			previous=''
			;;
		*:--) # what is run is not ours to complete
			COMPREPLY=()
			compopt -o default 2>/dev/null
			return
			;;
		*:--host=* | *:--machine=*) _netfilterctl_host+=("$word") previous='' ;;
		*:-*) previous=$word ;;
		*)
			if [ -z "$verb" ]; then verb=$word; else arguments+=("$word"); fi
			previous=''
			;;
		esac
	done

	case $previous:$cur in
	--json:* | *:--json=*) choices='short pretty off' ;;
	--network:* | *:--network=*) choices=$(__netfilterctl_networks) ;;
	--bridge:* | *:--bridge=*) choices=$(ls /sys/class/net) ;;
	-M:* | --machine:* | *:--machine=*) choices=$(machinectl --no-legend list 2>/dev/null | awk '{ print $1 }') ;;
	-H:* | *:--*=*) choices='' ;;
	*:-*) choices=$(__netfilterctl_options "$verb") ;;
	*) choices=$(__netfilterctl_arguments "$verb" "${arguments[@]}") ;;
	esac
	[[ $cur != --*=* ]] || cur=${cur#*=}
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
	# What is there already, up to the last that parts words, bash does not take again.
	[[ $cur != *[:=]* ]] || COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*[:=]}"}"}")
	[[ ${COMPREPLY[0]:-} != *[=/] ]] || compopt -o nospace 2>/dev/null
}

complete -F _netfilterctl netfilterctl
