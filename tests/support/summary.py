#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what became of every subtest in meson's testlog.json files, given as RUN=FILE.

Lists what failed, with what was said about it, and what was skipped, with the reason; the last
line is "N passed, N failed, N skipped". A program that ends badly after subtests that were all
well, as with a leak found at its end, is a failure of its own. Exits 1 when anything failed or
nothing passed.
"""

import json
import re
import sys

RESULT = re.compile(r'^(not )?ok\b\s*\d*\s*(?:-\s*)?(.*?)\s*(?:(?<!\\)#\s*(SKIP|TODO)\S*\s*(.*))?$', re.I)
SKIP_ALL = re.compile(r'^1\.\.0\b(?:\s*#\s*(?:SKIP\S*)?\s*(.*))?$', re.I)
GOOD = ('OK', 'SKIP', 'EXPECTEDFAIL')
LINES = 12


def last_lines(test):
    text = test.get('stderr') or test.get('stdout') or ''
    return [line for line in text.splitlines() if line.strip()][-LINES:]


def subtests(test):
    """Yields (name, kind, remarks) for every subtest of a program that speaks TAP."""
    remarks = []
    for line in (test.get('stdout') or '').splitlines():
        line = line.strip()
        whole = SKIP_ALL.match(line)
        match = RESULT.match(line)
        if whole:
            yield 'all', 'skipped', [whole[1] or 'no reason given']
        elif match:
            failed, name, directive, reason = match.groups()
            if directive:
                yield name, 'skipped', [reason or 'no reason given']
            else:
                yield name, 'failed' if failed else 'passed', remarks[-LINES:]
            remarks = []
        elif line.startswith('#') and not re.match(r'# (Start of|End of|random seed)', line):
            remarks.append(line.lstrip('# '))


def read(path):
    """Yields (label, kind, remarks) for everything that one run of meson test did."""
    try:
        with open(path, encoding='utf-8') as log:
            tests = [json.loads(line) for line in log]
    except FileNotFoundError:
        yield 'no tests', 'failed', ['it was not built, or nothing was chosen']
        return
    for test in tests:
        program = test['name'].rpartition(' / ')[2]
        bad = test['result'] not in GOOD
        seen = list(subtests(test))
        for name, kind, remarks in seen:
            yield f'{program}: {name}', kind, remarks
        if bad and not any(kind == 'failed' for _, kind, _ in seen):
            reason = f'{test["result"].lower()}, exit status {test.get("returncode")}'
            yield f'{program}: ended badly', 'failed', [reason, *last_lines(test)]
        elif not seen and not bad:
            kind = 'skipped' if test['result'] == 'SKIP' else 'passed'
            yield program, kind, ['no reason given'] if kind == 'skipped' else []


def main(arguments):
    totals = {'passed': 0, 'failed': 0, 'skipped': 0}
    listed = {'failed': [], 'skipped': []}
    print()
    for argument in arguments:
        run, _, path = argument.partition('=')
        counts = dict.fromkeys(totals, 0)
        for label, kind, remarks in read(path):
            counts[kind] += 1
            if kind in listed:
                listed[kind].append((f'{run}: {label}', remarks))
        print(f'{run}: ' + ', '.join(f'{n} {kind}' for kind, n in counts.items()))
        for kind, n in counts.items():
            totals[kind] += n

    for label, remarks in listed['failed']:
        print(f'FAILED  {label}')
        for line in remarks:
            print(f'        {line}')
    for label, remarks in listed['skipped']:
        print(f'skipped {label}: {" ".join(remarks)}')
    print(', '.join(f'{n} {kind}' for kind, n in totals.items()))
    return 1 if totals['failed'] or not totals['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
