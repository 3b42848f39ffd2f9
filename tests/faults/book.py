# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is known of places that calls come from, and of the calls from there that failed: a text file that grows, a line each, so that runs add up
and a run that is killed loses little. Fields, by tabs:

    ROLE PROGRAM WHEN KIND ERROR PLACE FUNCTION OUTCOME COMMIT

PROGRAM is the beginning of the SHA-256 of that role's program: only what this very program bore counts as done. PLACE is FILE+ADDRESS as
aim.c has it; FUNCTION, of what is noted, is the same by name and line: by its name a later build's place is known again. OUTCOME is noted
(the place is there; no ERROR), borne (the role went on), ended (it said why, ended and was restarted), cannot (no kernel answers so
there: a short read of an eventfd) or unmet (no call came from there in time).
"""
import collections
import hashlib
import os
import re
import subprocess

Shot = collections.namedtuple("Shot", "role when n kind error place")
FIELDS = ("role", "program", "when", "kind", "error", "place", "function", "outcome", "commit")
Line = collections.namedtuple("Line", FIELDS)
DONE = ("borne", "ended", "cannot")


def hash_of(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()[:12]


def functions_of(program, places):
    """{place: "function file:line"} of those in the program itself, as its debugging information has them; of others FILE+ADDRESS."""
    own = [p for p in places if p.rpartition("+")[0] == os.path.basename(program)]
    found = {p: p for p in places}
    if own:
        # what a call returns to is behind it
        addresses = [hex(int(p.rpartition("+")[2], 16) - 1) for p in own]
        said = subprocess.run(["addr2line", "-f", "-e", program, *addresses], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        for place, function, where in zip(own, said[::2], said[1::2]):
            file = re.sub(r" \(discriminator \d+\)", "", where)
            found[place] = f"{function} {'/'.join(file.split('/')[-2:])}"
    return found


class Book:
    def __init__(self, path):
        self.path, self.lines = path, []
        if path and os.path.exists(path):
            with open(path) as f:
                fields = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
            self.lines = [Line(*line) for line in fields if len(line) == len(FIELDS)]

    def add(self, lines):
        known = set(self.lines)
        lines = [line for line in lines if line not in known]
        self.lines += lines
        if self.path and lines:
            with open(self.path, "a") as f:
                f.write("".join("\t".join(line) + "\n" for line in lines))

    def commit_of(self, programs):
        """The commit at which these programs were noted first: a checkout goes on while a build stays. "" if they never were."""
        return next((n.commit for n in self.lines if n.outcome == "noted" and programs.get(n.role) == n.program), "")

    def noted(self, programs):
        """(role, when, kind, place, function) of these programs ({role: hash})."""
        return sorted({(n.role, n.when, n.kind, n.place, n.function) for n in self.lines if n.outcome == "noted" and programs.get(n.role) == n.program})

    def outcomes(self, programs):
        """{Shot: outcome} of these programs; a failure counts over one that was not met."""
        found = {}
        for n in self.lines:
            shot = Shot(n.role, n.when, 1, n.kind, n.error, n.place)
            if n.outcome != "noted" and programs.get(n.role) == n.program and (n.outcome in DONE or shot not in found):
                found[shot] = n.outcome
        return found

    def by_earlier(self, programs):
        """(role, when, kind, error, function) of what other builds did there; lines move, so they are left out."""
        names = {(n.program, n.place): n.function for n in self.lines if n.outcome == "noted"}
        return {(n.role, n.when, n.kind, n.error, without_line(names.get((n.program, n.place), n.place)))
                for n in self.lines if n.outcome in DONE and programs.get(n.role) != n.program}


def without_line(function):
    return function.rpartition(":")[0] or function


def report(book, programs, errors_of):
    """By role and kind, of the places noted in these programs."""
    table = {}
    outcomes, earlier = book.outcomes(programs), book.by_earlier(programs)
    for role, when, kind, place, function in book.noted(programs):
        row = table.setdefault((role, kind), dict.fromkeys(("places", "shots", "borne", "ended", "cannot", "unmet", "left", "by_an_earlier_build"), 0))
        row["places"] += 1
        for error in errors_of[kind]:
            row["shots"] += 1
            outcome = outcomes.get(Shot(role, when, 1, kind, error, place), "left")
            row[outcome] += 1
            if outcome == "left" and (role, when, kind, error, without_line(function)) in earlier:
                row["by_an_earlier_build"] += 1
    return [{"role": role, "kind": kind, **row} for (role, kind), row in sorted(table.items())]


def listed(book, programs, outcome):
    """"ROLE WHEN KIND ERROR FUNCTION" of each failure that ended so."""
    names = {(n.role, n.place): n.function for n in book.lines if n.outcome == "noted" and programs.get(n.role) == n.program}
    return sorted(" ".join((s.role, s.when, s.kind, s.error, names.get((s.role, s.place), s.place))) for s, was in book.outcomes(programs).items() if was == outcome)


def totals(rows):
    return {key: sum(row[key] for row in rows) for key in (rows[0] if rows else {}) if key not in ("role", "kind")}
