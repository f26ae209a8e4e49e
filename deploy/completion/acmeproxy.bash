# bash completion for acmeproxy.  It reads the commands and options from the
# program's --help, so this file needs no list of them.
# shellcheck shell=bash

_acmeproxy() { # PROGRAM
	local program=${1/#\~/$HOME} word=${COMP_WORDS[COMP_CWORD]} each
	local before=${COMP_WORDS[COMP_CWORD - 1]} wanted='[a-z]*' help

	COMPREPLY=()
	# bash splits "--option=ARGUMENT" into three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	help=$("$program" --help 2>/dev/null)
	for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $each == [a-z]* && $help == *$'\n'"  $each "* ]] || continue
		help=$("$program" "$each" --help 2>/dev/null)
		wanted='--[a-z-]*'
		break
	done
	[[ $word != -* ]] || wanted='--[a-z-]*'

	if [[ $before == --* && $help =~ $'\n'"  $before "([A-Z]+)" " ]]; then
		# The argument of an option; only files can be completed.
		[[ ${BASH_REMATCH[1]} == FILE ]] || return
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -W \
			"$(sed -n "s/^  \($wanted\) .*/\1/p" <<<"$help")" -- "$word")
	fi
}
complete -F _acmeproxy acmeproxy
